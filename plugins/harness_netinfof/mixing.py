"""How far the class of a node tells that of its neighbour: two cheap numbers of a labelled graph.

O. Platonov et al., *Characterizing Graph Datasets for Node Classification*, NeurIPS 2023,
arXiv:2209.06177. Both are functions of one table: how often the ends of an edge have which two
classes.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Graph, Incompatible, Ints, mapped
from harness_netinfof import settings
from harness_netinfof.adjacency import check_plain


def mixing(edges: Ints, codes: Ints, classes: int) -> Floats:
    """``p (classes, classes)``: the classes of both ends of an edge, which has no direction.

    Edges with an end of no known class (code -1) are left out. Without any, all zero.
    """
    counts = np.zeros(classes**2, np.int64)
    for part in mapped.blocks_of(edges):
        ends = codes[edges[part]]
        ends = ends[(ends >= 0).all(1)]
        counts += np.bincount(ends[:, 0] * classes + ends[:, 1], minlength=classes**2)
    both = counts.reshape(classes, classes) + counts.reshape(classes, classes).T
    return np.asarray(both / max(1, both.sum()))


def label_informativeness(p: Floats) -> float:
    """I(y, y') / H(y) of the ends of a random edge, from `mixing`; 0 to 1.

    The paper's LI_edge: 2 - sum p(c, c') ln p(c, c') / sum p(c) ln p(c).
    """
    one = p.sum(1)
    return 2.0 - _entropy(p) / _entropy(one)


def adjusted_homophily(p: Floats) -> float:
    """(h - sum p(c)^2) / (1 - sum p(c)^2), h the share of edges within a class; -1 to 1."""
    chance = float((p.sum(1) ** 2).sum())
    return (float(np.trace(p)) - chance) / (1.0 - chance)


def _entropy(p: Floats) -> float:
    there = p[p > 0]
    return -math.fsum(there * np.log(there))


class _Mixing(settings.Mixing):
    """What both estimators share."""

    def _table(self, data: Graph) -> tuple[Floats, dict[str, float | int | str | bool]]:
        check_plain(data.directed, data.weights)
        if data.labels is None:
            raise Incompatible("nodes without labels; how classes are joined needs them")
        codes = np.array(data.codes)
        if self.labels == "known" and data.split is not None:
            codes[data.split.test] = -1
        p = mixing(data.edges, codes, int(codes.max(initial=0)) + 1)
        blocks = mapped.blocks_of(data.edges)
        used = sum(int((codes[data.edges[part]] >= 0).all(1).sum()) for part in blocks)
        if (p.sum(1) > 0).sum() < 2:
            raise Incompatible(
                f"{used} edges between nodes of known classes, all of one class; wanted edges "
                "that touch two classes or more (labels=all reads those of the test part too)"
            )
        return p, {"edges": used, "edge_homophily": float(np.trace(p))}


class LabelInformativeness(_Mixing):
    """`label_informativeness` of the edges between nodes of known classes."""

    def estimate(self, data: Graph, *, rng: np.random.Generator) -> Estimate:
        """The value; it has no standard error, as edges that share a node depend.

        Raises `Incompatible` for graphs without labels, with directions or weights, or whose edges
        touch one class.
        """
        p, told = self._table(data)
        return Estimate(label_informativeness(p), diagnostics=told)


class AdjustedHomophily(_Mixing):
    """`adjusted_homophily` of the edges between nodes of known classes."""

    def estimate(self, data: Graph, *, rng: np.random.Generator) -> Estimate:
        """The value; it has no standard error. Raises as `LabelInformativeness`."""
        p, told = self._table(data)
        return Estimate(adjusted_homophily(p), diagnostics=told)
