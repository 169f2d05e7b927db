"""Tables of outputs that a task scored: an overview over the rates, and all scores at each."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

from harness.records import Record, Status
from harness.tables.rows import grouped
from harness.tables.scale import Scale, causes, mark, times
from harness.tables.table import Cell, Column, Table

Rows = dict[str, list[Record]]
Point = tuple[tuple[str, float], ...]
Key = tuple[str, int]
"""Case and seed."""
NAMED = 3
"""So many data sets are named in a title; of more, the number."""


def scored(title: str, records: list[Record], scale: Scale) -> list[Table]:
    """An overview of the ranking quantity, where there are several points, and a table for each."""
    points = sorted({_point(r) for r in records})
    ranking = next(r.quantity for r in records if r.scores)
    overview = [_overview(title, records, points, ranking, scale)] if len(points) > 1 else []
    return overview + [
        _at_point(title, [r for r in records if _point(r) == p], p, ranking, scale) for p in points
    ]


def _point(record: Record) -> Point:
    """The numeric facts of a case: where it lies on the axes that tables and plots have."""
    return tuple((k, v) for k, v in sorted(record.facts.items()) if isinstance(v, int | float))


def _values(records: Iterable[Record], name: str) -> dict[Key, float]:
    return {(r.case, r.seed): r.scores[name] for r in records if name in r.scores}


def _wanted(rows: Rows) -> dict[str, set[Key]]:
    """The cases and seeds that suit each row: all of the table but those that it cannot take."""
    everything = {(r.case, r.seed) for records in rows.values() for r in records}
    return {
        row: everything - {(r.case, r.seed) for r in records if r.status is Status.INCOMPATIBLE}
        for row, records in rows.items()
    }


def ranks(rows: Rows, name: str, better: str) -> dict[str, float]:
    """Mean rank of each row over the cases and seeds (1 is best, ties share a rank).

    A row that lacks a case that suits it has no rank: who ran least must not win.
    """
    by_case = {row: _values(records, name) for row, records in rows.items()}
    wanted = _wanted(rows)
    by_case = {row: mine for row, mine in by_case.items() if mine and wanted[row] <= set(mine)}
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


def _cells(rows: Rows, name: str, scale: Scale) -> dict[str, Cell]:
    """One column: mean and its standard error, the best of those with all their cases marked, gaps
    and partial coverage visible."""
    wanted, factor = _wanted(rows), scale.factor(name)
    found = {
        row: [v * factor for v in _values(records, name).values()] for row, records in rows.items()
    }
    means = {row: statistics.fmean(vs) if vs else math.nan for row, vs in found.items()}
    whole = {row for row, vs in found.items() if len(vs) >= len(wanted[row])}
    best = scale.best(name, [means[row] for row in whole])
    cells = {}
    for row, values in found.items():
        if not values:
            cells[row] = Cell(text=mark(rows[row]))
            continue
        lost = "" if row in whole else f" ({len(values)}/{len(wanted[row])})"
        cells[row] = Cell(means[row], _error(values), lost, row in whole and means[row] == best)
    return cells


def _error(values: list[float]) -> float | None:
    """The standard error of a mean."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    return statistics.stdev(values) / math.sqrt(len(values))


def _overview(
    title: str, records: list[Record], points: list[Point], name: str, scale: Scale
) -> Table:
    better = scale.quantity(name).better
    rows = grouped(records)
    columns: list[Column] = []
    cells: dict[str, list[Cell]] = {row: [] for row in rows}
    for point in points:
        here = {row: [r for r in rs if _point(r) == point] for row, rs in rows.items()}
        means, rank = _cells(here, name, scale), ranks(here, name, better)
        columns.append(Column(_facts(point)))
        for row, cell in means.items():
            standing = f" #{rank[row]:.3g}" if row in rank and cell.value is not None else ""
            cells[row].append(Cell(cell.value, text=standing + cell.text, best=cell.best))
    overall = ranks(rows, name, better)
    order = sorted(rows, key=lambda row: (overall.get(row, math.inf), row))
    note = "#: mean rank over data sets and seeds (1 is best; ties share a rank)"
    if any(row not in overall for row in rows):
        note += "; rows that lack a case have none"
    return Table(
        f"{title}: {scale.column(name)}, {_extent(records)}",
        "estimator",
        tuple(columns),
        tuple((row, tuple(cells[row])) for row in order),
        (note,),
    )


def _at_point(title: str, records: list[Record], point: Point, ranking: str, scale: Scale) -> Table:
    rows = grouped(records)
    names = list(dict.fromkeys(n for r in records for n in r.scores))
    names.sort(key=lambda n: n != ranking)
    heads, timed = times(rows)
    columns = [*(scale.column(n) for n in names), *heads]
    by_name = [_cells(rows, n, scale) for n in names]
    rank = ranks(rows, ranking, scale.quantity(ranking).better)
    order = sorted(rows, key=lambda row: (rank.get(row, math.inf), row))
    body = tuple((row, (*(column[row] for column in by_name), *timed[row])) for row in order)
    spread = any(cell.spread is not None for column in by_name for cell in column.values())
    notes = ("± is the standard error of the mean over data sets and seeds",) if spread else ()
    at = f" at {_facts(point)}" if point else ""
    what = f"{title}{at}, {_extent(records)}"
    return Table(what, "estimator", tuple(columns), body, (*notes, *causes(records)))


def _facts(point: Point) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in point)


def _extent(records: Iterable[Record]) -> str:
    """Over what a figure is averaged: the data sets that gave one."""
    good = [r for r in records if r.scores]
    sources = sorted({r.source for r in good})
    seeds = len({r.seed for r in good})
    over = ", ".join(sources) if len(sources) <= NAMED else f"{len(sources)} data sets"
    over = f"mean over {over}" if len(sources) > 1 else over
    return over if seeds == 1 else f"{over}, {seeds} seeds"
