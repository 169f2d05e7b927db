"""Rows of sections that rank: in the order of a loss, how surely, and what is told of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.tables import Cell, number
from harness_boards import statistics as st
from harness_boards.figures import Figure
from harness_boards.grid import Grid, Row

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Figures = Mapping[str, tuple[Any, tuple[Any, Any] | None]]
"""Figures by name, each with its interval where it has one."""


@dataclass(frozen=True)
class Standing:
    """One row of a section that ranks.

    ``score`` is the mean absolute error (accuracy) or the mean value (ranking) over completed
    cases, ``median`` that of the absolute errors. ``rank`` counts the rows that beat it on what
    both completed; ``ranks`` is its bootstrap interval; rows that share a letter of ``group`` are
    not separated. ``place`` is the mean rank over cases, failures last. ``inside`` is the share of
    95 % intervals (value ± 1.96 stderr) that hold the truth; ``violations`` counts values beyond a
    bound by more than that. ``done`` of ``expected`` runs gave a figure; ``marks`` says what became
    of the others. ``cost`` is the median time of a run (models and estimator), seconds; ``front``:
    no other row is both better and cheaper.
    """

    row: Row
    rank: int | None = None
    ranks: tuple[int, int] | None = None
    group: str = ""
    score: float | None = None
    interval: Interval | None = None
    median: float | None = None
    bias: float | None = None
    spread: float | None = None
    rmse: float | None = None
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
        return Figure() if value is None else Figure((self.text or number)(value), value)


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
        "score": (s.score, s.interval),
        "median": (s.median, None),
        "bias": (s.bias, None),
        "sd": (s.spread, None),
        "rmse": (s.rmse, None),
        "inside_95": (s.inside, None),
        "violations": (s.violations, None),
        "place": (s.place, None),
        "done": (s.done, None),
        "expected": (s.expected, None),
        "cost_s": (s.cost, None),
        "front": (s.front, None),
    }


def order(losses: Floats, grid: Grid) -> tuple[list[int], NDArray[np.int64]]:
    """Rows best first: by how many rows beat them on what both completed, then by score, then by
    name."""
    flat = losses.reshape(len(losses), -1)
    beaten = st.ranks(st.differences(flat, np.ones((flat.shape[1], 1))), len(flat))[:, 0].astype(
        np.int64
    )
    score = [st.mean(f) for f in flat]
    order = sorted(
        range(len(flat)),
        key=lambda i: (
            score[i] is None,
            beaten[i],
            0.0 if score[i] is None else score[i],
            grid.rows[i].label,
        ),
    )
    return order, beaten


def reordered(grid: Grid, order: list[int]) -> Grid:
    """The grid with its rows in another order."""
    return Grid(
        tuple(grid.rows[i] for i in order),
        grid.cases,
        grid.seeds,
        grid.value[order],
        grid.truth[order],
        grid.stderr[order],
        grid.cost[order],
        tuple(grid.marks[i] for i in order),
        grid.notes,
    )


def verdicts(losses: Floats) -> tuple[st.Verdict, ...]:
    """All pairs of rows, with Holm's correction."""
    pairs = [
        st.verdict(losses[a], losses[b], a, b)
        for a in range(len(losses))
        for b in range(a + 1, len(losses))
    ]
    adjusted = st.holm(np.array([st.or_nan(v.p) for v in pairs]))
    return tuple(
        st.Verdict(
            v.first,
            v.second,
            v.cases,
            v.difference,
            v.low,
            v.high,
            v.p,
            None if v.p is None else float(h),
        )
        for v, h in zip(pairs, adjusted, strict=True)
    )


def separated(verdicts: Iterable[st.Verdict], rows: int) -> NDArray[np.bool_]:
    """Which pairs of rows are separated at the 5 % level: (rows, rows), symmetric."""
    out = np.zeros((rows, rows), bool)
    for v in verdicts:
        if v.holm is not None and v.holm < 1 - st.LEVEL:
            out[v.first, v.second] = out[v.second, v.first] = True
    return out


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


def resolution(test: st.Friedman | None, rows: int) -> tuple[str, ...]:
    """How fine a difference of mean ranks the section resolves."""
    if test is None or test.critical is None or test.p is None:
        return (
            f"{rows} row{'s' * (rows != 1)} on {test.cases if test else 0} case(s): nothing to "
            "tell apart",
        )
    surely = f"Friedman p {test.p:.2g}" if test.p >= 1e-4 else "Friedman p < 0.0001"
    return (
        f"resolves mean ranks that differ by {test.critical:.2f} or more "
        f"(Nemenyi, 5 %, {rows} rows on {test.cases} cases; {surely})",
    )
