"""Graphs of comparisons alone, without a prior: resistor networks with closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from harness import Case, Ints, Preferences, Split, stream
from harness_preferences import settings

REGULAR = (20, 400)
"""Degree and number of nodes of the random regular graph."""

Network = tuple[int, Ints, Ints, float, float]
"""Nodes, edges (m, 2), test pairs (t, 2), mean resistance and mean path length for noise 1."""


def networks(seed: int) -> Iterator[tuple[str, Network]]:
    """By name. Of any connected graph, resistances over its edges sum to nodes - 1 (Foster)."""
    import networkx as nx

    def joined(edges: Any) -> Ints:
        return np.array(list(edges), np.int64).reshape(-1, 2)

    def foster(graph: Any) -> Network:
        graph = nx.convert_node_labels_to_integers(graph)
        edges = joined(graph.edges())
        return len(graph), edges, edges, (len(graph) - 1) / len(edges), 1.0

    chain = joined(nx.path_graph(9).edges())
    yield "series-8", (9, chain, np.array([[0, 8]]), 8.0, 8.0)
    yield "parallel-5", (2, np.array([[0, 1]] * 5), np.array([[0, 1]]), 0.2, 1.0)
    apart = np.array([[i, (i + 3) % 10] for i in range(10)])
    yield "cycle-10", (10, joined(nx.cycle_graph(10).edges()), apart, 2.1, 3.0)
    every = joined(nx.complete_graph(12).edges())
    yield "complete-12", (12, every, every, 2 / 12, 1.0)
    opposite = np.array([[i, 15 - i] for i in range(8)])
    cube = nx.convert_node_labels_to_integers(nx.hypercube_graph(4), ordering="sorted")
    # Between opposite corners, sum over layers of 1 / (edges between them): 1/4 + 1/12 + ...
    across = sum(1 / (math.comb(4, k) * (4 - k)) for k in range(4))
    yield "hypercube-4", (16, joined(cube.edges()), opposite, across, 4.0)
    yield "karate", foster(nx.karate_club_graph())
    yield "les-miserables", foster(nx.les_miserables_graph())
    yield "grid-8x8", foster(nx.grid_2d_graph(8, 8))
    state = int(stream(seed, "resistor-graphs", "regular").integers(2**31))
    yield "regular-20", foster(nx.random_regular_graph(*REGULAR, seed=state))


class ResistorGraphs(settings.ResistorGraphs):
    """The distance of two nodes is the resistance between them, its path bound their distance."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case per graph, with the mean over its test pairs."""
        for name, network in networks(seed):
            resistance, length = network[3:]
            yield Case(
                name,
                partial(self._made, name, network, seed),
                truth={
                    "inference_distance": self.noise * resistance,
                    "path_distance": self.noise * length,
                },
                facts={"nodes": network[0], "comparisons": len(network[1])},
                stamp="",
            )

    def _made(self, name: str, network: Network, seed: int) -> Preferences:
        nodes, edges, asked = network[:3]
        rng = stream(seed, "resistor-graphs", name)
        reward = rng.normal(size=nodes)
        pairs = np.concatenate([edges, asked])
        margin = reward[pairs[:, 0]] - reward[pairs[:, 1]]
        y = margin + math.sqrt(self.noise) * rng.normal(size=len(pairs))
        split = Split(np.arange(len(edges)), np.arange(len(edges), len(pairs)))
        return Preferences(
            np.full(nodes, -1),
            np.zeros(nodes),
            pairs,
            y,
            self.noise,
            reward,
            law="normal",
            split=split,
        )
