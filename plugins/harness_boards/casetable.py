"""The figures of each case: what the embedded data of a page hold, and the first page of the table in plain HTML."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.tables import number
from harness_boards import statistics as st
from harness_boards.grid import INFINITE, NOT_RUN, Case
from harness_boards.provenance import Provenance
from harness_boards.standing import Ranking
from harness_boards.standings import Head
from harness_boards.validity import Validity

PAGE = 25
FACTS = 6
"""Facts with columns of their own; cases of more kinds of facts are told apart by their names."""

Value = str | float | None
BADNESS: dict[str, Callable[[float], float]] = {"abs": abs, "low": float, "high": lambda v: -v}


@dataclass(frozen=True)
class Cases:
    """A table of cases: columns from ``start`` on are rows of the ranking; ``best`` says which of their figures wins.

    Columns before ``facts`` hold what was given, and are printed as it was. ``lost`` says, by position "case,row", what
    became of runs without a figure.
    """

    heads: tuple[Head, ...]
    rows: tuple[tuple[Value, ...], ...]
    facts: int
    start: int
    best: str = ""
    lost: Mapping[str, str] = field(default_factory=dict)
    same: str = ""

    def data(self) -> str:
        """What the script reads, as JSON that is safe inside a script element."""
        plain: dict[str, Any] = {
            "facts": self.facts, "from": self.start, "size": PAGE, "best": self.best, "lost": self.lost,
            "rows": self.rows,
        }  # fmt: skip
        return safe_json(plain)

    def html(self, identity: str) -> str:
        """The table with its first page of cases."""
        body = "".join(self._line(i, row) for i, row in enumerate(self.rows[:PAGE]))
        head = "".join(h.html() for h in self.heads)
        return f"<table class='cases' id='{identity}'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _line(self, index: int, row: tuple[Value, ...]) -> str:
        figures = [v for v in row[self.start :] if isinstance(v, float)]
        badness = BADNESS.get(self.best)
        top = min(map(badness, figures)) if badness and len(figures) > 1 else None
        cells = [f"<th scope='row'>{escape(str(row[0]))}</th>"]
        for column, value in enumerate(row[1:], start=1):
            note = self.lost.get(f"{index},{column - self.start}", "")
            mark = f"<span class='mark'>{escape(note)}</span>" if note else ""
            if isinstance(value, str):
                cells.append(f"<td class='left'>{escape(value)}</td>")
            elif column < self.facts and value is not None:
                cells.append(f"<td>{np.format_float_positional(value, trim='-')}</td>")
            elif value is None:
                cells.append(f"<td>{mark or '–'}</td>")
            else:
                best = column >= self.start and badness is not None and badness(value) == top
                start = "<td class='best'>" if best else "<td>"
                cells.append(f"{start}{number(value)}{' ' * bool(mark)}{mark}</td>")
        return f"<tr>{''.join(cells)}</tr>"


def safe_json(value: Any) -> str:
    """JSON in which nothing can end a script element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def of_ranking(section: Ranking, made: Sequence[Provenance]) -> Cases:
    """Mean error (accuracy) or mean value over the seeds, of each case and row."""
    grid, accuracy = section.grid, section.kind == "accuracy"
    means = st.over_seeds(grid.value - grid.truth if accuracy else grid.value).T
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
    if accuracy:
        heads.append(Head("truth", "mean over the seeds", section.quantity.unit))
        for line, truth in zip(lead, truths, strict=True):
            line.append(_rounded(truth))
    first = "descending" if section.quantity.better == "higher" and not accuracy else "ascending"
    start = len(heads)
    heads += [Head(s.row.label, first=first) for s in section.rows]
    rows = tuple(
        (*line, *map(_rounded, figures)) for line, figures in zip(lead, means, strict=True)
    )
    best = (
        "abs" if accuracy else {"higher": "high", "lower": "low"}.get(section.quantity.better, "")
    )
    return Cases(tuple(heads), rows, facts, start, best, _lost(section, made), same)


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


def _lost(section: Ranking, made: Sequence[Provenance]) -> dict[str, str]:
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
