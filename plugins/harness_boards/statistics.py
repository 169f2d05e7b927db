"""The statistics of boards, on plain arrays.

Losses are arrays (rows, cases, seeds), lower is better, NaN where a run gave no figure. Cases are
clusters: they are resampled within their tasks, and the seeds within each case drawn. What is said
of two rows is computed from those two alone; a third row can only make the family-wise correction
stricter.
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
CHUNK = 256
"""Pairs of rows per matrix product: bounds the memory of a large board."""


def weights(tasks: NDArray[np.int64], seeds: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each (case, seed) is drawn in each replicate of the hierarchical bootstrap: (cases
    * seeds, draws).

    ``tasks`` (cases,) numbers the stratum of each case: as many cases are drawn from each task as
    it has.
    """
    cases = len(tasks)
    counts = np.zeros((draws, cases * seeds))
    replicate = np.arange(draws)[:, None, None] * (cases * seeds)
    for task in np.unique(tasks):
        members = np.flatnonzero(tasks == task)
        drawn = members[rng.integers(len(members), size=(draws, len(members)))]
        cells = (
            replicate + drawn[:, :, None] * seeds + rng.integers(seeds, size=(*drawn.shape, seeds))
        )
        counts += np.bincount(cells.ravel(), minlength=counts.size).reshape(counts.shape)
    return counts.T.copy()


def means(values: Floats, weight: Floats) -> Floats:
    """Weighted means over what is there: ``values (rows, cells)``, ``weight (cells, draws)`` ->
    (rows, draws)."""
    there = np.isfinite(values)
    total = np.where(there, values, 0.0) @ weight
    count = there.astype(np.float64) @ weight
    return _ratio(total, count)


def _ratio(total: Floats, count: Floats) -> Floats:
    """``total / count``; NaN where there is nothing to divide by."""
    out = np.full(total.shape, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def over_seeds(values: Floats) -> Floats:
    """Means over the seeds that gave a figure; NaN where none did."""
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    total = np.where(there, values, 0.0).sum(axis=-1)
    return _ratio(total, count)


def mean(values: Floats) -> float | None:
    """The mean of what is there."""
    good = values[np.isfinite(values)]
    return float(good.mean()) if good.size else None


def median(values: Floats) -> float | None:
    """The median of what is there."""
    good = values[np.isfinite(values)]
    return float(np.median(good)) if good.size else None


def or_nan(value: float | None) -> float:
    """NaN for None."""
    return np.nan if value is None else value


def interval(draws: Floats) -> tuple[float, float] | None:
    """The percentile interval of one row of replicates; None where there are none."""
    good = draws[np.isfinite(draws)]
    if not good.size:
        return None
    low, high = np.quantile(good, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def differences(losses: Floats, weight: Floats) -> Floats:
    """Mean loss of a less that of b over the cells that both have, for all pairs a < b: (pairs,
    draws)."""
    first, second = np.triu_indices(len(losses), 1)
    found = np.empty((len(first), weight.shape[1]))
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = means(losses[first[part]] - losses[second[part]], weight)
    return found


def ranks(difference: Floats, rows: int) -> Floats:
    """1 + how many rows are strictly better, per replicate: (rows, draws); what cannot be
    compared does not count."""
    first, second = np.triu_indices(rows, 1)
    found = np.ones((rows, difference.shape[1]))
    for a, b, d in zip(first, second, difference, strict=True):
        found[a] += d > 0
        found[b] += d < 0
    return found


@dataclass(frozen=True)
class Verdict:
    """Two rows compared on the cases that both completed: ``difference`` is the loss of the first
    less the second's.

    ``p`` is two-sided, from a paired t test over cases (over seeds where there is but one case);
    ``holm`` the same after Holm's correction over all pairs of the section. None where too little
    was completed by both.
    """

    first: int
    second: int
    cases: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    holm: float | None = None


def verdict(a: Floats, b: Floats, first: int = 0, second: int = 1) -> Verdict:
    """Compare two rows (cases, seeds) of losses; depends on them alone."""
    d = a - b
    there = np.isfinite(d)
    common = int(there.any(axis=1).sum())
    if common == 1:
        units = d[there]
    else:
        count = there.sum(axis=1)
        units = (np.where(there, d, 0.0).sum(axis=1) / np.maximum(count, 1))[count > 0]
    if len(units) < 2:
        return Verdict(first, second, common, float(units[0]) if len(units) else None)
    special = _special()
    middle, error, free = (
        float(units.mean()),
        float(units.std(ddof=1)) / math.sqrt(len(units)),
        len(units) - 1,
    )
    if error <= 1e-12 * abs(middle) or error == 0.0:  # the same difference everywhere
        return Verdict(first, second, common, middle, middle, middle, 1.0 if middle == 0.0 else 0.0)
    reach = float(special.stdtrit(free, (1 + LEVEL) / 2)) * error
    p = 2.0 * float(special.stdtr(free, -abs(middle / error)))
    return Verdict(first, second, common, middle, middle - reach, middle + reach, p)


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

    ``critical`` is Nemenyi's difference: mean ranks that lie closer are not separated at the 5 %
    level.
    """

    places: tuple[float, ...]
    cases: int
    p: float | None
    critical: float | None


def friedman(losses: Floats) -> Friedman:
    """Friedman's test (corrected for ties) on (rows, cases); what has no figure shares the last
    rank of its case."""
    rows, cases = losses.shape
    place = _stats().rankdata(np.where(np.isfinite(losses), losses, np.inf), axis=0)
    places = tuple(float(m) for m in place.mean(axis=1))
    if rows < 2 or cases < 2:
        return Friedman(places, cases, None, None)
    critical = nemenyi(rows, cases)
    ties = sum(float((count**3 - count).sum()) for count in map(_counts, place.T))
    spread = 1.0 - ties / (cases * (rows**3 - rows))
    if spread <= 0.0:  # every row ties everywhere
        return Friedman(places, cases, 1.0, critical)
    centred = np.array(places) - (rows + 1) / 2
    statistic = 12.0 * cases / (rows * (rows + 1)) * float((centred**2).sum()) / spread
    return Friedman(places, cases, float(_stats().chi2.sf(statistic, rows - 1)), critical)


def _counts(values: Floats) -> NDArray[np.int64]:
    return np.unique(values, return_counts=True)[1]


def nemenyi(rows: int, cases: int) -> float:
    """The critical difference of mean ranks at the 5 % level (Demšar, JMLR 7, 1 (2006), section
    3.2.2)."""
    return _range(rows) / math.sqrt(2.0) * math.sqrt(rows * (rows + 1) / (6.0 * cases))


def cases_needed(rows: int, gap: float) -> int:
    """How many cases a board of that many rows needs for a critical difference of at most
    ``gap`` ranks."""
    q = _range(rows)
    return math.ceil(q * q * rows * (rows + 1) / (12.0 * gap * gap))


def _range(rows: int) -> float:
    """The 95 % quantile of the range of that many standard normals."""
    return float(_stats().studentized_range.ppf(LEVEL, rows, np.inf))


def resampled(tasks: NDArray[np.int64], draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of cases drawn with replacement within their tasks: (draws, cases)."""
    out = np.empty((draws, len(tasks)), np.int64)
    for task in np.unique(tasks):
        members = np.flatnonzero(tasks == task)
        out[:, members] = members[rng.integers(len(members), size=(draws, len(members)))]
    return out


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


def _special() -> Any:
    """scipy.special: where there are thousands of pairs, `scipy.stats.t` would take seconds."""
    try:
        from scipy import special
    except ImportError as error:
        raise MissingDependency("scipy", "pip install 'infoharness[boards]'") from error
    return special
