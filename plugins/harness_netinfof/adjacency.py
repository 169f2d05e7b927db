"""The graph as methods see it: undirected, 0/1, no loops, both directions stored."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness import Floats, Incompatible, Ints, Singles, mapped, threads_for
from harness_netinfof import kernels

WORTH = 1 << 22
"""Multiplications for which a further thread is worth its start."""


Reals = TypeVar("Reals", Singles, Floats)
"""Numbers of single or double precision: a product has the precision of its factors."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A sparse 0/1 matrix: row i has the sorted columns ``columns[starts[i]:starts[i + 1]]``."""

    starts: Ints
    columns: Ints

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    @functools.cached_property
    def counts(self) -> Ints:
        """Entries of each row (n,): degrees, where the matrix is an adjacency."""
        return np.diff(self.starts)

    def sums(self, x: Reals, own: float = 0.0) -> Reals:
        """The matrix times ``x (n, d)``, plus ``own`` times x. O(m d)."""
        x = np.ascontiguousarray(x)
        out: Reals = mapped.zeros(x.shape, x.dtype)
        with threads_for(self._work(x), WORTH):
            kernels.neighbour_sums(self.starts, self.columns, x, x.dtype.type(own), out)
        return out

    def products(self, left: Reals, right: Reals) -> Reals:
        """``left[i] . right[j]`` for each entry (i, j), in the order of the entries. O(m d)."""
        out: Reals = mapped.zeros(len(self.columns), right.dtype)
        with threads_for(self._work(right), WORTH):
            kernels.products(self.starts, self.columns, left, right, out)
        return out

    def weighted_sums(self, values: Reals, x: Reals) -> Reals:
        """The matrix with ``values`` as its entries, times ``x (n, d)``. O(m d)."""
        out = np.empty_like(x)
        with threads_for(self._work(x), WORTH):
            kernels.weighted_sums(self.starts, self.columns, values, x, out)
        return out

    def gram_step(self, left: Reals, right: Reals) -> Reals:
        """`weighted_sums` of ``right`` by its `products` with ``left``, in one pass. O(m d)."""
        out = np.empty_like(right)
        with threads_for(2 * self._work(right), WORTH):
            kernels.gram_step(self.starts, self.columns, left, right, out)
        return out

    def _work(self, x: NDArray[np.floating[Any]]) -> int:
        return len(self.columns) * int(x.shape[1])


def adjacency(edges: Ints, nodes: int) -> Rows:
    """Undirected edges ``(m, 2)``, each once, as an adjacency with both directions.

    O(m log m), in parts: memory need hold a few numbers for each node, and no array of edges.
    """
    keys = mapped.zeros(2 * len(edges), np.int64)
    for part in mapped.blocks_of(edges):
        a, b = edges[part].T
        both = keys[2 * part.start : 2 * part.stop].reshape(2, -1)
        both[0], both[1] = a * nodes + b, b * nodes + a
    keys.sort()  # in place: pages are visited in order
    starts = np.searchsorted(keys, np.arange(nodes + 1) * nodes)
    columns = mapped.zeros(len(keys), np.int32 if nodes < 2**31 else np.int64)
    for part in mapped.blocks_of(keys):
        columns[part] = keys[part] % nodes
    return Rows(starts, columns)


def pair_rows(pairs: Ints, nodes: int) -> tuple[Rows, Ints]:
    """Pairs ``(m, 2)``, repeats kept, with first ends as rows; and the pair of each entry."""
    order = np.argsort(pairs[:, 0] * nodes + pairs[:, 1], kind="stable")
    starts = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(pairs[:, 0], minlength=nodes), out=starts[1:])
    return Rows(starts, pairs[order, 1].astype(np.int32 if nodes < 2**31 else np.int64)), order


def inverse(counts: Ints, less: int = 0) -> Singles:
    """``1 / (counts - less)`` as a column (n, 1), zero where that is not positive."""
    left = counts.astype(np.float64) - less
    return np.where(left > 0, 1.0 / np.maximum(left, 1.0), 0.0).astype(np.float32)[:, None]


def check_plain(directed: bool, weights: Floats | None) -> None:
    """Raise `Incompatible` for graphs with directions or weights, as the method has neither."""
    if directed:
        raise Incompatible(
            "a directed graph; this method reads undirected ones (harness.simple_edges makes one)"
        )
    if weights is not None:
        raise Incompatible(
            "a weighted graph; this method reads unweighted ones, dataclasses.replace(weights=None)"
        )
