"""Rank correlations with intervals that resample what is independent.

The interval is a delete-one-cluster jackknife of Fisher's ``artanh``, with quantiles of Student's
t: points of one cluster (the models on one data set, say) leave together. Percentiles of a
bootstrap over points hold a true zero far less often than they say where points share their cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import kendall, spearman
from harness_boards.statistics import LEVEL, special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST = 3
"""Points that a correlation needs, and clusters that its interval needs."""
EDGE = 1 - 1e-4
"""Correlations beyond this are taken for it when they are transformed."""
MEASURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "spearman": spearman,
    "kendall": kendall,
}


@dataclass(frozen=True)
class Points:
    """Outcomes ``y`` of points, higher is better; ``groups`` within which they are ordered, and
    ``clusters`` of those that are not independent."""

    y: Floats
    groups: Ints
    clusters: Ints


@dataclass(frozen=True)
class Correlation:
    """A mean of correlations within groups, with its 95 % interval where there are clusters enough;
    ``left_out`` are its transformed values without each cluster."""

    value: float
    interval: tuple[float, float] | None
    groups: int
    left_out: Floats


def correlate(measure: str, x: Floats, points: Points) -> Correlation | None:
    """The correlation of ``x`` with the outcome over the points that have both; None where no group
    has three that differ."""
    there = np.isfinite(x) & np.isfinite(points.y)
    found = _within(measure, x, points, there)
    if found is None:
        return None
    value, groups = found
    names = np.unique(points.clusters[there])
    if len(names) < LEAST:
        return Correlation(value, None, groups, np.empty(0))
    without = [_within(measure, x, points, there & (points.clusters != c)) for c in names]
    if any(w is None for w in without):
        return Correlation(value, None, groups, np.empty(0))
    left_out = np.array([_z(w[0]) for w in without if w is not None])
    reach = _t(len(names) - 1) * _error(left_out)
    ends = float(np.tanh(_z(value) - reach)), float(np.tanh(_z(value) + reach))
    interval = (value, value) if reach == 0.0 else ends
    return Correlation(value, interval, groups, left_out)


def p_of_difference(a: Correlation, b: Correlation) -> float:
    """Two-sided p of two correlations over the same points being equal; 1 where it has no test."""
    if not len(a.left_out) or len(a.left_out) != len(b.left_out):
        return 1.0
    error = _error(a.left_out - b.left_out)
    gap = abs(_z(a.value) - _z(b.value))
    if error == 0.0:
        return 1.0 if gap == 0.0 else 0.0
    return float(2 * special().stdtr(len(a.left_out) - 1, -gap / error))


def _within(
    measure: str, x: Floats, points: Points, there: NDArray[np.bool_]
) -> tuple[float, int] | None:
    found = []
    for group in np.unique(points.groups[there]):
        mine = there & (points.groups == group)
        if mine.sum() >= LEAST:
            found.append(float(MEASURES[measure](x[mine], points.y[mine])))
    known = [v for v in found if not math.isnan(v)]
    return (float(np.mean(known)), len(known)) if known else None


def _z(value: float) -> float:
    return math.atanh(min(max(value, -EDGE), EDGE))


def _error(left_out: Floats) -> float:
    n = len(left_out)
    return math.sqrt((n - 1) / n * float(((left_out - left_out.mean()) ** 2).sum()))


def _t(free: int) -> float:
    return float(special().stdtrit(free, (1 + LEVEL) / 2))
