"""Compiled loops over the rows of a sparse 0/1 matrix: all work in proportion to the edges.

A matrix is its row starts and column numbers; no values are stored. Each row writes to a row of its
own, so that no result depends on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.compiled import njit, prange

MATH = {"contract", "reassoc", "nsz"}
"""Sums may be vectorised and fused."""


@njit(cache=True, parallel=True, fastmath=MATH)
def neighbour_sums(starts: Any, columns: Any, x: Any, own: Any, out: Any) -> None:
    """``out[i] = own * x[i] + sum of x[j] over the columns j of row i``; x and out are (n, d)."""
    for i in prange(len(starts) - 1):
        for k in range(x.shape[1]):
            out[i, k] = own * x[i, k]
        for e in range(starts[i], starts[i + 1]):
            j = columns[e]
            for k in range(x.shape[1]):
                out[i, k] += x[j, k]


@njit(cache=True, parallel=True, fastmath=MATH)
def products(starts: Any, columns: Any, left: Any, right: Any, out: Any) -> None:
    """``out[e] = left[i] . right[j]`` for the entry e in row i and column j."""
    for i in prange(len(starts) - 1):
        for e in range(starts[i], starts[i + 1]):
            j = columns[e]
            total = left[i, 0] * right[j, 0]
            for k in range(1, left.shape[1]):
                total += left[i, k] * right[j, k]
            out[e] = total


@njit(cache=True, parallel=True, fastmath=MATH)
def weighted_sums(starts: Any, columns: Any, values: Any, x: Any, out: Any) -> None:
    """``out[i] = sum of values[e] x[j]`` over the entries e, in column j, of row i."""
    for i in prange(len(starts) - 1):
        for k in range(x.shape[1]):
            out[i, k] = 0.0
        for e in range(starts[i], starts[i + 1]):
            j, value = columns[e], values[e]
            for k in range(x.shape[1]):
                out[i, k] += value * x[j, k]


@njit(cache=True, parallel=True, fastmath=MATH)
def gram_step(starts: Any, columns: Any, left: Any, right: Any, out: Any) -> None:
    """`products` and their `weighted_sums`: ``out[i] = sum of (left[i] . right[j]) right[j]``."""
    for i in prange(len(starts) - 1):
        for k in range(right.shape[1]):
            out[i, k] = 0.0
        for e in range(starts[i], starts[i + 1]):
            j = columns[e]
            total = left[i, 0] * right[j, 0]
            for k in range(1, left.shape[1]):
                total += left[i, k] * right[j, k]
            for k in range(right.shape[1]):
                out[i, k] += total * right[j, k]


@njit(cache=True)
def _mixed(state: Any) -> Any:
    """The next 64 random bits of a counter (splitmix64)."""
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _below(state: Any, size: Any) -> Any:
    """A number from 0 to ``size - 1``, from the upper half of the bits; bias below size / 2^32."""
    return np.int64((_mixed(state) >> np.uint64(32)) * np.uint64(size) >> np.uint64(32))


@njit(cache=True, parallel=True)
def walks(starts: Any, columns: Any, first: int, trials: int, seed: Any, out: Any) -> None:
    """Nodes visited by ``trials`` walks of two steps from each node; out is (nodes, 2 * trials).

    Row 0 is the node ``first``. The first step goes to a uniform neighbour, the second to a uniform
    neighbour of that one but the start. Rows of out are sorted; -1 stands for nowhere.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    for row in prange(len(out)):
        node = first + row
        degree = starts[node + 1] - starts[node]
        state = _mixed(seed + golden * np.uint64(node + 1))
        for t in range(trials):
            out[row, 2 * t] = -1
            out[row, 2 * t + 1] = -1
            if degree == 0:
                continue
            state += golden
            middle = columns[starts[node] + _below(state, degree)]
            out[row, 2 * t] = middle
            others = starts[middle + 1] - starts[middle] - 1
            if others == 0:
                continue
            state += golden
            spot = starts[middle] + _below(state, others)
            # Neighbours are sorted: move on by one where the start is at or before the spot.
            low, high = starts[middle], starts[middle + 1]
            while low < high:
                centre = (low + high) // 2
                if columns[centre] < node:
                    low = centre + 1
                else:
                    high = centre
            if spot >= low:
                spot += 1
            out[row, 2 * t + 1] = columns[spot]
        out[row].sort()
