"""Rows of sections that rank: in the order of a loss, how surely, and what is told of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.tables import Cell, number
from harness_boards import statistics as st
from harness_boards.figures import Figure, brief
from harness_boards.grid import Grid, Row
from harness_boards.pairs import needed

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Figures = Mapping[str, tuple[Any, tuple[Any, Any] | None]]
"""Figures by name, each with its interval where it has one."""


@dataclass(frozen=True)
class Standing:
    """One row of a section that ranks.

    ``score`` is what the section ranks by: the mean of the cut errors (accuracy; a run that failed
    counts with the ceiling) or the mean value over completed cases (ranking). ``rank`` counts the
    rows that are ahead of it on what both suit; ``ranks`` are those that the verdicts leave open,
    for all rows at once; rows that share a letter of ``group`` are not separated. A row that is not
    ranked says why in ``apart``. ``share`` of the cases lie within the tolerance; ``raw`` is the
    mean absolute error, ``median`` that of its sizes; ``skill`` compares the score with that of the
    best constant, ``correlation`` the values with the truths. ``diverged`` counts cases. ``own``
    and ``inside`` are shares of 95 % intervals (value ± 1.96 stderr) that hold the mean of the
    row's other seeds, and the truth; ``violations`` counts values beyond a bound by more than that.
    ``place`` is the mean rank over cases, failures last. ``done`` of ``expected`` runs gave a
    figure; ``marks`` says what became of the others. ``cost`` is the median time of a run (models
    and estimator), seconds; ``front``: no other ranked row is both better and cheaper.
    """

    row: Row
    rank: int | None = None
    ranks: tuple[int, int] | None = None
    group: str = ""
    apart: str = ""
    score: float | None = None
    interval: Interval | None = None
    share: float | None = None
    raw: float | None = None
    median: float | None = None
    bias: float | None = None
    spread: float | None = None
    rmse: float | None = None
    skill: float | None = None
    correlation: float | None = None
    diverged: int | None = None
    own: float | None = None
    inside: float | None = None
    violations: int = 0
    place: float | None = None
    done: int = 0
    expected: int = 0
    marks: Mapping[str, int] | None = None
    cost: float | None = None
    front: bool = False


@dataclass(frozen=True)
class Measure:
    """A figure of each row: a column of the table, and one of the page that sorts.

    ``badness`` says which figure is the best of its column; None where none is. ``text`` prints
    what is not a plain number.
    """

    name: str
    hint: str
    value: Callable[[Standing], float | None]
    text: Callable[[float], str] | None = None
    badness: Callable[[float], float] | None = None
    first: str = "ascending"

    def cell(self, s: Standing) -> Cell:
        """In a table."""
        value = self.value(s)
        if value is None or self.text is not None:
            return Cell(text="–" if value is None or self.text is None else self.text(value))
        return Cell(value)

    def figure(self, s: Standing) -> Figure:
        """On the page."""
        value = self.value(s)
        if value is None:
            return Figure()
        full = "" if self.text else f"{value:.6g}"
        return Figure((self.text or brief)(value), value, full=full)


PLACE = Measure(
    "mean rank",
    "mean rank over cases, failures last",
    lambda s: s.place,
    lambda v: f"{v:.1f}",
    float,
)
TIME = Measure("time", "median of a run", lambda s: s.cost, badness=float)


def span(ranks: tuple[int, int] | None) -> str:
    """An interval of ranks."""
    if ranks is None:
        return "–"
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}"


def interval_cell(value: float | None, bounds: Interval | None, best: bool = False) -> Cell:
    """A figure with its interval."""
    if value is None:
        return Cell(text="–")
    reach = f" [{number(bounds[0])}, {number(bounds[1])}]" if bounds else ""
    return Cell(value, text=reach, best=best)


def figures(s: Standing) -> Figures:
    """All figures of a row by name."""
    return {
        "rank": (s.rank, s.ranks),
        "tie": (s.group or None, None),
        "apart": (s.apart or None, None),
        "score": (s.score, s.interval),
        "share_within": (s.share, None),
        "mean_error": (s.raw, None),
        "median": (s.median, None),
        "bias": (s.bias, None),
        "sd": (s.spread, None),
        "rmse": (s.rmse, None),
        "skill": (s.skill, None),
        "correlation": (s.correlation, None),
        "diverged": (s.diverged, None),
        "holds_own_mean_95": (s.own, None),
        "inside_95": (s.inside, None),
        "violations": (s.violations, None),
        "place": (s.place, None),
        "done": (s.done, None),
        "expected": (s.expected, None),
        "cost_s": (s.cost, None),
        "front": (s.front, None),
    }


def apart(grid: Grid, *, sweep: bool) -> list[str]:
    """Why each row is not ranked; empty where it is.

    A row has a rank where it has an outcome (a figure, or a failure) in all runs of the cases that
    it suits, where these are half of all or more, and unless another setting of its method has one.
    """
    suited: NDArray[np.bool_] = ~np.any(grid.unsuited, axis=2)
    tried: NDArray[np.bool_] = np.all(np.isfinite(grid.value) | grid.failed, axis=2)
    found: list[str] = []
    taken: dict[tuple[Any, ...], str] = {}
    cases = len(grid.cases)
    for i in range(len(grid.rows)):
        count, run = int(suited[i].sum()), int((tried[i] & suited[i]).sum())
        if not count:
            found.append("suits none of the cases")
        elif not np.isfinite(grid.value[i]).any():
            found.append("no run gave a figure")
        elif run < count:
            found.append(f"ran on {run} of {count} cases")
        elif 2 * count < cases:
            found.append(f"suits {count} of {cases} cases")
        else:
            found.append("")
    for i in sorted(range(len(grid.rows)), key=lambda i: repr(grid.rows[i].params)):
        row = grid.rows[i]
        if found[i] or sweep:
            continue
        other = taken.setdefault((row.models, row.estimator), row.label)
        if other != row.label:
            found[i] = f"another setting of {other}"
    return found


def turned(bounds: Interval | None, sign: float) -> Interval | None:
    """An interval of what is counted from the other end."""
    if bounds is None or sign > 0:
        return bounds
    return -bounds[1], -bounds[0]


def over_seeds_spread(values: Floats) -> float | None:
    """Standard deviation over seeds, averaged over the cases that have two; rounding is no
    spread."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    if not (count >= 2).any():
        return None
    enough, there, count = values[count >= 2], there[count >= 2], count[count >= 2]
    off = np.where(there, enough - st.over_seeds(enough)[:, None], 0.0)
    found = float(np.sqrt((off * off).sum(axis=1) / (count - 1)).mean())
    return found if found > 1e-12 * float(np.abs(enough[there]).max()) else 0.0


def resolution(rows: int, clusters: int, cases: int, split: int, p: float | None) -> str:
    """What a section can tell apart, as a sentence."""
    if rows < 2:
        return f"{rows} ranked row{'s' * (rows != 1)}: nothing to tell apart"
    pairs = rows * (rows - 1) // 2
    of = f"{clusters} independent cluster{'s' * (clusters != 1)}"
    if clusters != cases:
        of += f" ({cases} cases)"
    if clusters < (least := needed(rows)):
        return (
            f"{of} cannot rank {rows} rows: {least} would be the fewest that can separate any of "
            f"{pairs} pair{'s' * (pairs != 1)} at 5 %"
        )
    surely = (
        ""
        if p is None
        else f"; Iman-Davenport p {p:.2g}"
        if p >= 1e-4
        else ("; Iman-Davenport p < 0.0001")
    )
    return f"{split} of {pairs} pair{'s' * (pairs != 1)} separated on {of}{surely}"
