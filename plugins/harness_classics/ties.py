"""Ties: what rounded data have, and how the neighbours' estimators treat them.

Continuous variables have no ties, rounded ones do. Estimators that compare distances in the joint
space with distances in a variable then count neighbours that are exactly as far: the first
estimator of Kraskov et al. leaves them all out, the second takes them all in, and the truth lies
between. Where a point of a variable repeats, its columns get a jitter far below their spacing,
which tells tied points apart at random and moves no other comparison. It belongs to the ranks of
the points, not to their rows, so that the order of the data means nothing.
"""

from __future__ import annotations

import numpy as np

from harness import Bools, Floats, Ints

JITTER = 1e-6
"""Width of the jitter, as a share of the smallest spacing of a column."""
SPACING = 1e-9
"""Smaller steps of a standardized column are rounding, not spacing."""


def repeated(x: Floats) -> Bools:
    """Which of the points ``x (n, d)`` equal another ``(n,)``."""
    first = np.sort(x[:, 0])
    if not (first[1:] == first[:-1]).any():
        return np.zeros(len(x), bool)
    _, place, sizes = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(sizes[place.ravel()] > 1)


def jittered(parts: list[Floats], which: list[bool]) -> list[Floats]:
    """The variables ``(n, d)``, with a jitter on the columns that have ties of those asked for."""
    order = _order(np.hstack(parts))
    rng = np.random.default_rng(0)
    out = []
    for x, asked in zip(parts, which, strict=True):
        if not asked:
            out.append(x)
            continue
        moved = x - x.mean(0)
        for column in moved.T:
            values = np.sort(column)
            gaps = np.diff(values)
            wide = gaps[gaps > SPACING * column.std()]
            draws = rng.uniform(-0.5, 0.5, size=len(x))
            if wide.size and (gaps == 0.0).any():
                column[order] += JITTER * wide.min() * draws
        out.append(moved)
    return out


def _order(x: Floats) -> Ints:
    """Rows in ascending order of their first coordinate, then of the others."""
    return np.asarray(np.lexsort(x.T[::-1]))
