"""Random walks on graphs of which the community of each node is seen."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import numpy as np

from harness import Case
from harness_kernels.settings import Walks
from harness_kernels.sources import Source, before, futures

CLIQUES, MEMBERS = 5, 6
"""Of `caveman`."""


def karate() -> tuple[nx.Graph, list[int]]:
    """Zachary's karate club, and the two clubs that it fell into."""
    graph = nx.karate_club_graph()
    return graph, [int(graph.nodes[node]["club"] != "Mr. Hi") for node in graph]


def caveman() -> tuple[nx.Graph, list[int]]:
    """A ring of cliques."""
    graph = nx.connected_caveman_graph(CLIQUES, MEMBERS)
    return graph, [node // MEMBERS for node in graph]


GRAPHS = {"karate": karate, "caveman": caveman}


def walk(name: str) -> Source:
    """A walk that takes every edge of a node alike, and emits the community."""
    graph, groups = GRAPHS[name]()
    edges = nx.to_numpy_array(graph, weight=None)
    degree = edges.sum(1)
    return Source(degree / degree.sum(), edges / degree[:, None], np.eye(max(groups) + 1)[groups])


class GraphWalks(Walks):
    """The state is the node where the walk stands; tokens are the communities of the next nodes.

    Communities alone are no Markov chain: a node knows more of the steps after the next one than
    the next community tells.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by graph and number of tokens. Raises `UsageError` for too many."""
        for name in self.graphs:
            source = walk(name)
            kinds = {"node": before(source)}
            yield from futures(self, "graph-walks", name, source, kinds, seed)
