"""The statistics of boards, on plain arrays.

Losses are arrays (rows, cases), means over seeds; lower is better. What is independent is a
cluster of cases. What is said of two rows is computed from those two alone
(`harness_boards.signflips`); a third row can only make the family-wise correction stricter.
"""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import MissingDependency

Floats = NDArray[np.float64]
LEVEL = 0.95
FEWEST = 6
"""Clusters without which no two rows can be told apart: 2 of 32 patterns of signs are more than
5 %."""


def ratio(total: Floats, count: Floats) -> Floats:
    """``total / count``; NaN where there is nothing to divide by."""
    out = np.full(total.shape, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def over_seeds(values: Floats) -> Floats:
    """Means over the seeds that gave a figure; NaN where none did."""
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    return ratio(total, count)


def mean(values: Floats) -> float | None:
    """The mean of what is there."""
    good = values[np.isfinite(values)]
    return float(good.mean()) if good.size else None


def median(values: Floats) -> float | None:
    """The median of what is there."""
    good = values[np.isfinite(values)]
    return float(np.median(good)) if good.size else None


def ranked(values: Floats) -> Floats:
    """Ranks along the last axis; ties share their mean rank."""
    return np.asarray(_stats().rankdata(values, axis=-1), np.float64)


def or_nan(value: float | None) -> float:
    """NaN for None."""
    return np.nan if value is None else value


@dataclass(frozen=True)
class Verdict:
    """Two rows compared on the cases that both suit: ``difference`` is the loss of the first less
    the second's, with its 95 % interval where it has one.

    ``p`` is two-sided, from the patterns of signs of ``clusters`` clusters; ``holm`` the same after
    Holm's correction over all pairs of ranked rows. None where nothing is shared. ``sign`` says who
    is ahead, if anybody: -1 the first.
    """

    first: int
    second: int
    cases: int
    clusters: int = 0
    sign: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    holm: float | None = None


def holm(ps: Floats) -> Floats:
    """Holm's step-down adjustment; NaN stays NaN and does not count."""
    out = np.full(len(ps), np.nan)
    tested = np.flatnonzero(np.isfinite(ps))
    order = tested[np.argsort(ps[tested], kind="stable")]
    steps = ps[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def letters(separated: NDArray[np.bool_]) -> list[str]:
    """The compact letter display: two rows share a letter where nothing separates them (insert and
    absorb).

    ``separated (rows, rows)`` is symmetric; rows come best first, so that ``a`` goes to the best.
    """
    rows = len(separated)
    groups: list[frozenset[int]] = [frozenset(range(rows))]
    for i, j in zip(*np.nonzero(np.triu(separated)), strict=True):
        split: list[frozenset[int]] = []
        for group in groups:
            split += [group - {int(i)}, group - {int(j)}] if i in group and j in group else [group]
        unique = list(dict.fromkeys(split))
        groups = [g for g in unique if not any(g < other for other in unique)]
    groups.sort(key=sorted)
    names = [string.ascii_lowercase[k % 26] * (k // 26 + 1) for k in range(len(groups))]
    return [
        "".join(name for name, group in zip(names, groups, strict=True) if row in group)
        for row in range(rows)
    ]


@dataclass(frozen=True)
class Friedman:
    """Do the rows differ at all? ``places`` (rows,) are mean ranks over ``cases``, failures last.

    ``p`` is that of Iman & Davenport's F, Commun. Stat. A 9, 571 (1980): Friedman's chi-square is
    too mild where rows are many.
    """

    places: tuple[float, ...]
    cases: int
    p: float | None


def friedman(losses: Floats) -> Friedman:
    """Friedman's test (corrected for ties) on (rows, cases); what has no figure shares the last
    rank of its case."""
    rows, cases = losses.shape
    place = ranked(np.where(np.isnan(losses), np.inf, losses).T).T
    places = tuple(float(m) for m in place.mean(axis=1))
    if rows < 2 or cases < 2:
        return Friedman(places, cases, None)
    ties = sum(float((count**3 - count).sum()) for count in map(_counts, place.T))
    spread = 1.0 - ties / (cases * (rows**3 - rows))
    if spread <= 0.0:  # every row ties everywhere
        return Friedman(places, cases, 1.0)
    centred = np.array(places) - (rows + 1) / 2
    statistic = 12.0 * cases / (rows * (rows + 1)) * float((centred**2).sum()) / spread
    rest = cases * (rows - 1) - statistic
    if rest <= 1e-9 * statistic:  # the same order in every case
        return Friedman(places, cases, float(math.factorial(rows)) ** (1 - cases))
    f = (cases - 1) * statistic / rest
    return Friedman(places, cases, float(special().fdtrc(rows - 1, (rows - 1) * (cases - 1), f)))


def _counts(values: Floats) -> NDArray[np.int64]:
    return np.unique(values, return_counts=True)[1]


def nemenyi(rows: int, clusters: int) -> float:
    """The critical difference of mean ranks at the 5 % level (Demšar, JMLR 7, 1 (2006), section
    3.2.2): what a board of that size can resolve, before it is run."""
    return _range(rows) / math.sqrt(2.0) * math.sqrt(rows * (rows + 1) / (6.0 * clusters))


def clusters_needed(rows: int, gap: float) -> int:
    """How many clusters a board of that many rows needs for a critical difference of at most
    ``gap`` ranks."""
    q = _range(rows)
    return math.ceil(q * q * rows * (rows + 1) / (12.0 * gap * gap))


def _range(rows: int) -> float:
    """The 95 % quantile of the range of that many standard normals."""
    return float(_stats().studentized_range.ppf(LEVEL, rows, np.inf))


def bootstrap_t(
    totals: Floats,
    counts: Floats,
    strata: NDArray[np.int64],
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """95 % bootstrap-t intervals ``(rows, 2)`` of means over clusters that are drawn in strata.

    ``totals`` and ``counts`` ``(rows, clusters)`` hold the sum and the number of what each cluster
    has, ``strata`` ``(clusters,)`` what it is drawn within; strata of one cluster are pooled. NaN
    where fewer than `FEWEST` clusters hold something. The distribution of ``(mean* - mean) /
    error*`` gives the quantiles, which makes up for few clusters and for skewed losses, as the
    percentiles of the means alone do not (Hall, Ann. Stat. 16, 927 (1988)); it is held within the
    range of the clusters' own means, beyond which nothing was seen.
    """
    names, at, size = np.unique(strata, return_inverse=True, return_counts=True)
    at = np.where(size[at] == 1, len(names), at)
    groups = [np.flatnonzero(at == g) for g in np.unique(at)]
    weight = np.zeros((draws, len(strata)))
    for members in groups:
        chosen = members[rng.integers(len(members), size=(draws, len(members)))]
        cells = np.arange(draws)[:, None] * len(strata) + chosen
        weight += np.bincount(cells.ravel(), minlength=weight.size).reshape(weight.shape)
    found = np.full((len(totals), 2), np.nan)
    for i in np.flatnonzero((counts > 0).sum(axis=1) >= FEWEST):
        one = np.ones((1, len(strata)))
        middle, error = (float(v[0]) for v in _errors(totals[i], counts[i], groups, one))
        means, errors = _errors(totals[i], counts[i], groups, weight)
        good = np.isfinite(means) & (errors > 1e-9 * error)
        if error <= 1e-12 * abs(middle) or not good.any():
            found[i] = middle
            continue
        students = (means[good] - middle) / errors[good]
        ends = np.quantile(students, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        of_clusters = ratio(totals[i], counts[i])
        reach = np.nanmin(of_clusters), np.nanmax(of_clusters)
        found[i] = np.clip(middle - ends[::-1] * error, *reach)
    return found


def _errors(
    totals: Floats, counts: Floats, groups: list[NDArray[np.int64]], weight: Floats
) -> tuple[Floats, Floats]:
    """The mean under each row of weights ``(draws, clusters)``, and its linearized standard
    error."""
    number = weight @ counts
    middle = ratio(weight @ totals, number)
    off = totals - middle[:, None] * counts
    variance = np.zeros(len(weight))
    for members in groups:
        n, w, e = len(members), weight[:, members], off[:, members]
        if n > 1:
            spread = (w * e * e).sum(axis=1) - (w * e).sum(axis=1) ** 2 / n
            variance += n / (n - 1) * np.maximum(spread, 0.0)
    return middle, ratio(np.sqrt(variance), number)


def front(loss: Floats, cost: Floats) -> NDArray[np.bool_]:
    """Which rows no other row beats in one of loss and cost without losing in the other."""
    there = np.isfinite(loss) & np.isfinite(cost)
    out = np.zeros(len(loss), bool)
    for i in np.flatnonzero(there):
        no_worse = there & (loss <= loss[i]) & (cost <= cost[i])
        out[i] = not (no_worse & ((loss < loss[i]) | (cost < cost[i]))).any()
    return out


def _stats() -> Any:
    """scipy.stats, imported when a board needs a distribution."""
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingDependency("scipy", "pip install 'infoharness[boards]'") from error
    return stats


def special() -> Any:
    """scipy.special: where there are thousands of pairs, `scipy.stats.t` would take seconds."""
    try:
        from scipy import special
    except ImportError as error:
        raise MissingDependency("scipy", "pip install 'infoharness[boards]'") from error
    return special
