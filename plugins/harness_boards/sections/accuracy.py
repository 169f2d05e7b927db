"""Accuracy: rows ranked by their distance to the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness import Quantity, Record, UsageError, spearman
from harness.tables import Column
from harness_boards import statistics as st
from harness_boards.contents import Contents
from harness_boards.grid import Grid, measured, truth_of
from harness_boards.losses import DIVERGED, Rule
from harness_boards.sections.base import Definition, quantity_of
from harness_boards.sections.ranked import Ranked
from harness_boards.standing import Floats, Interval, Measure, over_seeds_spread


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.0f} %"


MEDIAN = Measure(
    "median",
    "of the absolute errors: single divergences do not move it",
    lambda s: s.median,
    badness=float,
)
BIAS = Measure("bias", "mean signed error", lambda s: s.bias, badness=abs)
SD = Measure("sd", "standard deviation over seeds", lambda s: s.spread, badness=float)
RMSE = Measure(
    "rmse",
    "root mean squared error of a case, averaged over cases",
    lambda s: s.rmse,
    badness=float,
)
SHARE = Measure(
    "within",
    "share of the cases answered within the tolerance",
    lambda s: s.share,
    percent,
    lambda share: -share,
    "descending",
)
RAW = Measure("mean |error|", "uncut: one divergence moves it", lambda s: s.raw, badness=float)
SKILL = Measure(
    "skill",
    "1 less the score relative to that of the best constant: 0 or less knows nothing",
    lambda s: s.skill,
    lambda v: f"{v:.2f}",
    lambda v: -v,
    "descending",
)
CORRELATION = Measure(
    "correlation",
    "Spearman's rank correlation of values and truths over cases",
    lambda s: s.correlation,
    lambda v: f"{v:.2f}",
    lambda v: -v,
    "descending",
)
OWN = Measure(
    "holds mean",
    "share of value ± 1.96 stderr that hold the mean of the row's other seeds: about 95 % where an "
    "estimator knows its own spread",
    lambda s: s.own,
    percent,
    lambda share: abs(share - 0.95),
    "descending",
)
INSIDE = Measure(
    "holds truth",
    "share of value ± 1.96 stderr that hold the truth: less than 95 % where there is bias",
    lambda s: s.inside,
    percent,
    lambda share: abs(share - 0.95),
    "descending",
)
DIVERGED_ON = Measure(
    "diverged",
    "cases with an error beyond ten ceilings, or an infinite value",
    lambda s: s.diverged,
    str,
    float,
)
VIOLATIONS = Measure(
    "violations",
    "values beyond a bound by more than their noise",
    lambda s: s.violations if s.done else None,
    str,
    float,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Accuracy(Ranked):
    """An accuracy section."""

    kind = "accuracy"
    reading = (
        "rank: the ranks that the verdicts leave open, for all rows at once with 95 %; rows "
        "that share a letter are not separated (sign flips of the differences over clusters, "
        "Holm). Ranked by the mean of |error| cut at the ceiling, with its 95 % interval "
        "(bootstrap-t over clusters); a failed run counts with the ceiling. within: share of "
        "the cases answered within the tolerance. |error|, median, bias, rmse: uncut, over all "
        "runs with a figure. sd: over seeds. skill: 1 less the score relative to that of the "
        "best constant; correlation: Spearman's, of values and truths. holds mean, holds truth: "
        "share of value ± 1.96 stderr that hold the mean of the row's other seeds (which a "
        "standard error can promise), and the truth (which it cannot where there is bias). "
        "violations: values beyond a bound by more than their noise. diverged: cases with an "
        "error beyond ten ceilings. mean rank: over cases, failures last. time: median of a "
        "run; ● no row is both better and cheaper."
    )
    before = (SHARE, RAW, MEDIAN, BIAS)
    steady = SD
    after = (RMSE, SKILL, CORRELATION, OWN, INSIDE, VIOLATIONS, DIVERGED_ON)
    options: ClassVar[Mapping[str, Any]] = {
        "tolerance": (int, float),
        "ceiling": (int, float),
        **Ranked.options,
    }
    first = (SHARE,)
    with_truth = True

    def named(self, measure: Measure) -> str:
        """With the tolerance."""
        within = measure is SHARE and self.rule is not None
        return f"within {self.rule.tolerance:g}" if within and self.rule else measure.name

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """An accuracy section names its quantity; it may name the ``tolerance`` within which a case
        counts as answered, and the ``ceiling`` at which an error is cut (ten times that)."""
        if not raw.get("quantity"):
            raise UsageError(f"{where}: an accuracy section needs a quantity")
        for name in ("tolerance", "ceiling"):
            if not 0 < raw.get(name, 1.0) < np.inf:
                raise UsageError(f"{where}: {name} is {raw[name]}; wanted a number above 0")
        if raw.get("ceiling", np.inf) < raw.get("tolerance", 0.0):
            raise UsageError(f"{where}: ceiling {raw['ceiling']} is below the tolerance")
        return super().check(raw, where)

    @classmethod
    def suits(cls, record: Record, quantity: Quantity) -> bool:
        """Where there is a truth."""
        return quantity.better == "truth" and record.truth is not None

    @classmethod
    def quantity_of(cls, contents: Contents, definition: Definition) -> Quantity:
        """Any quantity that the board has."""
        return quantity_of(contents, definition)

    @classmethod
    def select(cls, records: list[Record], quantity: Quantity) -> list[Record]:
        """Those of cases whose truth is known."""
        name = quantity.name
        known = {(r.task, r.case) for r in records if truth_of(r, name) is not None}
        found = [r for r in measured(records, name) if (r.task, r.case) in known]
        if not found:
            raise UsageError(f"section {name}: no record has a truth; wanted kind ranking")
        return found

    @classmethod
    def told(cls, grid: Grid) -> Floats:
        """The signed error."""
        return grid.value - grid.truth

    @classmethod
    def rule_of(cls, definition: Definition, grid: Grid, quantity: Quantity) -> Rule:
        """As the board states; else a tolerance of 0.1 nats, or in other units a tenth of the mean
        distance of the truths from their median."""
        given = definition.options
        tolerance = given.get("tolerance")
        if tolerance is None and "ceiling" in given:
            tolerance = given["ceiling"] / 10
        if tolerance is None:
            truths = true(grid)
            middle = st.median(truths) or 0.0
            scale = st.mean(np.abs(truths - middle)) or abs(middle) or 1.0
            tolerance = 0.1 if quantity.unit == "nats" else 0.1 * scale
            tolerance = float(f"{tolerance:.1g}")
        return Rule(float(tolerance), float(given.get("ceiling", 10 * tolerance)))

    @classmethod
    def lost(cls, grid: Grid, quantity: Quantity, rule: Rule | None) -> Floats:
        """The absolute error, cut; a failed run has the ceiling."""
        ceiling = np.inf if rule is None else rule.ceiling
        return np.where(grid.failed, ceiling, np.minimum(np.abs(cls.told(grid)), ceiling))

    @classmethod
    def reach_of(cls, quantity: Quantity, rule: Rule | None) -> Interval:
        """From 0 to the ceiling."""
        return 0.0, np.inf if rule is None else rule.ceiling

    @classmethod
    def said(cls, rule: Rule | None) -> tuple[str, ...]:
        """Tolerance and ceiling."""
        if rule is None:
            return ()
        return (f"tolerance {rule.tolerance:g}, ceiling {rule.ceiling:g}",)

    @classmethod
    def figures(
        cls, grid: Grid, i: int, quantity: Quantity, contents: Contents, rule: Rule | None
    ) -> dict[str, Any]:
        """Shares, sizes and signs of the errors, and what standard errors and bounds promise."""
        value, truth, stderr = grid.value[i], grid.truth[i], grid.stderr[i]
        error = value - truth
        size = np.where(grid.failed[i], np.inf, np.abs(error))
        rule = rule or Rule(np.inf, np.inf)
        known = ~np.isnan(size)
        answered = st.ratio(
            (known & (size <= rule.tolerance)).sum(axis=1) * 1.0, known.sum(axis=1) * 1.0
        )
        traits = contents.estimators[grid.rows[i].estimator].traits
        gone = grid.infinite[i].any(axis=1) | (np.abs(error) > DIVERGED * rule.ceiling).any(axis=1)
        return {
            "share": st.mean(answered),
            "raw": st.mean(np.abs(error)),
            "median": st.median(np.abs(error)),
            "bias": st.mean(error),
            "spread": over_seeds_spread(error),
            "rmse": st.mean(np.sqrt(st.over_seeds(error**2))),
            "skill": skill(np.minimum(size, rule.ceiling), truth, rule.ceiling),
            "correlation": correlation(st.over_seeds(value), st.over_seeds(truth)),
            "diverged": int(gone.sum()),
            "own": holds_own(value, stderr),
            "inside": inside(error, stderr),
            "violations": violations(value, truth, stderr, quantity, traits),
        }

    @property
    def best_case(self) -> str:
        """The least distance."""
        return "abs"

    @property
    def score(self) -> str:
        """The mean of the cut errors."""
        return f"|error| cut at {self.rule.ceiling:g}" if self.rule else "|error|"

    @property
    def column(self) -> Column:
        """Lower is better."""
        return Column(self.score, self.quantity.unit, "↓")

    @property
    def headline(self) -> str:
        """With the quantity and its unit."""
        return f"{self.title}: accuracy of {self.words}{self.unit}"

    @property
    def extent(self) -> str:
        """Distance to the truth of what."""
        summary = f": {self.quantity.summary}" if self.quantity.summary else ""
        return f"Accuracy: distance to the truth of {self.words}{self.unit}{summary}"

    @property
    def cases_said(self) -> str:
        """Signed errors."""
        return (
            f"Mean signed error{self.unit} over the seeds; ★ best of its case. Errors sort by size."
        )


NORMAL = 1.959963984540054
"""Half a 95 % interval of a normal distribution, in standard errors: its 97.5 % quantile."""


def true(grid: Grid) -> Floats:
    """The truth of each case ``(cases,)``, mean over seeds."""
    return st.over_seeds(grid.truth.transpose(1, 0, 2).reshape(len(grid.cases), -1))


def skill(cut: Floats, truth: Floats, ceiling: float) -> float | None:
    """1 less the mean cut error relative to that of the median of the truths ``(cases, seeds)``;
    None where they do not vary."""
    middle = st.median(truth)
    if middle is None:
        return None
    constant = float(np.minimum(np.abs(truth[np.isfinite(truth)] - middle), ceiling).mean())
    mine = st.mean(st.over_seeds(cut))
    if constant <= 1e-9 * (1 + abs(middle)) or mine is None:
        return None
    return 1.0 - mine / constant


def correlation(value: Floats, truth: Floats) -> float | None:
    """Spearman's, over the cases that have both; None with fewer than three, or constants."""
    there = np.isfinite(value) & np.isfinite(truth)
    if there.sum() < 3:
        return None
    found = float(spearman(value[there], np.round(truth[there], 9)))
    return None if np.isnan(found) else found


def holds_own(value: Floats, stderr: Floats) -> float | None:
    """The share of 95 % intervals ``(cases, seeds)`` that hold the mean of the other seeds, whose
    own spread widens them; None without a standard error or a second seed."""
    there = np.isfinite(value)
    seeds = there.sum(axis=1, keepdims=True)
    total = np.where(there, value, 0.0).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(value - (total - value) / (seeds - 1))
        reach = NORMAL * stderr * np.sqrt(seeds / (seeds - 1))
    known = there & np.isfinite(stderr) & (seeds > 1)
    return float((off <= reach)[known].mean()) if known.any() else None


def inside(error: Floats, stderr: Floats) -> float | None:
    """The share of 95 % intervals that hold the truth; None where the estimator gives no
    standard error."""
    known = np.isfinite(error) & np.isfinite(stderr)
    return float((np.abs(error[known]) <= NORMAL * stderr[known]).mean()) if known.any() else None


def violations(
    value: Floats, truth: Floats, stderr: Floats, quantity: Quantity, traits: Iterable[str]
) -> int:
    """Values beyond a bound of the quantity, or on the wrong side of the truth for a declared
    bound.

    What a value's own noise explains (1.96 standard errors) is no violation.
    """
    noise = NORMAL * np.where(np.isfinite(stderr), stderr, 0.0)
    wrong = np.zeros(value.shape, bool)
    with np.errstate(invalid="ignore"):
        if quantity.lower is not None:
            wrong |= value + noise < quantity.lower
        if quantity.upper is not None:
            wrong |= value - noise > quantity.upper
        if "lower-bound" in traits:
            wrong |= value - noise > truth
        if "upper-bound" in traits:
            wrong |= value + noise < truth
    return int(wrong.sum())
