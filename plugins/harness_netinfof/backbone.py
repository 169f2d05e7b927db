"""What the probe, the sparse model and the models share: embeddings, and similarities of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats, Graph, Incompatible, Ints, Links, Singles
from harness_netinfof import compatibility
from harness_netinfof.adjacency import Rows, adjacency, check_plain, pair_rows
from harness_netinfof.components import embed
from harness_netinfof.settings import Component, Embedding


@dataclass(frozen=True)
class Adjusted:
    """A component for link prediction: ``z (n, d)``, and ``zh = Z H`` for the other node."""

    z: Singles
    zh: Singles
    steps: int = 0

    def similarities(self, pairs: Ints) -> Floats:
        """``z_i H z_j`` of pairs ``(m, 2)``, in their order."""
        graph, order = pair_rows(pairs, len(self.z))
        out = np.empty(len(pairs))
        out[order] = graph.products(self.zh, self.z)
        return out


class Backbone(Embedding):
    """Components of a graph, and their compatibility matrices."""

    def nodes(
        self, data: Graph | Links, wanted: tuple[Component, ...], rng: np.random.Generator
    ) -> tuple[Rows, dict[str, Singles]]:
        """The adjacency and the components asked for.

        Raises `Incompatible` for directed or weighted graphs.
        """
        if isinstance(data, Graph):
            check_plain(data.directed, data.weights)
        graph = adjacency(data.edges, data.nodes)
        return graph, embed(graph, data.features, wanted, self, rng)

    def pairs(
        self, data: Links, wanted: tuple[Component, ...], rng: np.random.Generator
    ) -> dict[str, Adjusted]:
        """The components with H* fitted on the known edges."""
        if data.split is None:
            raise Incompatible("needs pairs with a train/test split; these have none")
        embedding, fitting = rng.spawn(2)
        graph, found = self.nodes(data, wanted, embedding)
        if self.adjust == "identity":
            return {name: Adjusted(z, z) for name, z in found.items()}
        pairs, y = compatibility.training_pairs(graph, data.edges, fitting)
        return {name: self._adjusted(z, graph, pairs, y) for name, z in found.items()}

    def _adjusted(self, z: Singles, graph: Rows, pairs: Ints, y: Floats) -> Adjusted:
        start = compatibility.warm_start(z, graph)
        solution = compatibility.solve(
            z,
            pairs,
            y,
            damp=self.damp,
            start=start if self.centre == "warm" else None,
            free=compatibility.large(start),
            tolerance=self.tolerance,
        )
        return Adjusted(z, z @ solution.matrix.astype(np.float32), solution.steps)
