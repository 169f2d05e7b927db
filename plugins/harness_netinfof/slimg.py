"""SlimG: a sparse linear model of structure, features, and features propagated two ways."""

from __future__ import annotations

import numpy as np

from harness import Graph, Links, Singles, mapped
from harness_netinfof import settings
from harness_netinfof.act import SparseModel
from harness_netinfof.adjacency import Rows, adjacency, check_plain, inverse
from harness_netinfof.backbone import Adjusted
from harness_netinfof.components import HOPS
from harness_netinfof.spectral import POWERS, components, left_vectors


class SlimG(SparseModel, settings.SlimG):
    """Four groups of columns, each row of length 1 (J. Yoo et al., KDD 2023, equation of SlimG).

    Structure is the leading ``U S`` of the adjacency A; the others are principal components of X,
    of ``(D^-1 A)^2 X`` and of ``(D~^-1/2 (A + I) D~^-1/2)^2 X``. Links have the products of the
    columns of both ends, as NetInfoF's comparison has it: there is no compatibility matrix.
    """

    def tables(self, data: Graph, rng: np.random.Generator) -> dict[str, Singles]:
        """The groups that are there. Raises `Incompatible` for directed or weighted graphs."""
        check_plain(data.directed, data.weights)
        return self._groups(data, rng)

    def compared(self, data: Links, rng: np.random.Generator) -> dict[str, Adjusted]:
        """The same, compared column by column."""
        return {name: Adjusted(z, z) for name, z in self._groups(data, rng).items()}

    def _groups(self, data: Graph | Links, rng: np.random.Generator) -> dict[str, Singles]:
        graph, x = adjacency(data.edges, data.nodes), data.features
        streams = rng.spawn(4)
        d = min(self.dim, graph.n, max(2, graph.n // 4) if x is None else x.shape[1])
        roots = left_vectors(graph.sums, graph.sums, graph.n, d, POWERS, streams[0])
        roots[graph.counts == 0] = 0.0  # rounding, which its length would magnify
        found = {"structure": _unit(roots * np.linalg.norm(roots, axis=0))}
        if x is not None:
            tables = {"features": x, "rows": by_rows(graph, x), "symmetric": symmetric(graph, x)}
            for stream, (name, table) in zip(streams[1:], tables.items(), strict=True):
                found[name] = _unit(components(table, d, stream))
        return {name: z for name, z in found.items() if z.shape[1]}


def by_rows(graph: Rows, x: Singles) -> Singles:
    """``(D^-1 A)^2 X``; an isolated node has zeros."""
    share = inverse(graph.counts)
    for _ in range(HOPS):
        x = graph.sums(x)
        for part in mapped.blocks_of(x):
            x[part] *= share[part]
    return x


def symmetric(graph: Rows, x: Singles) -> Singles:
    """``(D~^-1/2 (A + I) D~^-1/2)^2 X`` with ``D~ = D + I``."""
    root = np.sqrt(inverse(graph.counts, less=-1))
    for _ in range(HOPS):
        x = root * graph.sums(root * x, 1.0)
    return x


def _unit(z: Singles) -> Singles:
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return np.ascontiguousarray(z / np.where(length > 0, length, np.float32(1.0)))
