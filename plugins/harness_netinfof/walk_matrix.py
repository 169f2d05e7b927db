"""The walk matrix W of the neighbourhood component, in closed form or sampled.

From every node start T walks of two steps: to a uniform neighbour, then to a uniform neighbour of
that one but the start. W counts the visits. Its expectation is ``T (P1 + P2)`` with ``P1 = D^-1 A``
and ``P2`` the part of ``D^-1 A (D - 1)^-1 A`` off the diagonal, so that it is applied in O(m d)
without being made.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from harness import Singles, threads_for
from harness_netinfof import kernels
from harness_netinfof.adjacency import WORTH, Rows, inverse
from harness_netinfof.settings import Embedding
from harness_netinfof.spectral import POWERS, left_vectors

VISITS = 1 << 25
"""Number of visited nodes that are held at once while walks are sampled."""
WALK = 32
"""Number of multiplications that a step of a walk takes as long as."""


@dataclass(frozen=True, eq=False)
class ExpectedWalks:
    """E[W] / T as an operator."""

    graph: Rows

    @functools.cached_property
    def _shares(self) -> tuple[Singles, Singles, Singles]:
        """Chances of a first step and of a second, and of a second straight back, (n, 1) each."""
        first, second = inverse(self.graph.counts), inverse(self.graph.counts, less=1)
        return first, second, first * self.graph.sums(second)

    def apply(self, x: Singles) -> Singles:
        """``(P1 + P2) x``."""
        first, second, back = self._shares
        return first * self.graph.sums(x + second * self.graph.sums(x)) - back * x

    def transposed(self, x: Singles) -> Singles:
        """``(P1 + P2)^T x``."""
        first, second, back = self._shares
        once = self.graph.sums(first * x)
        return once + self.graph.sums(second * once) - back * x


def sampled(
    graph: Rows, trials: int, threshold: int, rng: np.random.Generator
) -> scipy.sparse.csr_array:
    """W (n, n) from ``trials`` walks per node, without entries of at most ``threshold`` visits."""
    seed = np.uint64(rng.integers(2**63))
    step = max(1, VISITS // (2 * trials))
    blocks = []
    for first in range(0, graph.n, step):
        visited = np.empty((min(step, graph.n - first), 2 * trials), np.int64)
        with threads_for(WALK * visited.size, WORTH):
            kernels.walks(graph.starts, graph.columns, first, trials, seed, visited)
        fresh = np.ones_like(visited, bool)
        fresh[:, 1:] = visited[:, 1:] != visited[:, :-1]
        begins = np.flatnonzero(fresh)
        visits = np.diff(np.append(begins, visited.size))
        node = visited.ravel()[begins]
        kept = (node >= 0) & (visits > threshold)
        ends = begins[kept] // (2 * trials) + first
        blocks.append((visits[kept], ends, node[kept]))
    visits, ends, node = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return scipy.sparse.csr_array(
        (visits.astype(np.float32), (ends, node)), shape=(graph.n, graph.n)
    )


def neighbourhoods(graph: Rows, d: int, given: Embedding, rng: np.random.Generator) -> Singles:
    """Left singular vectors of W times the roots of its singular values: (n, at most d)."""
    if given.walks == "exact":
        expected = ExpectedWalks(graph)
        return left_vectors(expected.apply, expected.transposed, graph.n, d, POWERS, rng)
    counted = sampled(graph, given.trials, given.threshold, rng)
    turned = counted.T.tocsr()
    return left_vectors(lambda x: counted @ x, lambda x: turned @ x, graph.n, d, POWERS, rng)
