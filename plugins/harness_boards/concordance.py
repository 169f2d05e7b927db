"""Rank correlations with intervals that resample what is independent.

The interval is a delete-one-cluster jackknife of Fisher's ``artanh``, with quantiles of Student's
t: points of one cluster (the models on one data set, say) leave together. Percentiles of a
bootstrap over points hold a true zero far less often than they say where points share their cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    ``left_out`` are its transformed values without each of its ``clusters``."""

    value: float
    interval: tuple[float, float] | None
    groups: int
    left_out: Floats
    clusters: Ints


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
        return _bare(value, groups)
    without = [_within(measure, x, points, there & (points.clusters != c)) for c in names]
    if any(w is None for w in without):
        return _bare(value, groups)
    left_out = np.array([_z(w[0]) for w in without if w is not None])
    return _told(value, groups, left_out, names)


def _bare(value: float, groups: int) -> Correlation:
    """A correlation without an interval."""
    return Correlation(value, None, groups, np.empty(0), np.empty(0, dtype=np.int64))


def _told(value: float, groups: int, left_out: Floats, clusters: Ints) -> Correlation:
    """A correlation with its interval, from its transformed values without each cluster."""
    reach = _t(len(left_out) - 1) * _error(left_out)
    ends = float(np.tanh(_z(value) - reach)), float(np.tanh(_z(value) + reach))
    interval = (value, value) if reach == 0.0 else ends
    return Correlation(value, interval, groups, left_out, clusters)


def over_chains(found: Sequence[Correlation]) -> Correlation:
    """The mean of correlations over points of the same clusters; a chain without a cluster stays
    as it is where that leaves."""
    if len(found) == 1:
        return found[0]
    value, groups = float(np.mean([f.value for f in found])), sum(f.groups for f in found)
    if any(f.interval is None for f in found):
        return _bare(value, groups)
    names = np.unique(np.concatenate([f.clusters for f in found]))
    means = np.zeros(len(names))
    for f in found:
        without = np.full(len(names), f.value)
        without[np.searchsorted(names, f.clusters)] = np.tanh(f.left_out)
        means += without / len(found)
    return _told(value, groups, np.array([_z(float(m)) for m in means]), names)


@dataclass(frozen=True)
class OverFields:
    """The mean of the correlations of ``fields`` fields, each with the same weight; its
    ``interval``, and the two-sided ``p`` of there being none."""

    value: float
    fields: int
    interval: tuple[float, float] | None = None
    p: float = 1.0


def over_fields(found: Sequence[Correlation]) -> OverFields:
    """The mean over fields that share no points.

    The jackknife of `correlate` with a stratum for each field: clusters leave one at a time, and
    the variances of the fields add up, with Satterthwaite's degrees of freedom. The fields are
    those that are there: the interval does not speak of other ones. Fields without an interval of
    their own count only where none has one.
    """
    known = [f for f in found if f.interval]
    values = np.array([f.value for f in known or found])
    value = float(values.mean())
    if not known:
        return OverFields(value, len(values))
    variances = []
    for i, one in enumerate(known):
        rest = float(np.delete(values, i).sum())
        means = (rest + np.tanh(one.left_out)) / len(known)
        variances.append(_error(np.array([_z(float(m)) for m in means])) ** 2)
    total, free = float(sum(variances)), [len(f.left_out) - 1 for f in known]
    if total == 0.0:
        return OverFields(value, len(values), (value, value), float(value == 0.0))
    degrees = total**2 / sum(v**2 / n for v, n in zip(variances, free, strict=True))
    reach = _t(degrees) * math.sqrt(total)
    ends = float(np.tanh(_z(value) - reach)), float(np.tanh(_z(value) + reach))
    p = float(2 * special().stdtr(degrees, -abs(_z(value)) / math.sqrt(total)))
    return OverFields(value, len(values), ends, p)


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


def _t(free: float) -> float:
    return float(special().stdtrit(free, (1 + LEVEL) / 2))
