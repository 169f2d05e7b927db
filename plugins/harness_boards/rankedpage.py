"""The page of a section that ranks: what its columns show, and which figures are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.tables import number
from harness_boards import casetable, comparison, html, plots, standing
from harness_boards.card import card
from harness_boards.figures import Bars, Figure, Head, best_of, table_of
from harness_boards.standing import PLACE, TIME

if TYPE_CHECKING:
    from harness_boards.sections.base import View
    from harness_boards.sections.ranked import Ranked

TALL = 30
"""Tables of more rows scroll within their box, under a heading that stays."""


def page(section: Ranked, view: View) -> Markup:
    """Standing, plots, cases, and all rows in full."""
    compared = (comparison.verdicts(section, i) for i in range(len(section.rows)))
    return html.render(
        "ranked.html",
        section=section,
        identity=view.identity,
        rows=table_of([s.row for s in section.rows], _figures_of(section)),
        heads=_heads(section),
        tall=len(section.rows) > TALL,
        plots=plots.of_ranked(section, view.identity),
        cases=casetable.of_ranked(section, view.made),
        cards=[
            card(s.row, one, view.contents, said)
            for s, one, said in zip(section.rows, view.made, compared, strict=True)
        ],
        pairs=html.safe_json(comparison.pairs(section)),
    )


def _heads(section: Ranked) -> list[Head]:
    measures = (*section.before, section.steady, *section.after)
    down = "descending" if section.high_wins else "ascending"
    return [
        Head("row", "estimator, with the models before it", left=True),
        Head("rank", "95 % interval of the rank, over cases and seeds"),
        Head("tie", "rows that share a letter are not separated"),
        Head(
            f"{section.score} {section.column.arrow}",
            "mean over the completed cases",
            section.quantity.unit,
            down,
        ),
        Head("95 % interval", "of the mean, over cases and seeds"),
        *(Head(m.name, m.hint, first=m.first) for m in (*measures, PLACE)),
        Head("done", "runs that gave a value", first="descending"),
        Head("time", TIME.hint, "s"),
        Head("front", "no row is both better and cheaper", first="descending"),
    ]


def _figures_of(section: Ranked) -> list[list[Figure]]:
    """The figures of each row; marked are the best of each column among rows that completed
    everything."""
    measures = (*section.before, section.steady, *section.after)
    bars = Bars.of([s.interval for s in section.rows], from_zero=section.with_truth)
    rows = []
    for s in section.rows:
        rank = s.rank if s.ranks is None else sum(s.ranks) / 2
        marks = tuple(f"{n} {mark}" for mark, n in (s.marks or {}).items())
        rows.append(
            [
                Figure(s.apart or standing.span(s.ranks), rank),
                Figure(s.group or "–", s.group or None, "tie"),
                Figure() if s.score is None else Figure(number(s.score), s.score),
                bars.figure(s.score, s.interval),
                *(m.figure(s) for m in (*measures, PLACE)),
                Figure(f"{s.done}/{s.expected}", s.done / max(1, s.expected), marks=marks),
                TIME.figure(s),
                Figure("●" if s.front else "", int(s.front), heard=" yes" if s.front else "no"),
            ]
        )
    first = next((i for i, s in enumerate(section.ranked) if s.done), None)
    if first is not None and len(rows) > 1:
        # The score: who is beaten by the fewest, not who completed only what is easy.
        rows[first][2] = rows[first][2].marked()
    whole = range(len(section.ranked))
    columns = dict(enumerate((*measures, PLACE), start=4)) | {-2: TIME}
    for column, measure in columns.items():
        if measure.badness:
            for i in best_of([(i, rows[i][column].key) for i in whole], measure.badness):
                rows[i][column] = rows[i][column].marked()
    return rows
