"""Standing tables in HTML: one per section, best row first, every figure with the number that it sorts by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from harness.tables import ARROWS, number
from harness_boards.overview import Overview
from harness_boards.standing import Interval, Ranking, Standing
from harness_boards.validity import Predictor, Validity

WIDTH = 100.0
LOGARITHMIC = 30.0
"""Intervals whose ends differ by more than this factor are drawn on a logarithmic scale."""


@dataclass(frozen=True)
class Head:
    """A column's heading; ``first`` is the direction in which a first click sorts."""

    name: str
    hint: str = ""
    unit: str = ""
    first: str = "ascending"
    left: bool = False

    def html(self) -> str:
        """As a ``th``."""
        hint = f" title='{escape(self.hint)}'" if self.hint else ""
        unit = f" <br><span class='unit'>[{escape(self.unit)}]</span>" if self.unit else ""
        left = " class='left'" if self.left else ""
        return (
            f"<th scope='col' data-first='{self.first}'{left}{hint}>{escape(self.name)}{unit}</th>"
        )


@dataclass(frozen=True)
class Figure:
    """A cell: HTML, and what it sorts by (nothing sorts last)."""

    html: str = "–"
    key: float | str | None = None
    names: str = ""
    best: bool = False

    def cell(self) -> str:
        """As a ``td``."""
        key = "" if self.key is None else f" data-v='{escape(_key(self.key))}'"
        text = " data-text" if isinstance(self.key, str) else ""
        names = " ".join(filter(None, (self.names, "best" * self.best)))
        best = "<span class='sr'> best of its column</span>" if self.best else ""
        style = f" class='{names}'" if names else ""
        return f"<td{key}{text}{style}>{self.html}{best}</td>"


def _key(key: float | str) -> str:
    return key if isinstance(key, str) else f"{key:.6g}"


def standing(section: Ranking | Validity, identity: str) -> str:
    """The table of a section; the first cell of each row leads to its card, ``#IDENTITY-rROW``."""
    heads, rows = _validity(section) if isinstance(section, Validity) else _ranking(section)
    body = []
    ranked: Sequence[Standing | Predictor] = section.rows
    for i, (row, cells) in enumerate(zip(ranked, rows, strict=True)):
        words = " ".join((*row.row.models, row.row.estimator))
        link = f"<a href='#{identity}-r{i}'>{escape(row.row.label)}</a>"
        first = f"<th scope='row' data-text data-v='{escape(row.row.label)}'>{link}</th>"
        body.append(
            f"<tr data-words='{escape(words)}'>{first}{''.join(c.cell() for c in cells)}</tr>"
        )
    return (
        f"<table class='standing' id='{identity}-standing'><thead><tr>{''.join(h.html() for h in heads)}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def leaders(section: Ranking | Validity | Overview) -> list[str]:
    """The labels of the first tie group (of a validity section the best measure); an overview ranks nothing."""
    if isinstance(section, Overview):
        return []
    if isinstance(section, Validity):
        return [p.row.label for p in section.rows[:1] if p.spearman is not None]
    # After 26 groups letters are doubled: "a" is the first group, "aa" another.
    return [s.row.label for s in section.rows if s.group[:1] == "a" and s.group[1:2] != "a"]


def _ranking(section: Ranking) -> tuple[list[Head], list[list[Figure]]]:
    accuracy, q = section.kind == "accuracy", section.quantity
    score = "|error|" if accuracy else q.name.replace("_", " ")
    arrow = ARROWS["lower" if accuracy else q.better]
    down = "descending" if not accuracy and q.better == "higher" else "ascending"
    heads = [
        Head("row", "estimator, with the models before it", left=True),
        Head("rank", "95 % interval of the rank, over cases and seeds"),
        Head("tie", "rows that share a letter are not separated"),
        Head(f"{score} {arrow}", "mean over the completed cases", q.unit, down),
        Head("95 % interval", "of the mean, over cases and seeds"),
    ]
    if accuracy:
        heads += [
            Head("median", "of the absolute errors: single divergences do not move it"),
            Head("bias", "mean signed error"),
        ]
    heads.append(Head("sd", "standard deviation over seeds"))
    if accuracy:
        heads += [
            Head("rmse", "root mean squared error of a case, averaged over cases"),
            Head("in 95 %", "share of value ± 1.96 stderr that hold the truth", first="descending"),
            Head("violations", "values beyond a bound by more than their noise"),
        ]
    heads += [
        Head("place", "mean place over cases, failures last"),
        Head("done", "runs that gave a figure", first="descending"),
        Head("time", "median of a run", "s"),
        Head("front", "no row is both better and cheaper", first="descending"),
    ]
    bar = _bars([s.interval for s in section.rows], section)
    rows = [_cells(s, accuracy, bar) for s in section.rows]
    _mark(rows, heads, section, accuracy)
    return heads, rows


def _cells(
    s: Standing, accuracy: bool, bar: Callable[[float | None, Interval | None], str]
) -> list[Figure]:
    lost = " ".join(
        f"<span class='mark'>{n} {escape(mark)}</span>" for mark, n in (s.marks or {}).items()
    )
    span = s.ranks and (
        str(s.ranks[0]) if s.ranks[0] == s.ranks[1] else f"{s.ranks[0]}–{s.ranks[1]}"
    )
    cells = [
        Figure(span or "–", s.rank if s.ranks is None else sum(s.ranks) / 2),
        Figure(s.group or "–", s.group or None, "tie"),
        _figure(s.score),
        Figure(
            bar(s.score, s.interval) + _bounds(s.interval), s.interval[0] if s.interval else None
        ),
    ]
    if accuracy:
        cells += [_figure(s.median), _figure(s.bias)]
    cells.append(_figure(s.spread))
    if accuracy:
        share = Figure() if s.inside is None else Figure(f"{100 * s.inside:.0f} %", s.inside)
        cells += [
            _figure(s.rmse),
            share,
            Figure(str(s.violations), s.violations) if s.done else Figure(),
        ]
    cells += [
        Figure() if s.place is None else Figure(f"{s.place:.1f}", s.place),
        Figure(f"{s.done}/{s.expected} {lost}".strip(), s.done / max(1, s.expected)),
        _figure(s.cost),
        Figure(
            "●<span class='sr'> yes</span>" if s.front else "<span class='sr'>no</span>",
            int(s.front),
        ),
    ]
    return cells


def _figure(value: float | None) -> Figure:
    return Figure() if value is None else Figure(number(value), value)


def _bounds(bounds: Interval | None) -> str:
    return (
        f"<span class='small'>{number(bounds[0])} to {number(bounds[1])}</span>" if bounds else ""
    )


def _mark(rows: list[list[Figure]], heads: list[Head], section: Ranking, accuracy: bool) -> None:
    """Mark the best of each column: the first row for the score, else among the rows that completed everything."""
    names = [h.name for h in heads[1:]]
    first = next((i for i, s in enumerate(section.rows) if s.done), None)
    if first is not None and len(rows) > 1:
        column = 2  # the score: first is who is beaten by the fewest, not who completed only what is easy
        rows[first][column] = replace(rows[first][column], best=True)
    whole = [i for i, s in enumerate(section.rows) if s.done == s.expected]
    badness: dict[str, Callable[[float], float]] = {
        "median": float, "bias": abs, "sd": float, "rmse": float, "in 95 %": lambda v: abs(v - 0.95),
        "violations": float, "place": float, "time": float,
    }  # fmt: skip
    if not accuracy:
        del badness["sd"]  # a steady value is no virtue by itself
    for column, name in enumerate(names):
        if name in badness:
            for i in _least([(i, rows[i][column].key) for i in whole], badness[name]):
                rows[i][column] = replace(rows[i][column], best=True)


def _least(
    keys: Iterable[tuple[int, float | str | None]], badness: Callable[[float], float]
) -> list[int]:
    """Who is best; nobody where all are alike."""
    known = [(i, badness(k)) for i, k in keys if k is not None and not isinstance(k, str)]
    low = min((b for _, b in known), default=math.inf)
    winners = [i for i, b in known if b <= low]
    return winners if len(winners) < len(known) else []


def _bars(
    bounds: Sequence[Interval | None], section: Ranking | Validity
) -> Callable[[float | None, Interval | None], str]:
    """A drawing of value and interval, on one scale for all rows."""
    ends = [e for b in bounds if b for e in b]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    logarithmic = low > 0 and high / low > LOGARITHMIC
    scale: Callable[[float], float] = math.log if logarithmic else float
    if not logarithmic and isinstance(section, Ranking) and section.kind == "accuracy":
        low = min(low, 0.0)
    start, width = scale(low), (scale(high) - scale(low)) or 1.0

    def at(value: float) -> float:
        return 3.0 + (WIDTH - 6.0) * (scale(value) - start) / width

    zero = (
        f"<line class='zero' x1='{at(0.0):.1f}' x2='{at(0.0):.1f}' y1='0' y2='8'/>"
        if low < 0 < high
        else ""
    )

    def drawn(value: float | None, interval: Interval | None) -> str:
        if value is None or interval is None:
            return ""
        a, b = at(interval[0]), at(interval[1])
        dot = (
            f"<circle cx='{at(min(max(value, low), high)):.1f}' cy='4' r='2.6'/>"
            if value > 0 or not logarithmic
            else ""
        )
        return (
            f"<svg class='span' viewBox='0 0 100 8' aria-hidden='true'>{zero}"
            f"<line x1='{a:.1f}' x2='{b:.1f}' y1='4' y2='4'/>{dot}</svg>"
        )

    return drawn


def _validity(section: Validity) -> tuple[list[Head], list[list[Figure]]]:
    heads = [
        Head("measure", left=True),
        Head("quantity", left=True),
        Head("points", "data sets that have both", first="descending"),
        Head("Spearman ↑", "rank correlation with the outcome", first="descending"),
        Head("95 % interval", "of Spearman's, over points and seeds", first="descending"),
        Head(
            "Kendall ↑",
            "share of pairs in the same order less those in the other",
            first="descending",
        ),
        Head("95 % interval of Kendall's", first="descending"),
        Head("time", "median of a run", "s"),
        Head("saving", "how many times cheaper than the outcome", first="descending"),
    ]
    bar = _bars([(-1.0, 1.0)], section)
    rows = [_predictor(p, bar) for p in section.rows]
    for column, badness in ((2, lambda v: -v), (4, lambda v: -v)):
        for i in _least([(i, r[column].key) for i, r in enumerate(rows)], badness):
            rows[i][column] = replace(rows[i][column], best=True)
    return heads, rows


def _predictor(p: Predictor, bar: Callable[[float | None, Interval | None], str]) -> list[Figure]:
    name = p.quantity.name.replace("_", " ")
    found = [Figure(escape(name), name, "left"), Figure(str(p.points), p.points)]
    for value, bounds in ((p.spearman, p.spearman_interval), (p.kendall, p.kendall_interval)):
        found += [
            _figure(value),
            Figure(bar(value, bounds) + _bounds(bounds), bounds[0] if bounds else None),
        ]
    saving = Figure() if p.saving is None else Figure(f"{p.saving:.3g}×", p.saving)
    return [*found, _figure(p.cost), saving]
