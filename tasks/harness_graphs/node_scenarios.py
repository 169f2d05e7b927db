"""Node classification on synthetic graphs, where it is known which components tell classes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Floats, Graph, Ints, UsageError, simple_edges, stream
from harness_graphs import settings
from harness_graphs.scores import Classified
from harness_graphs.splits import split_nodes
from harness_graphs.walks import walk_vectors

FEATURES = ("random", "structural", "semantic")
STRUCTURES = ("uniform", "clustered", "bipartite")
COMMON, OWN = 0.05, 0.25
"""Probability of a feature's bit: in general, and in the columns of the node's own class."""


class NodeScenarios(Classified, settings.NodeScenarios):
    """Three kinds of features on three structures; classes are equal blocks.

    Structure: "uniform" edges ignore the classes, "clustered" ones stay within, "bipartite" ones
    join the classes of a pair; a share ``noise`` of the edges ignores them all the same. Features:
    "random" bits, "structural" walk vectors of the graph, "semantic" bits that are likelier in the
    columns of the node's class.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Nine cases.

        Raises `UsageError` for an odd number of classes, or too few nodes or columns for them.
        """
        if (
            self.classes % 2
            or self.nodes < 10 * self.classes
            or not self.classes <= self.columns < self.nodes
        ):
            raise UsageError(
                f"node-scenarios: nodes={self.nodes}, columns={self.columns}, "
                f"classes={self.classes}; wanted an even number of classes, ten nodes or more and "
                "a column or more for each, and fewer columns than nodes"
            )
        for features, structure in itertools.product(FEATURES, STRUCTURES):
            informative, uninformative = known(features, structure)
            yield Case(
                id=f"{features}-{structure}",
                data=self._make(features, structure, seed),
                facts={
                    "features": features,
                    "structure": structure,
                    "informative": informative,
                    "uninformative": uninformative,
                },
                stamp="",
            )

    def _make(self, features: str, structure: str, seed: int) -> Callable[[], Graph]:
        def make() -> Graph:
            labels = np.arange(self.nodes) * self.classes // self.nodes
            edges = self._edges(labels, structure, stream(seed, "node-scenarios", structure))
            rng = stream(seed, "node-scenarios", structure, features)
            x = self._features(features, labels, edges, rng).astype(np.float32)
            split = split_nodes(labels, stream(seed, "node-scenarios", "split"))
            return Graph(self.nodes, edges, x, labels, split=split)

        return make

    def _edges(self, labels: Ints, structure: str, rng: np.random.Generator) -> Ints:
        count = round(self.degree * self.nodes / 2)
        a, b = rng.integers(self.nodes, size=(2, count))
        if structure != "uniform":
            wanted = labels[a] if structure == "clustered" else labels[a] ^ 1
            first = np.searchsorted(labels, wanted)
            size = np.searchsorted(labels, wanted, "right") - first
            ignores = rng.random(count) < self.noise
            b = np.where(ignores, b, first + (rng.random(count) * size).astype(np.int64))
        proper = a != b
        keys = np.unique(np.minimum(a, b)[proper] * self.nodes + np.maximum(a, b)[proper])
        return simple_edges(np.column_stack([keys // self.nodes, keys % self.nodes]), self.nodes)

    def _features(
        self, features: str, labels: Ints, edges: Ints, rng: np.random.Generator
    ) -> Floats:
        if features == "structural":
            return walk_vectors(edges, self.nodes, self.columns, rng)
        owner = np.arange(self.columns) * self.classes // self.columns
        own = (owner == labels[:, None]) & (features == "semantic")
        bits = rng.random((self.nodes, self.columns)) < np.where(own, OWN, COMMON)
        return bits.astype(np.float64)


def known(features: str, structure: str) -> tuple[str, str]:
    """Letters of the components that tell the classes by construction, and of those that cannot.

    Averages of features over neighbours (p, s) are in neither list where they tell a little: on a
    uniform structure they hold some of the node's own features; on another, even random features
    say something, for members of a block share neighbours.
    """
    shaped = structure != "uniform"
    told = {
        "u": shaped,
        "r": shaped,
        "f": features == "semantic" or (shaped and features == "structural"),
    }
    told |= dict.fromkeys("ps", shaped and features != "random")
    vague = "ps" if (features, shaped) in (("semantic", False), ("random", True)) else ""
    informative = "".join(c for c in told if told[c])
    return informative, "".join(c for c in told if not told[c] and c not in vague)
