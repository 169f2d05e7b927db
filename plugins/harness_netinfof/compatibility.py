"""The compatibility matrix H*: which directions of an embedding go together across an edge.

``min over symmetric H of sum over pairs (y - z_i H z_j)^2 + damp^2 |H - H0|^2`` with y = 1 on edges
and 0 on other pairs; the norm counts each coefficient ``H[r, c], r <= c`` once. A convex
least-squares problem with one solution, solved by conjugate gradients on the operator: from H to
``z_i H z_j`` and back takes one pass over the pairs and two products of (n, d) by (d, d), so O(m d
+ n d^2) time a step and O(n d) memory; storing the rows would take O(m d^2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from harness import Bools, Floats, Ints
from harness_netinfof.adjacency import Reals, Rows, pair_rows

MOST_EDGES = 200_000
"""Edges that H* is fitted on at most, drawn at random, as in the authors' code."""
UNLINKED = 2
"""Unlinked pairs that H* is fitted on, per edge."""
DROPPED = 0.05
"""Share of the sum of coefficients, the smallest, that H0 leaves out, as in the authors' code."""
MOST_STEPS = 500


@dataclass(frozen=True)
class Solution:
    """H*: symmetric ``matrix (d, d)``, number of steps taken, relative residual at the end."""

    matrix: Floats
    steps: int
    residual: float


def solve(
    z: Reals,
    pairs: Ints,
    y: Floats,
    *,
    damp: float = 1.0,
    start: Floats | None = None,
    free: Bools | None = None,
    tolerance: float = 1e-6,
) -> Solution:
    """H* of ``z (n, d)`` for ``pairs (m, 2)`` with targets ``y (m,)``.

    Parameters
    ----------
    damp : weight of the distance to ``start``; with 0 the solution of least norm from there is
        approached.
    start : symmetric H0 (d, d) that the solution is drawn to; zero where not given.
    free : which coefficients (d, d), symmetric, may differ from zero; all where not given.
    tolerance : relative residual of the normal equations at which the solver stops.
    """
    graph, order = pair_rows(pairs, len(z))
    z = np.ascontiguousarray(z)
    mask = np.ones((z.shape[1], z.shape[1])) if free is None else free.astype(np.float64)
    h0 = np.zeros_like(mask) if start is None else mask * start
    missing = y[order].astype(z.dtype) - graph.products(z @ h0.astype(z.dtype), z)
    right = mask * _gathered(z, graph.weighted_sums(missing, z))
    found = np.zeros_like(h0)
    residual, direction = right.copy(), right.copy()
    size = first = _inner(right, right)
    steps = 0
    while steps < MOST_STEPS and size > tolerance**2 * first:
        image = (
            mask * _gathered(z, graph.gram_step(z @ direction.astype(z.dtype), z))
            + damp**2 * direction
        )
        length = size / _inner(direction, image)
        found += length * direction
        residual -= length * image
        size, before = _inner(residual, residual), size
        direction = residual + (size / before) * direction
        steps += 1
    return Solution(h0 + found, steps, float(np.sqrt(size / first)) if first else 0.0)


def _gathered(z: Reals, sums: Reals) -> Floats:
    """``Z^T sums`` in the coordinates ``r <= c`` of a symmetric matrix, on both sides."""
    whole = (z.T @ sums).astype(np.float64)
    return whole + whole.T - np.diag(np.diag(whole))


def _inner(a: Floats, b: Floats) -> float:
    """The inner product over the coefficients ``r <= c``."""
    return float(0.5 * ((a * b).sum() + (np.diag(a) * np.diag(b)).sum()))


def warm_start(z: Reals, graph: Rows, alpha: float = 1.0) -> Floats:
    """H0: a ridge regression of the embeddings of neighbours on those of nodes, made symmetric.

    ``Z^T A Z (Z^T D Z + alpha)^-1``, of which the coefficients ``r <= c`` are used.
    """
    degrees = graph.counts.astype(z.dtype)[:, None]
    own = (z.T @ (degrees * z)).astype(np.float64)
    across = (z.T @ graph.sums(z)).astype(np.float64)
    ridge = scipy.linalg.solve(own + alpha * np.eye(len(own)), across.T, assume_a="pos").T
    upper: Floats = np.triu(ridge)
    return upper + np.triu(upper, 1).T


def large(start: Floats) -> Bools:
    """Coefficients of H0 that are kept: all but the smallest, together `DROPPED` of the sum."""
    sizes = np.sort(np.abs(start[np.triu_indices(len(start))]))
    below = np.searchsorted(np.cumsum(sizes), DROPPED * sizes.sum())
    kept: Bools = np.abs(start) >= sizes[max(below - 1, 0)]
    return kept


def training_pairs(graph: Rows, edges: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """The pairs that H* is fitted on: edges between nodes of two neighbours or more, and non-edges.

    At most `MOST_EDGES` edges; all where none is between such nodes. `UNLINKED` times as many pairs
    are drawn uniformly, and those that are known edges, or one node twice, dropped. They are not
    the non-edges of the task: H* would separate those better than held-out ones. Returns pairs
    ``(m, 2)`` and targets ``(m,)``.
    """
    core = edges[(graph.counts[edges] >= 2).all(1)]
    core = core if len(core) else edges
    if len(core) > MOST_EDGES:
        core = core[rng.choice(len(core), MOST_EDGES, replace=False)]
    drawn = rng.integers(graph.n, size=(UNLINKED * len(core), 2))
    known = np.sort(edges.min(1) * graph.n + edges.max(1))
    code = drawn.min(1) * graph.n + drawn.max(1)
    spot = np.minimum(np.searchsorted(known, code), len(known) - 1)
    apart = drawn[(known[spot] != code) & (drawn[:, 0] != drawn[:, 1])]
    return np.concatenate([core, apart]), np.repeat([1.0, 0.0], [len(core), len(apart)])
