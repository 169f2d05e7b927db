"""Accuracy: rows ranked by their distance to the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Quantity, Record, UsageError
from harness.tables import Column
from harness_boards import statistics as st
from harness_boards.contents import Contents
from harness_boards.grid import Grid
from harness_boards.sections.base import Definition, quantity_of
from harness_boards.sections.ranked import Ranked
from harness_boards.standing import Floats, Measure, over_seeds_spread

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
INSIDE = Measure(
    "in 95 %",
    "share of value ± 1.96 stderr that hold the truth",
    lambda s: s.inside,
    lambda share: f"{100 * share:.0f} %",
    lambda share: abs(share - 0.95),
    "descending",
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
        "rank: 95 % interval over cases and seeds; rows that share a letter are not separated "
        "(paired t tests over cases, Holm). |error|: mean absolute distance to the truth with its "
        "95 % interval; median: of these, not moved by single divergences; sd: over seeds. in "
        "95 %: share of value ± 1.96 stderr that hold the truth. violations: values beyond a bound "
        "by more than their noise. mean rank: over cases, failures last. time: median of a run; "
        "● no row is both better and cheaper."
    )
    before = (MEDIAN, BIAS)
    steady = SD
    after = (RMSE, INSIDE, VIOLATIONS)
    with_truth = True

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """An accuracy section names its quantity."""
        if not raw.get("quantity"):
            raise UsageError(f"{where}: an accuracy section needs a quantity")
        return {}

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
        known = {(r.task, r.case) for r in records if r.quantity == name and r.truth is not None}
        found = [r for r in records if r.quantity == name and (r.task, r.case) in known]
        if not found:
            raise UsageError(f"section {name}: no record has a truth; wanted kind ranking")
        return found

    @classmethod
    def told(cls, grid: Grid) -> Floats:
        """The signed error."""
        return grid.value - grid.truth

    @classmethod
    def size(cls, told: Floats) -> Floats:
        """The absolute error."""
        return np.abs(told)

    @classmethod
    def figures(cls, grid: Grid, i: int, quantity: Quantity, contents: Contents) -> dict[str, Any]:
        """Median, bias, spread, and what standard errors and bounds promise."""
        value, truth, stderr = grid.value[i], grid.truth[i], grid.stderr[i]
        error = value - truth
        traits = contents.estimators[grid.rows[i].estimator].traits
        return {
            "median": st.median(np.abs(error)),
            "bias": st.mean(error),
            "spread": over_seeds_spread(error),
            "rmse": st.mean(np.sqrt(st.over_seeds(error**2))),
            "inside": inside(error, stderr),
            "violations": violations(value, truth, stderr, quantity, traits),
        }

    @property
    def best_case(self) -> str:
        """The least distance."""
        return "abs"

    @property
    def score(self) -> str:
        """The mean absolute error."""
        return "|error|"

    @property
    def column(self) -> Column:
        """Lower is better."""
        return Column("|error|", self.quantity.unit, "↓")

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
