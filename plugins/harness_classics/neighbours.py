"""Distances to nearest neighbours, and numbers of points within a distance.

A k-d tree whose leaves are compared by vector instructions (`harness_classics.tree`); on a line, a
sort. Both give what comparing all pairs gives, ties included. Time O(n log n) in few dimensions,
O(n^2 d) at worst; memory O(n (d + k)).
"""

from __future__ import annotations

import numpy as np

from harness import Floats, Ints, threads_for
from harness_classics import tree

MARGIN = 2.0**-40
"""Distances that differ relatively by less are ties: rounding separates equal steps of a lattice
when the coordinates are standardized. An absolute margin would be lost in large distances."""
SHARE = 12_500
"""Number of coordinates for which starting another thread pays."""
_METRICS = {"chebyshev": tree.CHEBYSHEV, "euclidean": tree.EUCLIDEAN}


def distances(points: Floats, k: int, metric: str = "chebyshev") -> Floats:
    """Distances from each of ``points (n, d)`` to its k nearest others, ascending ``(n, k)``.

    Needs k < n.
    """
    if points.shape[1] == 1:
        order = np.argsort(points[:, 0])
        on_line = np.empty((len(points), k))
        with threads_for(points.size, SHARE):
            on_line[order] = tree.nearest_sorted(points[order, 0], k)
        return on_line
    with threads_for(points.size, SHARE):
        found: Floats = tree.nearest(*tree.build(points), k, _METRICS[metric])
    return np.sqrt(found) if metric == "euclidean" else found


def counts(points: Floats, radii: Floats, *, strict: bool) -> Ints:
    """Number of other points within ``radii (n,)`` of each of ``points (n, d)``, in the maximum
    norm; with ``strict``, nearer than that.
    """
    if strict:
        limits = np.where(radii > 0.0, radii * (1.0 - MARGIN), -1.0)
    else:
        limits = radii * (1.0 + MARGIN)
    if points.shape[1] == 1:
        order = np.argsort(points[:, 0])
        found = np.empty(len(points), np.int64)
        with threads_for(points.size, SHARE):
            found[order] = tree.count_sorted(points[order, 0], limits[order])
    else:
        with threads_for(points.size, SHARE):
            found = tree.count(*tree.build(points), limits)
    return found - (limits >= 0.0)


def box_sides(x: Floats, y: Floats, radii: Floats) -> tuple[Floats, Floats]:
    """Greatest distance in x and in y ``(n,), (n,)`` among the points within ``radii (n,)`` of each
    point in both.
    """
    split = -x.shape[1] % 4 + x.shape[1]
    padded = np.hstack([x, np.zeros((len(x), split - x.shape[1])), y])
    limits = radii * (1.0 + MARGIN)
    with threads_for(padded.size, SHARE):
        sides: tuple[Floats, Floats] = tree.extents(*tree.build(padded), limits, split)
    return sides


class Compiled:
    """An estimator whose searches are compiled, or loaded compiled, when it is warmed up."""

    def warm_up(self) -> None:
        """Search among a handful of points."""
        points = np.random.default_rng(0).normal(size=(64, 3))
        radii = distances(points, 2, "euclidean")[:, -1]
        counts(points, radii, strict=True)
        counts(points[:, :1], distances(points[:, :1], 2)[:, -1], strict=True)
        box_sides(points, points, radii)
