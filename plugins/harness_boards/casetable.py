"""The figures of each case: what the embedded data of a page hold, and its first page as a
table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from harness_boards import statistics as st
from harness_boards.figures import Head, decimals, fixed
from harness_boards.grid import INFINITE, NOT_RUN, Case
from harness_boards.html import safe_json
from harness_boards.provenance import Provenance

if TYPE_CHECKING:
    from harness_boards.sections.ranked import Ranked
    from harness_boards.sections.validity import Validity

PAGE = 25
FACTS = 6
"""Facts with columns of their own; cases of more kinds of facts are told apart by their names."""

Value = str | float | None
BADNESS: dict[str, Callable[[float], float]] = {"abs": abs, "low": float, "high": lambda v: -v}


@dataclass(frozen=True)
class Cell:
    """A cell of the table, with what became of runs without a figure."""

    text: str = "–"
    names: str = ""
    mark: str = ""
    full: str = ""
    """All digits, for those who point at it."""


@dataclass(frozen=True)
class Cases:
    """A table of cases: columns from ``start`` on are rows of the ranking.

    ``best`` says which of their figures wins. Columns before ``facts`` hold what was given, and are
    printed as it was. ``lost`` says, by position "case,row", what became of runs without a figure;
    ``same`` which facts all cases share; ``decimals``, for each case, how many decimals of each of
    its figures its error lets read (None: four significant digits).
    """

    heads: tuple[Head, ...]
    rows: tuple[tuple[Value, ...], ...]
    facts: int
    start: int
    best: str = ""
    lost: Mapping[str, str] = field(default_factory=dict)
    same: str = ""
    decimals: tuple[tuple[int | None, ...], ...] = ()

    def data(self) -> Markup:
        """What the script reads, as JSON that is safe inside a script element."""
        return safe_json(
            {
                "facts": self.facts,
                "from": self.start,
                "size": PAGE,
                "best": self.best,
                "lost": self.lost,
                "rows": self.rows,
                "decimals": self.decimals,
            }
        )

    @property
    def shown(self) -> str:
        """Which cases the first page holds."""
        return f"1–{min(len(self.rows), PAGE)} of {len(self.rows)}"

    @property
    def whole(self) -> bool:
        """Whether the first page holds all cases."""
        return len(self.rows) <= PAGE

    def lines(self) -> list[tuple[str, list[Cell]]]:
        """The first page: the name of each case, and its other cells."""
        return [(str(row[0]), self._cells(i, row)) for i, row in enumerate(self.rows[:PAGE])]

    def _cells(self, index: int, row: tuple[Value, ...]) -> list[Cell]:
        figures = [v for v in row[self.start :] if isinstance(v, float)]
        badness = BADNESS.get(self.best)
        top = min(map(badness, figures)) if badness and len(figures) > 1 else None
        cells = []
        for column, value in enumerate(row[1:], start=1):
            mark = self.lost.get(f"{index},{column - self.start}", "")
            if isinstance(value, str):
                cells.append(Cell(value, "left"))
            elif column < self.facts and value is not None:
                cells.append(Cell(np.format_float_positional(value, trim="-")))
            elif value is None:
                cells.append(Cell("" if mark else "–", mark=mark))
            else:
                best = column >= self.start and badness is not None and badness(value) == top
                own = self.decimals[index] if self.decimals and column >= self.start else ()
                text = fixed(value, own[column - self.start] if own else None)
                full = f"{value:.6g}" if own else ""
                cells.append(Cell(text, "best" if best else "", mark, full))
        return cells


def of_ranked(section: Ranked, made: Sequence[Provenance]) -> Cases:
    """Mean error or value over the seeds, of each case and row."""
    from harness_boards.sections.base import exact

    grid = section.grid
    means = st.over_seeds(section.told(grid)).T
    truths = st.over_seeds(grid.truth.transpose(1, 0, 2).reshape(len(grid.cases), -1))
    names, same = _facts(grid.cases)
    tasks = {c.task for c in grid.cases}
    heads = [Head("case", left=True), *(Head(n, left=_textual(n, grid.cases)) for n in names)]
    lead: list[list[Value]] = [
        [
            c.name if len(tasks) == 1 else f"{c.task.rpartition('/')[2]}: {c.name}",
            *(_fact(c.facts.get(n)) for n in names),
        ]
        for c in grid.cases
    ]
    facts = len(heads)
    if section.with_truth:
        heads.append(Head("truth", "mean over the seeds", section.quantity.unit))
        for line, truth in zip(lead, truths, strict=True):
            line.append(_rounded(truth))
    first = "descending" if section.high_wins else "ascending"
    start = len(heads)
    heads += [Head(s.row.label, first=first) for s in section.rows]
    rows = tuple((*line, *map(exact, figures)) for line, figures in zip(lead, means, strict=True))
    reach = _errors(section).T
    shown = tuple(
        tuple(map(decimals, *pair)) for pair in zip(means.tolist(), reach.tolist(), strict=True)
    )
    return Cases(
        tuple(heads), rows, facts, start, section.best_case, _lost(section, made), same, shown
    )


def _errors(section: Ranked) -> NDArray[np.float64]:
    """The standard error of each mean over seeds ``(rows, cases)``; of one seed what its method
    states, NaN where it states none."""
    grid = section.grid
    told = section.told(grid)
    count = np.isfinite(told).sum(axis=2)
    off = told - st.over_seeds(told)[..., None]
    squares = np.nansum(np.where(np.isfinite(off), off, 0.0) ** 2, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(squares / (count - 1) / count)
    stated = st.over_seeds(grid.stderr)
    return np.where(count > 1, spread, stated)


def of_validity(section: Validity) -> Cases:
    """Outcome and measures at each point."""
    heads = [
        Head("point", left=True),
        Head(section.outcome.replace("_", " "), "the outcome", section.unit),
    ]
    heads += [Head(p.row.label) for p in section.rows]
    rows = tuple(
        (
            point,
            _rounded(outcome),
            *(_rounded(math.nan if p.x[i] is None else p.x[i]) for p in section.rows),
        )
        for i, (point, outcome) in enumerate(
            zip(section.points, section.outcome_values, strict=True)
        )
    )
    return Cases(tuple(heads), rows, 1, 2)


def _rounded(value: Any) -> float | None:
    """Four significant digits, as printed: a page of 100,000 results stays small."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _fact(value: Any) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None if value is None else str(value)
    return _rounded(value) if isinstance(value, float) else value


def _facts(cases: Sequence[Case]) -> tuple[list[str], str]:
    """The facts that differ between cases, and those that do not in words."""
    names = list(dict.fromkeys(name for c in cases for name in c.facts))
    values = {name: {c.facts.get(name) for c in cases} for name in names}
    moving = [n for n in names if len(values[n]) > 1]
    same = ", ".join(f"{n} {next(iter(values[n]))}" for n in names if len(values[n]) == 1)
    return (moving if len(moving) <= FACTS else []), same


def _textual(name: str, cases: Sequence[Case]) -> bool:
    return any(isinstance(c.facts.get(name), str) for c in cases)


def _lost(section: Ranked, made: Sequence[Provenance]) -> dict[str, str]:
    grid = section.grid
    done: NDArray[np.int64] = np.isfinite(grid.value).sum(axis=2)
    found = {}
    seeds = len(grid.seeds)
    for i, j in zip(*np.nonzero(seeds > done.T), strict=True):
        case = grid.cases[i]
        at_hand = grid.marks[j]
        default = next((m for m in (NOT_RUN, INFINITE) if m in at_hand), next(iter(at_hand), ""))
        mark = made[j].lost.get((case.task, case.name), default)
        found[f"{i},{j}"] = mark if not done[j, i] else f"{done[j, i]}/{seeds}: {mark}"
    return found
