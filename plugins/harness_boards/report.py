"""A board worked out, and the files made from it: ``table.md``, ``table.csv``, ``table.tex``, ``board.json``.

Everything comes from ``board.toml`` and the records, byte for byte the same: fixed order, fixed formats, no clock.
"""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harness.tables import ARROWS, Cell, Column, Table, number, to_text
from harness_boards import maps
from harness_boards import statistics as st
from harness_boards.definition import Board, Contents
from harness_boards.overview import Overview
from harness_boards.sections import stand
from harness_boards.standing import Ranking, Standing
from harness_boards.validity import Predictor, Validity

READING = {
    "accuracy": (
        "rank: 95 % interval over cases and seeds; rows that share a letter are not separated (paired t tests over "
        "cases, Holm). |error|: mean absolute distance to the truth with its 95 % interval; median: of these, "
        "not moved by single divergences; sd: over seeds. in 95 %: share of value ± 1.96 stderr that hold the "
        "truth. violations: values beyond a bound by more than their noise. "
        "place: mean place over cases, failures last. time: median of a run; ● no row is both better and cheaper."
    ),
    "ranking": (
        "rank: 95 % interval over cases and seeds; rows that share a letter are not separated (paired t tests over "
        "cases, Holm). The value is a mean with its 95 % interval; sd: over seeds. place: mean place over cases, "
        "failures last. time: median of a run; ● no row is both better and cheaper."
    ),
    "validity": (
        "How each measure orders the points as the outcome does: rank correlations with 95 % intervals over points and "
        "seeds. saving: how many times cheaper than the outcome."
    ),
    "overview": "What each measure says of each case: mean ± standard deviation over seeds. Nothing is ranked.",
}
"""How to read each kind of section, under its table."""


@dataclass(frozen=True, eq=False)
class Report:
    """A board with its sections worked out."""

    board: Board
    contents: Contents
    sections: tuple[Ranking | Validity | Overview, ...]

    @property
    def date(self) -> str:
        """The day of the newest record: boards know no clock."""
        return max((r.started for r in self.contents.records), default="")[:10]

    def tables(self) -> list[Table]:
        """The tables of all sections, best row first."""
        return [
            t for s in self.sections for t in (s.tables if isinstance(s, Overview) else [table(s)])
        ]

    def files(self) -> dict[str, bytes]:
        """Names and contents of the generated files, beside the page."""
        made = {
            "table.md": self._markdown(),
            "table.tex": to_text(self.tables(), "latex"),
            "table.csv": self._csv(),
            "board.json": json.dumps(plain(self), indent=1, allow_nan=False, ensure_ascii=False)
            + "\n",
        }
        pictures = {name: maps.picture(drawn) for name, drawn in self.maps().items()}
        return {name: text.encode() for name, text in made.items()} | pictures

    def maps(self) -> dict[str, maps.Maps]:
        """The maps of overview sections by file name."""
        given = {
            i: s.maps for i, s in enumerate(self.sections) if isinstance(s, Overview) and s.maps
        }
        return {
            f"map-{i}-{re.sub('[^a-z0-9]+', '-', m.of.diagnostic.lower())}.svg": m
            for i, m in given.items()
        }

    def _markdown(self) -> str:
        about = f"{self.board.about}\n\n" if self.board.about else ""
        name = self.board.name
        pictures = "".join(f"![{m.caption}]({file})\n\n" for file, m in self.maps().items())
        return (
            f"# {self.board.title}\n\n{about}{to_text(self.tables(), 'markdown')}\n{pictures}"
            f"{len(self.contents.records)} results, the newest of {self.date}. Rebuild: `harness board build {name}`; "
            f"compute what is missing: `harness board run {name}`.\n"
        )

    def _csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            ["section", "kind", "row", "models", "estimator", "measure", "value", "low", "high"]
        )
        for section in self.sections:
            if isinstance(section, Overview):
                for case, cells, columns in (
                    (c, cells, t.columns) for t in section.tables for c, cells in t.rows
                ):
                    for column, cell in zip(columns, cells, strict=True):
                        who = [section.title, "overview", case, "", column.name, "value"]
                        writer.writerow([*who, *map(_exact, (cell.value, None, None))])
                continue
            for row in section.rows:
                who = [
                    section.title,
                    kind(section),
                    row.row.label,
                    "+".join(row.row.models),
                    row.row.estimator,
                ]
                for name, (value, bounds) in measures(row).items():
                    writer.writerow([*who, name, *map(_exact, (value, *(bounds or (None, None))))])
        return out.getvalue()


def make(board: Board) -> Report:
    """Read a board's records and work out its sections. Raises `UsageError` for what is wrong with them."""
    with _collector_paused():
        contents = Contents.of(board.submissions())
        return Report(board, contents, tuple(stand(board, contents)))


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """A hundred thousand records hold no cycles; the collector would look through all of them again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def kind(section: Ranking | Validity | Overview) -> str:
    """``accuracy``, ``ranking``, ``validity`` or ``overview``."""
    return section.kind if isinstance(section, Ranking) else type(section).__name__.lower()


def table(section: Ranking | Validity) -> Table:
    """A section as a table, best row first."""
    if isinstance(section, Validity):
        return _validity_table(section)
    accuracy, q = section.kind == "accuracy", section.quantity
    unit = f" [{q.unit}]" if q.unit else ""
    of = f" of {q.name.replace('_', ' ')}" if accuracy else ""
    columns = [
        Column("rank"),
        Column("tie"),
        Column("|error|", q.unit, "↓") if accuracy else _value_column(section),
    ]
    columns += (
        [
            Column("median"),
            Column("bias"),
            Column("sd"),
            Column("rmse"),
            Column("in 95 %"),
            Column("violations"),
        ]
        if accuracy
        else [Column("sd")]
    )
    columns += [Column("place"), Column("done"), Column("time", "s"), Column("●")]
    best = next((s for s in section.rows if s.done), None)
    rows = tuple((s.row.label, _cells(s, accuracy, s is best)) for s in section.rows)
    counts = ((len(section.grid.cases), "case"), (len(section.grid.seeds), "seed"))
    extent = ", ".join(f"{n} {what}{'s' * (n != 1)}" for n, what in counts)
    title = f"{section.title}: {section.kind}{of}{unit if accuracy else ''}, {extent}"
    about = (section.about,) if section.about else ()
    return Table(
        title, "row", tuple(columns), rows, (*about, *section.notes, READING[section.kind])
    )


def _value_column(section: Ranking) -> Column:
    return Column(
        section.quantity.name.replace("_", " "),
        section.quantity.unit,
        ARROWS[section.quantity.better],
    )


def _cells(s: Standing, accuracy: bool, best: bool) -> tuple[Cell, ...]:
    marks = ", ".join(f"{n} {mark}" for mark, n in (s.marks or {}).items())
    done = Cell(text=f"{s.done}/{s.expected}" + (f" ({marks})" if marks else ""))
    figures = [
        Cell(text=_span(s.ranks)),
        Cell(text=s.group or "–"),
        _figure(s.score, s.interval, best),
    ]
    if accuracy:
        share = Cell(text="–" if s.inside is None else f"{100 * s.inside:.0f} %")
        figures += [
            _figure(s.median),
            _figure(s.bias),
            _figure(s.spread),
            _figure(s.rmse),
            share,
            Cell(text=str(s.violations) if s.done else "–"),
        ]
    else:
        figures.append(_figure(s.spread))
    place = Cell(text="–" if s.place is None else f"{s.place:.1f}")
    return (*figures, place, done, _figure(s.cost), Cell(text="●" if s.front else ""))


def _span(ranks: tuple[int, int] | None) -> str:
    if ranks is None:
        return "–"
    return str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}"


def _figure(
    value: float | None, bounds: tuple[float, float] | None = None, best: bool = False
) -> Cell:
    if value is None:
        return Cell(text="–")
    return Cell(
        value, text=f" [{number(bounds[0])}, {number(bounds[1])}]" if bounds else "", best=best
    )


def _validity_table(section: Validity) -> Table:
    correlations = (Column("Spearman", "", "↑"), Column("Kendall", "", "↑"))
    columns = (
        Column("quantity"),
        Column("points"),
        *correlations,
        Column("time", "s"),
        Column("saving"),
    )
    best = section.rows[0] if section.rows[0].spearman is not None else None
    rows = tuple((p.row.label, _predictor_cells(p, p is best)) for p in section.rows)
    title = f"{section.title}: validity against {section.outcome.replace('_', ' ')}, {len(section.points)} points"
    about = (section.about,) if section.about else ()
    return Table(title, "measure", columns, rows, (*about, *section.notes, READING["validity"]))


def _predictor_cells(p: Predictor, best: bool) -> tuple[Cell, ...]:
    saving = Cell(text="–" if p.saving is None else f"{p.saving:.3g}×")
    return (
        Cell(text=p.quantity.name.replace("_", " ")), Cell(text=str(p.points)),
        _figure(p.spearman, p.spearman_interval, best), _figure(p.kendall, p.kendall_interval), _figure(p.cost), saving,
    )  # fmt: skip


def measures(row: Standing | Predictor) -> dict[str, tuple[Any, tuple[Any, Any] | None]]:
    """All figures of a row by name, each with its interval where it has one."""
    if isinstance(row, Predictor):
        return {
            "spearman": (row.spearman, row.spearman_interval), "kendall": (row.kendall, row.kendall_interval),
            "points": (row.points, None), "cost_s": (row.cost, None), "saving": (row.saving, None),
        }  # fmt: skip
    return {
        "rank": (row.rank, row.ranks), "tie": (row.group or None, None), "score": (row.score, row.interval),
        "median": (row.median, None), "bias": (row.bias, None), "sd": (row.spread, None), "rmse": (row.rmse, None),
        "inside_95": (row.inside, None), "violations": (row.violations, None), "place": (row.place, None),
        "done": (row.done, None), "expected": (row.expected, None), "cost_s": (row.cost, None),
        "front": (row.front, None),
    }  # fmt: skip


def _exact(value: Any) -> Any:
    """Six significant digits: more than any board resolves, fewer than processors differ in."""
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else float(f"{value:.6g}")
    return value


def plain(report: Report) -> dict[str, Any]:
    """The whole report as JSON values: what pages and other programs read."""
    return {
        "schema": 1, "board": report.board.name, "title": report.board.title, "about": report.board.about,
        "date": report.date, "results": len(report.contents.records),
        "plugins": dict(sorted(report.contents.distributions.items())),
        "sections": [_plain(s) for s in report.sections],
    }  # fmt: skip


def _plain(section: Ranking | Validity | Overview) -> dict[str, Any]:
    if isinstance(section, Overview):
        tables = [
            {"title": t.title, "columns": [c.name for c in t.columns],
             "cases": {case: [[_exact(c.value), _exact(c.spread)] for c in cells] for case, cells in t.rows}}
            for t in section.tables
        ]  # fmt: skip
        found: dict[str, Any] = {"kind": "overview", "title": section.title, "about": section.about}
        drawn = {"map": maps.plain(section.maps)} if section.maps else {}
        return found | {"tables": tables, "rows": []} | drawn
    return _validity(section) if isinstance(section, Validity) else _ranking(section)


def _row(row: Standing | Predictor) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": row.row.label, "models": list(row.row.models), "estimator": row.row.estimator,
        "plugin": row.row.plugin, "params": row.row.params,
    }  # fmt: skip
    for name, (value, bounds) in measures(row).items():
        found[name] = _exact(value)
        if bounds is not None:
            found[f"{name}_interval"] = [_exact(b) for b in bounds]
    return found


def _ranking(section: Ranking) -> dict[str, Any]:
    grid, test = section.grid, section.friedman
    accuracy = section.kind == "accuracy"
    error = grid.value - grid.truth if accuracy else grid.value
    mean = st.over_seeds(error)
    rows = [_row(s) | {"marks": dict(s.marks or {})} for s in section.rows]
    for i, row in enumerate(rows):
        row["by_case"] = [_exact(m) for m in mean[i].tolist()]
    return {
        "kind": section.kind, "title": section.title, "about": section.about, "quantity": asdict(section.quantity),
        "seeds": list(grid.seeds),
        "cases": [{"task": c.task, "case": c.name, "facts": dict(c.facts), "truth": t, "params": dict(c.params)}
                  for c, t in zip(grid.cases, _truths(section), strict=True)],
        "rows": rows,
        "pairs": [{"first": v.first, "second": v.second, "cases": v.cases, "difference": _exact(v.difference),
                   "low": _exact(v.low), "high": _exact(v.high), "p": _exact(v.p), "holm": _exact(v.holm)}
                  for v in section.verdicts],
        "friedman_p": _exact(test.p) if test else None, "critical_difference": _exact(test.critical) if test else None,
        "notes": list(section.notes), "reading": READING[section.kind],
    }  # fmt: skip


def _truths(section: Ranking) -> list[float | None]:
    known = st.over_seeds(
        section.grid.truth.transpose(1, 0, 2).reshape(len(section.grid.cases), -1)
    )
    return [_exact(t) for t in known.tolist()]


def _validity(section: Validity) -> dict[str, Any]:
    return {
        "kind": "validity", "title": section.title, "about": section.about, "outcome": section.outcome,
        "unit": section.unit, "points": list(section.points),
        "outcome_values": [_exact(v) for v in section.outcome_values],
        "rows": [_row(p) | {"quantity": p.quantity.name, "values": [_exact(x) for x in p.x]} for p in section.rows],
        "notes": list(section.notes), "reading": READING["validity"],
    }  # fmt: skip


def changes(
    old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> list[tuple[str, str, str, str]]:
    """Rows whose rank, score or coverage differ between two lists of sections (of `plain`): what, row, old, new."""
    before = {(s["title"], r["label"]): r for s in old for r in s["rows"]}
    after = {(s["title"], r["label"]): r for s in new for r in s["rows"]}
    found = []
    for title, name in dict.fromkeys((*after, *before)):
        a, b = (_state(rows.get((title, name))) for rows in (before, after))
        if a != b:
            found.append((title, name, a, b))
    return found


def _state(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    if "spearman" in row:
        value, bounds = row["spearman"], row.get("spearman_interval")
    else:
        value, bounds = row["score"], row.get("rank_interval")
    head = (
        ""
        if "spearman" in row
        else f"rank {_span(bounds and (int(bounds[0]), int(bounds[1])))} {row['tie'] or ''} "
    )
    return f"{head}{'–' if value is None else number(value)} ({row.get('done', row.get('points'))})"
