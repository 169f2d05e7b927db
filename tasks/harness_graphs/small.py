"""Small real graphs that come with ordinary packages, for classes of nodes and for links."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from harness import Case, Graph, Links, UsageError, simple_edges, stream
from harness_graphs import settings
from harness_graphs.scores import Classified, Ranked
from harness_graphs.splits import split_links, split_nodes

NEIGHBOURS = 5
"""Number of edges from each picture of a digit to the most similar ones."""

_log = logging.getLogger("harness.graphs")


def karate() -> Graph:
    """Zachary's karate club: 34 members, which of two clubs they chose; no features."""
    import networkx as nx

    graph = nx.karate_club_graph()
    clubs = np.array([graph.nodes[v]["club"] != "Mr. Hi" for v in graph], np.int64)
    return _plain(graph, clubs)


def davis() -> Graph:
    """Southern women and the events they attended: 32 nodes, bipartite, its sides as classes."""
    import networkx as nx

    graph = nx.davis_southern_women_graph()
    return _plain(graph, np.array([graph.nodes[v]["bipartite"] for v in graph], np.int64))


def les_miserables() -> Graph:
    """Characters of Les Misérables who appear together: 77 nodes, no classes, no weights."""
    import networkx as nx

    return _plain(nx.les_miserables_graph(), None)


def digits() -> Graph:
    """Pictures of handwritten digits (scikit-learn), joined to those with the most similar upper
    half.

    The features are the lower half, so that edges and features tell different things.
    """
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    half = pictures.shape[1] // 2
    # Whole numbers: distances are exact, and ties go to the earlier picture on every machine.
    upper = pictures[:, :half]
    distances = (upper**2).sum(1)[:, None] - 2.0 * upper @ upper.T + (upper**2).sum(1)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]
    pairs = np.column_stack([np.repeat(np.arange(len(upper)), NEIGHBOURS), nearest.ravel()])
    # Two pictures may name each other, which is one edge and no reason for a warning.
    edges = np.unique(np.sort(pairs, axis=1), axis=0)
    lower = (pictures[:, half:] / 16.0).astype(np.float32)
    return Graph(len(labels), edges, lower, labels.astype(np.int64))


def _plain(graph: Any, labels: Any) -> Graph:
    import networkx as nx

    numbered = nx.convert_node_labels_to_integers(graph)
    return Graph(len(numbered), simple_edges(list(numbered.edges()), len(numbered)), labels=labels)


GRAPHS: dict[str, Callable[[], Graph]] = {
    "karate": karate,
    "davis": davis,
    "digits": digits,
    "les-miserables": les_miserables,
}
"""By name; without classes, a graph serves for links alone."""


def chosen(only: tuple[str, ...], task: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The graphs that are asked for, or all. Raises `UsageError` for an unknown name."""
    wrong = [name for name in only if name not in known]
    if wrong:
        raise UsageError(f"{task}.only: {wrong[0]!r}; wanted some of {', '.join(known)}")
    return only or known


class SmallGraphs(Classified, settings.SmallGraphs):
    """Classes of nodes, split 60/20/20."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per graph with classes."""
        for name in chosen(self.only, "small-graphs", ("karate", "davis", "digits")):
            yield Case(id=name, data=self._make(name, seed), stamp="")

    def _make(self, name: str, seed: int) -> Callable[[], Graph]:
        def make() -> Graph:
            graph = GRAPHS[name]()
            assert graph.labels is not None
            split = split_nodes(graph.labels, stream(seed, "small-graphs", name))
            return Graph(graph.nodes, graph.edges, graph.features, graph.labels, split=split)

        return make


class SmallLinks(Ranked, settings.SmallLinks):
    """Edges held out of small graphs, split 70/10/20; where non-edges are few, k is lowered."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per graph."""
        for name in chosen(self.only, "small-links", ("karate", "les-miserables", "digits")):
            yield Case(id=name, data=self._make(name, seed), stamp="")

    def _make(self, name: str, seed: int) -> Callable[[], Links]:
        def make() -> Links:
            graph = GRAPHS[name]()
            fewest = len(graph.edges) // 10 - 1
            if fewest < self.k:
                _log.warning(
                    "%s: Hits@%d instead of Hits@%d, for lack of non-edges", name, fewest, self.k
                )
            rng = stream(seed, "small-links", name)
            return split_links(
                graph.edges,
                graph.nodes,
                graph.features,
                k=min(self.k, fewest),
                negatives=self.negatives,
                rng=rng,
                name=name,
            )

        return make
