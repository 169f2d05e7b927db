"""The page of a section that ranks: what its columns show, and which figures are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from harness_boards import casetable, comparison, heatmap, html, plots, standing
from harness_boards.card import card
from harness_boards.figures import FEW, Bars, Figure, Head, best_of, brief, reach, table_of
from harness_boards.standing import PLACE, TIME, Measure

if TYPE_CHECKING:
    from harness_boards.sections.base import View
    from harness_boards.sections.ranked import Ranked

TALL = 30
"""Tables of more rows scroll within their box, under a heading that stays."""


def page(section: Ranked, view: View) -> Markup:
    """Standing, plots, cases, and all rows in full."""
    compared = (comparison.verdicts(section, i) for i in range(len(section.rows)))
    lines = table_of([s.row for s in section.rows], _figures_of(section))
    split = len(section.ranked)
    return html.render(
        "ranked.html",
        section=section,
        identity=view.identity,
        home=view.home,
        rows=lines[:split] or lines,
        others=[
            (line, s.apart, brief(s.score, reach(s.interval)) if s.score is not None else "–")
            for line, s in zip(lines[split:], section.rows[split:], strict=True)
            if split and s.done
        ],
        unsuited=[
            line
            for line, s in zip(lines[split:], section.rows[split:], strict=True)
            if split and not s.done
        ],
        heads=_heads(section),
        tall=split > TALL,
        heat=heatmap.of_ranked(section),
        plots=plots.of_ranked(section, view.identity),
        cases=casetable.of_ranked(section, view.made),
        cards=[
            card(s.row, one, view.contents, said)
            for s, one, said in zip(section.rows, view.made, compared, strict=True)
        ],
        pairs=html.safe_json(comparison.pairs(section)),
    )


def _measures(section: Ranked) -> tuple[Measure, ...]:
    return (*section.before, section.steady, *section.after, PLACE)


def _heads(section: Ranked) -> list[Head]:
    down = "descending" if section.high_wins else "ascending"
    return [
        Head("row", "estimator, with the models before it", left=True),
        Head("rank", "the ranks that the verdicts leave open, for all rows at once (95 %)"),
        Head("tie", "rows that share a letter are not separated", more=not section.ties),
        Head(
            f"{section.score} {section.column.arrow}",
            "mean over the cases",
            section.quantity.unit,
            down,
        ),
        Head("95 % interval", "of the mean, over clusters"),
        *(
            Head(section.named(m), m.hint, first=m.first, more=m not in section.first)
            for m in _measures(section)
        ),
        Head("done", "runs that gave a value", first="descending"),
        Head("time", TIME.hint, "s"),
        Head("front", "no ranked row is both better and cheaper", first="descending", more=True),
    ]


def _figures_of(section: Ranked) -> list[list[Figure]]:
    """The figures of each row; marked are the best of each column among the ranked."""
    measures = _measures(section)
    bars = Bars.of([s.interval for s in section.ranked], from_zero=section.with_truth)
    rows = []
    for s in section.rows:
        rank = s.rank if s.ranks is None else sum(s.ranks) / 2
        marks = tuple(f"{n} {mark}" for mark, n in (s.marks or {}).items())
        score = Figure()
        if s.score is not None:
            score = Figure(brief(s.score, reach(s.interval)), s.score, full=f"{s.score:.6g}")
        rows.append(
            [
                Figure(s.apart or standing.span(s.ranks), rank),
                Figure(s.group or "–", s.group or None, "tie"),
                score,
                bars.figure(s.score, s.interval),
                *(m.figure(s) for m in measures),
                Figure(f"{s.done}/{s.expected}", s.done / max(1, s.expected), marks=marks),
                TIME.figure(s),
                Figure("●" if s.front else "", int(s.front), heard=" yes" if s.front else "no"),
            ]
        )
    leaders = section.leaders()
    for i, s in enumerate(section.ranked):
        if len(leaders) <= FEW and s.row.label in leaders and len(rows) > 1:
            rows[i][2] = rows[i][2].marked()
    whole = range(len(section.ranked))
    columns = dict(enumerate(measures, start=4)) | {-2: TIME}
    for column, measure in columns.items():
        if measure.badness:
            for i in best_of([(i, rows[i][column].key) for i in whole], measure.badness):
                rows[i][column] = rows[i][column].marked()
    hidden = [i for i, head in enumerate(_heads(section)[1:]) if head.more]
    for row in rows:
        for i in hidden:
            row[i] = row[i].moved()
    return rows
