"""What accuracy and ranking sections share: rows in the order of a loss, how surely, at what
cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from markupsafe import Markup

from harness import Quantity, Record
from harness.tables import Cell, Column, Table, number
from harness_boards import casetable, comparison, html, plots, standing
from harness_boards import statistics as st
from harness_boards.card import card
from harness_boards.contents import Contents
from harness_boards.figures import Bars, Figure, Head, best_of, table_of
from harness_boards.grid import Grid, build
from harness_boards.provenance import Groups, key_of
from harness_boards.sections.base import (
    Definition,
    Section,
    View,
    chosen,
    exact,
    exacts,
    lines,
    plain_row,
    told,
)
from harness_boards.standing import PLACE, TIME, Floats, Measure, Standing

DRAWS = 2000
TALL = 30
"""Tables of more rows scroll within their box, under a heading that stays."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranked(Section):
    """Rows best first, with ``grid`` in the same order; a subclass says what is lost, and what
    is told."""

    before: ClassVar[tuple[Measure, ...]] = ()
    """Measures between the score and the standard deviation over seeds."""
    steady: ClassVar[Measure]
    """The standard deviation over seeds."""
    after: ClassVar[tuple[Measure, ...]] = ()
    """Measures between it and the mean rank."""

    quantity: Quantity
    rows: tuple[Standing, ...]
    grid: Grid
    verdicts: tuple[st.Verdict, ...]
    friedman: st.Friedman | None
    notes: tuple[str, ...]

    # What subclasses say.

    @classmethod
    def select(cls, records: list[Record], quantity: Quantity) -> list[Record]:
        """The records that can be ranked. Raises `UsageError` where there are none."""
        raise NotImplementedError

    @classmethod
    def quantity_of(cls, contents: Contents, definition: Definition) -> Quantity:
        """The quantity that is ranked. Raises `UsageError`."""
        raise NotImplementedError

    @classmethod
    def told(cls, grid: Grid) -> Floats:
        """What is told of each run ``(rows, cases, seeds)``: its signed error, or its value."""
        raise NotImplementedError

    @classmethod
    def size(cls, told: Floats) -> Floats:
        """What is averaged to a score."""
        return told

    @classmethod
    def turn(cls, quantity: Quantity) -> float:
        """-1 where a higher score wins, 1 where a lower one does."""
        return 1.0

    @classmethod
    def figures(cls, grid: Grid, i: int, quantity: Quantity, contents: Contents) -> dict[str, Any]:
        """The fields of `Standing` that belong to this kind."""
        raise NotImplementedError

    @property
    def score(self) -> str:
        """The name of the score."""
        return self.words

    @property
    def extent(self) -> str:
        """What is ranked, as a sentence."""
        raise NotImplementedError

    @property
    def cases_said(self) -> str:
        """What the table of cases holds."""
        raise NotImplementedError

    @property
    def best_case(self) -> str:
        """Which figure of a case is the best: ``abs``, ``low`` or ``high``."""
        raise NotImplementedError

    with_truth: ClassVar[bool] = False
    """Whether the truth is told: a column of the cases, an axis of the plots."""

    # What they share.

    @property
    def words(self) -> str:
        """The quantity's name in words."""
        return self.quantity.name.replace("_", " ")

    @property
    def unit(self) -> str:
        """`` [unit]``, or nothing."""
        return f" [{self.quantity.unit}]" if self.quantity.unit else ""

    @property
    def high_wins(self) -> bool:
        """Whether a higher score is better."""
        return self.turn(self.quantity) < 0

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """Order the rows by their loss: distance to the truth, or value."""
        quantity = cls.quantity_of(contents, definition)
        records = cls.select(chosen(contents, definition), quantity)
        grid = build(records, quantity.name, seeds)
        sign = cls.turn(quantity)
        losses = sign * cls.size(cls.told(grid))
        order, rank = standing.order(losses, grid)
        grid, losses = standing.reordered(grid, order), losses[order]
        weight = st.weights(grid.tasks, len(grid.seeds), DRAWS, rng)
        flat = losses.reshape(len(losses), -1)
        draws = st.means(flat, weight)
        drawn_ranks = st.ranks(st.differences(flat, weight), len(flat))
        verdicts = standing.verdicts(losses)
        some = np.isfinite(flat).any(axis=1)
        groups = (
            st.letters(standing.separated(verdicts, len(flat))) if some.any() else [""] * len(flat)
        )
        test = st.friedman(st.over_seeds(losses)[some]) if some.sum() else None
        places = iter(test.places if test else ())
        costs = np.array([st.or_nan(st.median(c)) for c in grid.cost])
        score = np.array([st.or_nan(st.mean(f)) for f in flat])
        fronts = st.front(score, costs)
        rows = []
        for i, row in enumerate(grid.rows):
            done = int(np.isfinite(losses[i]).sum())
            marks = dict(sorted(grid.marks[i].items()))
            if not done:
                rows.append(Standing(row, done=done, expected=losses[i].size, marks=marks))
                continue
            low, high = np.quantile(drawn_ranks[i], [0.025, 0.975])
            rows.append(
                Standing(
                    row,
                    int(rank[order[i]]),
                    (int(np.floor(low)), int(np.ceil(high))),
                    groups[i],
                    float(sign * score[i]),
                    standing.turned(st.interval(draws[i]), sign),
                    place=next(places),
                    done=done,
                    expected=losses[i].size,
                    marks=marks,
                    cost=None if np.isnan(costs[i]) else float(costs[i]),
                    front=bool(fronts[i]),
                    **cls.figures(grid, i, quantity, contents),
                )
            )
        return cls(
            title=definition.title or quantity.name.replace("_", " "),
            about=definition.about,
            quantity=quantity,
            rows=tuple(rows),
            grid=grid,
            verdicts=verdicts,
            friedman=test,
            notes=(*grid.notes, *standing.resolution(test, int(some.sum()))),
        )

    def leaders(self) -> list[str]:
        """The labels of the first tie group."""
        # After 26 groups letters are doubled: "a" is the first group, "aa" another.
        return [s.row.label for s in self.rows if s.group[:1] == "a" and s.group[1:2] != "a"]

    @property
    def headline(self) -> str:
        """The title of its table, without its extent."""
        return f"{self.title}: {self.kind}"

    @property
    def column(self) -> Column:
        """The heading of the score."""
        raise NotImplementedError

    def tables(self) -> list[Table]:
        """One table, best row first."""
        measures = (*self.before, self.steady, *self.after)
        columns = (
            Column("rank"),
            Column("tie"),
            self.column,
            *(Column(m.name) for m in measures),
            Column("mean rank"),
            Column("done"),
            Column("time", "s"),
            Column("●"),
        )
        best = next((s for s in self.rows if s.done), None)
        rows = tuple((s.row.label, self._cells(s, measures, s is best)) for s in self.rows)
        counts = ((len(self.grid.cases), "case"), (len(self.grid.seeds), "seed"))
        extent = ", ".join(f"{n} {what}{'s' * (n != 1)}" for n, what in counts)
        notes = (*filter(None, (self.about,)), *self.notes, self.reading)
        return [Table(f"{self.headline}, {extent}", "row", columns, rows, notes)]

    def _cells(self, s: Standing, measures: Sequence[Measure], best: bool) -> tuple[Cell, ...]:
        marks = ", ".join(f"{n} {mark}" for mark, n in (s.marks or {}).items())
        return (
            Cell(text=standing.span(s.ranks)),
            Cell(text=s.group or "–"),
            standing.interval_cell(s.score, s.interval, best),
            *(m.cell(s) for m in measures),
            PLACE.cell(s),
            Cell(text=f"{s.done}/{s.expected}" + (f" ({marks})" if marks else "")),
            TIME.cell(s),
            Cell(text="●" if s.front else ""),
        )

    def csv_rows(self) -> Iterator[list[Any]]:
        """All figures of all rows."""
        for s in self.rows:
            yield from lines(s.row, standing.figures(s))

    def plain(self) -> dict[str, Any]:
        """Rows with their figures by case, cases, and all pairs."""
        grid, test = self.grid, self.friedman
        mean = st.over_seeds(self.told(grid))
        truths = st.over_seeds(grid.truth.transpose(1, 0, 2).reshape(len(grid.cases), -1))
        return {
            "kind": self.kind,
            "title": self.title,
            "about": self.about,
            "quantity": asdict(self.quantity),
            "seeds": list(grid.seeds),
            "cases": [
                {
                    "task": c.task,
                    "case": c.name,
                    "facts": dict(c.facts),
                    "truth": exact(t),
                    "params": dict(c.params),
                }
                for c, t in zip(grid.cases, truths.tolist(), strict=True)
            ],
            "rows": [
                plain_row(s.row, standing.figures(s))
                | {"marks": dict(s.marks or {}), "by_case": exacts(mean[i].tolist())}
                for i, s in enumerate(self.rows)
            ],
            "pairs": [
                {
                    "first": v.first,
                    "second": v.second,
                    "cases": v.cases,
                    "difference": exact(v.difference),
                    "low": exact(v.low),
                    "high": exact(v.high),
                    "p": exact(v.p),
                    "holm": exact(v.holm),
                }
                for v in self.verdicts
            ],
            "friedman_p": exact(test.p) if test else None,
            "critical_difference": exact(test.critical) if test else None,
            "notes": list(self.notes),
            "reading": self.reading,
        }

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """Rank, tie, score, coverage, violations, time, traits and how much is verified."""
        bounds = row.get("rank_interval")
        ranks = standing.span(bounds and (int(bounds[0]), int(bounds[1])))
        score = "–" if row["score"] is None else number(row["score"])
        marks = "".join(f", {n} {mark}" for mark, n in row.get("marks", {}).items())
        said = [f"rank {ranks} {row['tie'] or ''} {score} ({row['done']}{marks})"]
        if row.get("violations"):
            said.append(f"{row['violations']} violations")
        return "; ".join([*said, *told(row)])

    def records(self, groups: Groups) -> list[list[Record]]:
        """Those of a row's models, estimator and parameters that measure the quantity of its
        cases."""
        cases, name = {(c.task, c.name) for c in self.grid.cases}, self.quantity.name
        return [
            [
                r
                for r in groups.get(key_of(s.row), [])
                if (r.task, r.case) in cases and (r.quantity == name or name in r.scores)
            ]
            for s in self.rows
        ]

    def page(self, view: View) -> Markup:
        """Standing, plots, cases, and all rows in full."""
        compared = (comparison.verdicts(self, i) for i in range(len(self.rows)))
        return html.render(
            "ranked.html",
            section=self,
            identity=view.identity,
            rows=table_of([s.row for s in self.rows], self._figures_of()),
            heads=self._heads(),
            tall=len(self.rows) > TALL,
            plots=plots.of_ranked(self, view.identity),
            cases=casetable.of_ranked(self, view.made),
            cards=[
                card(s.row, one, view.contents, said)
                for s, one, said in zip(self.rows, view.made, compared, strict=True)
            ],
            pairs=html.safe_json(comparison.pairs(self)),
        )

    def _heads(self) -> list[Head]:
        measures = (*self.before, self.steady, *self.after)
        down = "descending" if self.high_wins else "ascending"
        return [
            Head("row", "estimator, with the models before it", left=True),
            Head("rank", "95 % interval of the rank, over cases and seeds"),
            Head("tie", "rows that share a letter are not separated"),
            Head(
                f"{self.score} {self.column.arrow}",
                "mean over the completed cases",
                self.quantity.unit,
                down,
            ),
            Head("95 % interval", "of the mean, over cases and seeds"),
            *(Head(m.name, m.hint, first=m.first) for m in (*measures, PLACE)),
            Head("done", "runs that gave a value", first="descending"),
            Head("time", TIME.hint, "s"),
            Head("front", "no row is both better and cheaper", first="descending"),
        ]

    def _figures_of(self) -> list[list[Figure]]:
        """The figures of each row; marked are the best of each column among rows that completed
        everything."""
        measures = (*self.before, self.steady, *self.after)
        bars = Bars.of([s.interval for s in self.rows], from_zero=self.with_truth)
        rows = []
        for s in self.rows:
            rank = s.rank if s.ranks is None else sum(s.ranks) / 2
            marks = tuple(f"{n} {mark}" for mark, n in (s.marks or {}).items())
            rows.append(
                [
                    Figure(standing.span(s.ranks), rank),
                    Figure(s.group or "–", s.group or None, "tie"),
                    Figure() if s.score is None else Figure(number(s.score), s.score),
                    bars.figure(s.score, s.interval),
                    *(m.figure(s) for m in (*measures, PLACE)),
                    Figure(f"{s.done}/{s.expected}", s.done / max(1, s.expected), marks=marks),
                    TIME.figure(s),
                    Figure("●" if s.front else "", int(s.front), heard=" yes" if s.front else "no"),
                ]
            )
        first = next((i for i, s in enumerate(self.rows) if s.done), None)
        if first is not None and len(rows) > 1:
            # The score: who is beaten by the fewest, not who completed only what is easy.
            rows[first][2] = rows[first][2].marked()
        whole = [i for i, s in enumerate(self.rows) if s.done == s.expected]
        columns = dict(enumerate((*measures, PLACE), start=4)) | {-2: TIME}
        for column, measure in columns.items():
            if measure.badness:
                for i in best_of([(i, rows[i][column].key) for i in whole], measure.badness):
                    rows[i][column] = rows[i][column].marked()
        return rows
