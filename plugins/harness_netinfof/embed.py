"""Embeddings as a model: labelled vectors that any estimator reads."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness import Graph, Incompatible, Kind, LabelledSamples, Links, Split
from harness_netinfof.backbone import Backbone
from harness_netinfof.settings import COMPONENTS, Component, Vectors


class Embedding(Backbone, Vectors):
    """All five components side by side: a row per labelled node, or per pair of nodes.

    The columns of a pair are a similarity ``z_i H z_j`` per component, or the products
    ``(z_i H) o z_j``, as many as the component has columns.
    """

    components: ClassVar[tuple[Component, ...]] = COMPONENTS

    def transform(
        self, data: Graph | Links, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Nodes with their classes, or pairs with 1 for linked and 0 for not, and the split.

        Embeddings read the whole graph and all features, and no label; H* is fitted on the known
        edges.

        Raises
        ------
        Incompatible : nodes without labels, pairs without a split, or a graph with directions or
            weights.
        """
        if isinstance(data, Links):
            adjusted = self.pairs(data, self.components, rng)
            a, b = data.pairs.T
            if self.pair == "similarity":
                columns = [part.similarities(data.pairs)[:, None] for part in adjusted.values()]
            else:
                columns = [part.zh[a] * part.z[b] for part in adjusted.values()]
            return LabelledSamples(
                np.concatenate(columns, axis=1, dtype=np.float64), data.y, split=data.split
            )
        if data.labels is None:
            raise Incompatible("nodes without labels; labelled samples need them")
        found = self.nodes(data, self.components, rng)[1]
        x = np.concatenate(list(found.values()), axis=1, dtype=np.float64)
        known = np.flatnonzero(data.labels >= 0)
        split: Split | None = None if data.split is None else data.split.take(known, data.n)
        return LabelledSamples(x[known], data.labels[known], split=split)


class Structure(Embedding):
    """Component u alone."""

    components = ("u",)


class Neighbourhoods(Embedding):
    """Component r alone."""

    components = ("r",)


class Features(Embedding):
    """Component f alone."""

    components = ("f",)


class Propagated(Embedding):
    """Component p alone."""

    components = ("p",)


class Smoothed(Embedding):
    """Component s alone."""

    components = ("s",)
