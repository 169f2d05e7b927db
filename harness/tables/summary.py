"""Records to tables: who is where, at a glance.

Scored outputs (selections ...) give one overview of the ranking quantity over the numeric facts of
the cases (a compression rate, say), then a table of all scores at each of them. Estimates give one
table of cases against estimators, with the truth beside them. Failures stay visible.
"""

from __future__ import annotations

import fnmatch
import math
import re
import statistics
from collections.abc import Callable, Iterable
from typing import Any

from harness.records import Record, Records, Status
from harness.specs import Quantity
from harness.tables.table import Cell, Column, Table

ARROWS = {"higher": "↑", "lower": "↓", "truth": "", "none": ""}
BITS = 1 / math.log(2)
WIDE = 7
"""More columns than this do not fit a terminal: the table of estimates is turned."""

Declared = Callable[[str], Quantity]


def tables(records: Records, quantity: Declared, unit: str = "nats") -> list[Table]:
    """All tables of a set of records, task by task.

    Parameters
    ----------
    quantity : looks up the declaration of a quantity (`Registry.quantity`).
    unit : ``nats`` or ``bits``, for what is measured in nats.
    """
    found: list[Table] = []
    for task in dict.fromkeys(r.task for r in records):
        mine = records.where(task=task)
        scored = [
            r for r in mine if r.scores or (r.status is not Status.OK and _asked_scores(r, mine))
        ]
        plain = [r for r in mine if r not in scored]
        scale = _Scale(quantity, unit)
        if any(r.scores for r in scored):
            found += _scored(task, scored, scale)
        if plain:
            found.append(_estimates(task, plain, scale))
    return found


def _asked_scores(record: Record, others: Records) -> bool:
    """A failed record belongs to the scored ones if its quantity is theirs."""
    return any(o.scores and o.quantity == record.quantity for o in others)


class _Scale:
    """Declarations of quantities, and the unit they are printed in."""

    def __init__(self, quantity: Declared, unit: str) -> None:
        self.quantity, self._unit = quantity, unit

    def unit(self, name: str) -> str:
        unit = self.quantity(name).unit
        return "bits" if unit == "nats" and self._unit == "bits" else unit

    def factor(self, name: str) -> float:
        return BITS if self.unit(name) == "bits" else 1.0

    def column(self, name: str) -> Column:
        return Column(name.replace("_", " "), self.unit(name), ARROWS[self.quantity(name).better])

    def best(self, name: str, values: Iterable[float]) -> float | None:
        better, finite = self.quantity(name).better, [v for v in values if not math.isnan(v)]
        if len(finite) < 2 or better not in ("higher", "lower"):
            return None
        return max(finite) if better == "higher" else min(finite)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a full name, or its bare part, fits one of the globs; no globs let everything
    pass."""
    patterns = tuple(patterns)
    return not patterns or any(
        fnmatch.fnmatch(name, p) or fnmatch.fnmatch(name.rpartition("/")[2], p) for p in patterns
    )


def label(record: Record) -> str:
    """The row of a record: its estimator, with the models that stand before it."""
    bare = [name.rpartition("/")[2] for name in (*record.models, record.estimator)]
    return " ▸ ".join(bare)


def _rows(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Records by row; where all share one chain of models it is left out of the labels."""
    found: dict[str, list[Record]] = {}
    records = list(records)
    shared = len({r.models for r in records}) == 1
    for record in records:
        bare = record.estimator.rpartition("/")[2]
        found.setdefault(bare if shared else label(record), []).append(record)
    names = {r.estimator for r in records}
    if len({n.rpartition("/")[2] for n in names}) < len(names):  # one bare name, two plugins
        found = {}
        for record in records:
            found.setdefault(" ▸ ".join((*record.models, record.estimator)), []).append(record)
    return found


def _point(record: Record) -> tuple[tuple[str, float], ...]:
    """The numeric facts of a case: where it lies on the axes that tables and plots have."""
    return tuple((k, v) for k, v in sorted(record.facts.items()) if isinstance(v, int | float))


def _scored(task: str, records: list[Record], scale: _Scale) -> list[Table]:
    points = sorted({_point(r) for r in records})
    ranking = next(r.quantity for r in records if r.scores)
    overview = _overview(task, records, points, ranking, scale) if len(points) > 1 else []
    return overview + [
        _at_point(task, [r for r in records if _point(r) == p], p, ranking, scale) for p in points
    ]


def _mean(records: list[Record], name: str, scale: _Scale) -> float:
    values = [r.scores[name] for r in records if name in r.scores]
    return statistics.fmean(values) * scale.factor(name) if values else math.nan


def _failed(records: list[Record]) -> str:
    """The mark of a cell without a figure."""
    bad = [r.status.value for r in records if r.status is not Status.OK]
    return bad[0] if bad else "–"


def _cells(rows: dict[str, list[Record]], name: str, scale: _Scale) -> dict[str, Cell]:
    """One column: the mean per row, the best marked, gaps and partial coverage visible."""
    means = {row: _mean(rs, name, scale) for row, rs in rows.items()}
    best = scale.best(name, means.values())
    cells = {}
    for row, value in means.items():
        records = rows[row]
        lost = sum(r.status is not Status.OK for r in records)
        if math.isnan(value):
            cells[row] = Cell(text=_failed(records))
        else:
            cells[row] = Cell(
                value,
                text=f" ({len(records) - lost}/{len(records)})" if lost else "",
                best=value == best,
            )
    return cells


def places(rows: dict[str, list[Record]], name: str, better: str) -> dict[str, float]:
    """Mean place of each row over the cases and seeds that every row completed (1 is best, ties
    share)."""
    by_case = {
        row: {(r.case, r.seed): r.scores[name] for r in rs if name in r.scores}
        for row, rs in rows.items()
    }
    by_case = {row: cases for row, cases in by_case.items() if cases}
    common = set.intersection(*(set(c) for c in by_case.values())) if by_case else set()
    total = dict.fromkeys(by_case, 0.0)
    for key in common:
        for row, cases in by_case.items():
            mine = cases[key]
            ahead = sum(
                c[key] > mine if better == "higher" else c[key] < mine for c in by_case.values()
            )
            equal = sum(c[key] == mine for c in by_case.values())
            total[row] += ahead + (equal + 1) / 2
    return {row: t / len(common) for row, t in total.items()} if common else {}


def _overview(
    task: str,
    records: list[Record],
    points: list[tuple[tuple[str, float], ...]],
    name: str,
    scale: _Scale,
) -> list[Table]:
    better = scale.quantity(name).better
    rows = _rows(records)
    columns: list[Column] = []
    cells: dict[str, list[Cell]] = {row: [] for row in rows}
    for point in points:
        here = {row: [r for r in rs if _point(r) == point] for row, rs in rows.items()}
        means, place = _cells(here, name, scale), places(here, name, better)
        columns.append(Column(_facts(point)))
        for row, cell in means.items():
            standing = f" #{place[row]:.3g}" if row in place and cell.value is not None else ""
            cells[row].append(Cell(cell.value, text=standing + cell.text, best=cell.best))
    overall = places(rows, name, better)
    order = sorted(rows, key=lambda row: (overall.get(row, math.inf), row))
    column = scale.column(name)
    title = f"{task}: {column}, {_extent(records)}"
    note = "#: mean place over data sets and seeds (1 is best; ties share a place)"
    return [
        Table(
            title, "estimator", tuple(columns), tuple((r, tuple(cells[r])) for r in order), (note,)
        )
    ]


def _at_point(
    task: str,
    records: list[Record],
    point: tuple[tuple[str, float], ...],
    ranking: str,
    scale: _Scale,
) -> Table:
    rows = _rows(records)
    names = list(dict.fromkeys(n for r in records for n in r.scores))
    names.sort(key=lambda n: n != ranking)
    columns = [scale.column(n) for n in names] + [Column("time", "s")]
    by_name = [_cells(rows, n, scale) for n in names]
    by_name.append({row: _seconds(rs) for row, rs in rows.items()})
    place = places(rows, ranking, scale.quantity(ranking).better)
    order = sorted(rows, key=lambda row: (place.get(row, math.inf), row))
    at = f" at {_facts(point)}" if point else ""
    body = tuple((row, tuple(column[row] for column in by_name)) for row in order)
    return Table(
        f"{task}{at}, {_extent(records)}", "estimator", tuple(columns), body, _causes(records)
    )


def _seconds(records: list[Record]) -> Cell:
    times = [r.wall_s for r in records if r.wall_s is not None]
    return Cell(statistics.median(times)) if times else Cell(text="–")


def _facts(point: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in point)


def _extent(records: Iterable[Record]) -> str:
    """Over what a figure is averaged."""
    records = list(records)
    sources = sorted({r.source for r in records})
    seeds = len({r.seed for r in records})
    over = sources[0] if len(sources) == 1 else f"mean over {len(sources)} data sets"
    return over if seeds == 1 else f"{over}, {seeds} seeds"


def _estimates(task: str, records: list[Record], scale: _Scale) -> Table:
    rows = _rows(records)
    # Who suits none of the data needs no column: the note below says so.
    suited = {
        row: rs for row, rs in rows.items() if any(r.status is not Status.INCOMPATIBLE for r in rs)
    }
    rows = suited or rows
    cases = list(dict.fromkeys(r.case for r in records))
    quantities = {row: rs[0].quantity for row, rs in rows.items()}
    shared = len(set(quantities.values())) == 1
    seeds = len({r.seed for r in records})
    grid = {
        (row, case): _estimate([r for r in rs if r.case == case], scale)
        for row, rs in rows.items()
        for case in cases
    }
    unit = scale.unit(next(iter(quantities.values())))
    truths = (
        {r.case: r.truth * scale.factor(r.quantity) for r in records if r.truth is not None}
        if shared
        else {}
    )
    spread = any(cell.spread is not None for cell in grid.values())
    notes = [_meaning(seeds)] if spread else []
    notes += _causes(records)
    what = f"{next(iter(quantities.values())).replace('_', ' ')}" if shared else "estimates"
    title = f"{task}: {what}" + (f" [{unit}]" if shared and unit else "")
    if shared and len(rows) > WIDE and len(cases) <= WIDE:
        body = [(row, tuple(grid[row, case] for case in cases)) for row in rows]
        if truths:
            body.insert(0, ("truth", tuple(_known(truths, case) for case in cases)))
        return Table(title, "estimator", tuple(Column(c) for c in cases), tuple(body), tuple(notes))
    columns = [Column(row, "" if shared else scale.unit(quantities[row])) for row in rows]
    if truths:
        columns.insert(0, Column("truth"))
    body = []
    for case in cases:
        cells = [grid[row, case] for row in rows]
        body.append((case, tuple([_known(truths, case), *cells] if truths else cells)))
    return Table(title, "case", tuple(columns), tuple(body), tuple(notes))


def _meaning(seeds: int) -> str:
    """What stands behind the ± of a table of estimates."""
    return (
        "± is the estimator's own standard error"
        if seeds == 1
        else f"mean ± standard deviation over {seeds} seeds"
    )


def _known(truths: dict[str, float], case: str) -> Cell:
    return Cell(truths[case]) if case in truths else Cell(text="–")


def _estimate(records: list[Record], scale: _Scale) -> Cell:
    good = [r for r in records if r.value is not None]
    if not good:
        return Cell(text=_failed(records))
    factor = scale.factor(good[0].quantity)
    values = [r.value * factor for r in good if r.value is not None]
    lost = f" ({len(good)}/{len(records)})" if len(good) < len(records) else ""
    if len(values) == 1:
        stderr = good[0].stderr
        return Cell(values[0], None if stderr is None else stderr * factor, text=lost)
    finite = all(map(math.isfinite, values))
    return Cell(statistics.fmean(values), statistics.stdev(values) if finite else None, text=lost)


def _causes(records: Iterable[Record]) -> tuple[str, ...]:
    """Why figures are missing: one line per cause, with the rows it concerns; causes that differ
    in numbers are one."""
    causes: dict[tuple[str, str], list[Record]] = {}
    for r in records:
        if r.status is not Status.OK:
            causes.setdefault((r.status.value, re.sub(r"[\d.]+", "#", _first_line(r))), []).append(
                r
            )
    return tuple(
        f"{status} ×{len(rs)}: {_first_line(rs[0])} ({', '.join(dict.fromkeys(map(label, rs)))})"
        for (status, _), rs in causes.items()
    )


def _first_line(record: Record) -> str:
    return (record.cause or "").partition("\n")[0]


def long_rows(records: Records) -> list[dict[str, Any]]:
    """One row per record and quantity, for CSV."""
    rows = []
    for r in records:
        common = {
            "key": r.key,
            "task": r.task,
            "case": r.case,
            "models": "+".join(r.models),
            "estimator": r.estimator,
            "seed": r.seed,
            "status": r.status.value,
            "cause": r.cause or "",
            "wall_s": r.wall_s,
            "cpu_s": r.cpu_s,
            "peak_mib": r.peak_mib,
            "n": r.n,
            "fingerprint": r.fingerprint,
        }
        values: dict[str, float | None] = dict(r.scores) or {r.quantity: r.value}
        for name, value in values.items():
            own = name == r.quantity
            rows.append(
                {
                    **common,
                    "quantity": name,
                    "value": value,
                    "stderr": r.stderr if own else None,
                    "truth": r.truth if own else None,
                    "error": r.error if own else None,
                }
            )
    return rows
