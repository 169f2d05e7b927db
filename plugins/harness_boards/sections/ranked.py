"""What accuracy and ranking sections share: rows in the order of a loss, how surely, at what
cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from markupsafe import Markup

from harness import Quantity, Record
from harness.tables import Cell, Column, Table, number
from harness_boards import comparison, findings, rankedpage, standing
from harness_boards import statistics as st
from harness_boards.contents import Contents
from harness_boards.grid import Grid, build
from harness_boards.losses import Rule, by_case, differ
from harness_boards.pairs import compare
from harness_boards.provenance import Groups, key_of
from harness_boards.sections.base import (
    Definition,
    Section,
    View,
    bounds_of,
    chosen,
    lines,
    told,
)
from harness_boards.signflips import grouped
from harness_boards.standing import PLACE, TIME, Floats, Interval, Measure, Standing

DRAWS = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranked(Section):
    """Rows best first, with ``grid`` in the same order; a subclass says what is lost, and what
    is told."""

    before: ClassVar[tuple[Measure, ...]] = ()
    """Measures between the score and the standard deviation over seeds."""
    options: ClassVar[Mapping[str, Any]] = {"sweep": bool, "controls": dict, "limit": str}
    first: ClassVar[tuple[Measure, ...]] = ()
    """Measures that the page shows at once; the others are shown on demand."""
    steady: ClassVar[Measure]
    """The standard deviation over seeds."""
    after: ClassVar[tuple[Measure, ...]] = ()
    """Measures between it and the mean rank."""

    quantity: Quantity
    rows: tuple[Standing, ...]
    grid: Grid
    verdicts: tuple[st.Verdict, ...]
    """Of the ranked rows, which come first."""
    clusters: int
    rule: Rule | None
    controls: tuple[tuple[str, str], ...] = ()
    """Rows with the row that each is to be compared with."""
    p: float | None
    """Of Iman and Davenport's test that all ranked rows are equal."""
    notes: tuple[str, ...]

    # What subclasses say.

    @classmethod
    @abstractmethod
    def select(cls, records: list[Record], quantity: Quantity) -> list[Record]:
        """The records that can be ranked. Raises `UsageError` where there are none."""

    @classmethod
    @abstractmethod
    def quantity_of(cls, contents: Contents, definition: Definition) -> Quantity:
        """The quantity that is ranked. Raises `UsageError`."""

    @classmethod
    @abstractmethod
    def told(cls, grid: Grid) -> Floats:
        """What is told of each run ``(rows, cases, seeds)``: its signed error, or its value."""

    @classmethod
    def rule_of(cls, definition: Definition, grid: Grid, quantity: Quantity) -> Rule | None:
        """Tolerance and ceiling, where errors are scored."""
        return None

    @classmethod
    @abstractmethod
    def lost(cls, grid: Grid, quantity: Quantity, rule: Rule | None) -> Floats:
        """The loss of each run ``(rows, cases, seeds)``, lower is better: the worst there is where
        it failed, NaN where it was not made."""

    @classmethod
    def by_ranks(cls, quantity: Quantity) -> bool:
        """Whether verdicts compare ranks of the differences: where no bound holds the values."""
        return False

    @classmethod
    def reach_of(cls, quantity: Quantity, rule: Rule | None) -> Interval:
        """The least and the largest loss."""
        return -np.inf, np.inf

    @classmethod
    def said(cls, rule: Rule | None) -> tuple[str, ...]:
        """What the notes say of the rule."""
        return ()

    def cut(self, told: Floats) -> Floats:
        """What is told, held within the ceiling: so that a divergence does not flatten a plot."""
        ceiling = self.rule.ceiling if self.rule else np.inf
        return np.asarray(np.clip(told, -ceiling, ceiling))

    def shown(self, told: Floats) -> Floats:
        """What a plot shows of it."""
        return np.abs(self.cut(told)) if self.with_truth else told

    @classmethod
    def turn(cls, quantity: Quantity) -> float:
        """-1 where a higher score wins, 1 where a lower one does."""
        return 1.0

    @classmethod
    @abstractmethod
    def figures(
        cls, grid: Grid, i: int, quantity: Quantity, contents: Contents, rule: Rule | None
    ) -> dict[str, Any]:
        """The fields of `Standing` that belong to this kind."""

    @property
    def score(self) -> str:
        """The name of the score."""
        return self.words

    @property
    @abstractmethod
    def extent(self) -> str:
        """What is ranked, as a sentence."""

    @property
    @abstractmethod
    def cases_said(self) -> str:
        """What the table of cases holds."""

    @property
    @abstractmethod
    def best_case(self) -> str:
        """Which figure of a case is the best: ``abs``, ``low`` or ``high``."""

    with_truth: ClassVar[bool] = False
    """Whether the truth is told: a column of the cases, an axis of the plots."""

    # What they share.

    def named(self, measure: Measure) -> str:
        """The heading of a measure on the page."""
        return measure.name

    @property
    def ties(self) -> bool:
        """Whether the page shows the letters at once."""
        return not self.first

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
        """Order the rows by their loss: cut distance to the truth, or value."""
        quantity = cls.quantity_of(contents, definition)
        records = cls.select(chosen(contents, definition), quantity)
        limit = definition.options.get("limit", "")
        grid = build(records, quantity.name, seeds, definition.cluster, limit)
        rule = cls.rule_of(definition, grid, quantity)
        losses = by_case(cls.lost(grid, quantity, rule))
        sign = cls.turn(quantity)
        scored = losses if rule else sign * st.over_seeds(grid.value)
        score = np.array([st.or_nan(st.mean(f)) for f in scored])
        apart = standing.apart(grid, sweep=bool(definition.options.get("sweep")))
        in_play = [i for i, why in enumerate(apart) if not why]
        compared = compare(losses[in_play], grid.clusters, ranked=cls.by_ranks(quantity))
        ahead = dict(zip(in_play, compared.ahead.tolist(), strict=True))

        def key(i: int) -> tuple[Any, ...]:
            last = np.inf if np.isnan(score[i]) else score[i]
            return i not in ahead, ahead.get(i, 0), last, grid.rows[i].label

        order = sorted(range(len(grid.rows)), key=key)
        place_of = {i: k for k, i in enumerate(in_play)}
        pairs = compared.reordered([place_of[i] for i in order if i in ahead])
        grid, losses, score = grid.chosen(order), losses[order], score[order]
        scored = scored[order]
        ranks, better = pairs.ranks(), pairs.separated
        groups = st.letters(better | better.T) if len(in_play) else []
        test = differ(losses[: len(in_play)], grid)
        reach = st.bootstrap_t(*grouped(scored, grid.clusters), grid.strata, DRAWS, rng)
        low, high = cls.reach_of(quantity, rule)
        reach = sign * np.clip(reach, low, high)
        costs = np.array([st.or_nan(st.median(c)) for c in grid.cost])
        fronts = st.front(np.where([i in ahead for i in order], score, np.nan), costs)
        rows = []
        for i, row in enumerate(grid.rows):
            ranked = i < len(in_play)
            done = int(np.isfinite(grid.value[i]).sum())
            marks = dict(sorted(grid.marks[i].items()))
            shown = Standing(
                row, done=done, expected=grid.value[i].size, marks=marks, apart=apart[order[i]]
            )
            if done:
                shown = replace(
                    shown,
                    rank=1 + ahead[order[i]] if ranked else None,
                    ranks=ranks[i] if ranked else None,
                    group=groups[i] if ranked else "",
                    score=float(sign * score[i]),
                    interval=_sorted(reach[i]),
                    place=test.places[i] if ranked and test else None,
                    cost=None if np.isnan(costs[i]) else float(costs[i]),
                    front=bool(fronts[i]),
                    **cls.figures(grid, i, quantity, contents, rule),
                )
            rows.append(shown)
        clusters = int(grid.clusters.max(initial=-1)) + 1
        told = standing.resolution(
            len(in_play), clusters, len(grid.cases), int(better.sum()), test.p if test else None
        )
        return cls(
            title=definition.title or quantity.name.replace("_", " "),
            about=definition.about,
            quantity=quantity,
            rows=tuple(rows),
            grid=grid,
            verdicts=pairs.verdicts,
            clusters=clusters,
            rule=rule,
            controls=tuple(definition.options.get("controls", {}).items()),
            p=test.p if test else None,
            notes=(*grid.notes, *cls.said(rule), told),
        )

    @property
    def ranked(self) -> tuple[Standing, ...]:
        """The rows that have a rank."""
        return tuple(s for s in self.rows if not s.apart)

    def leaders(self) -> list[str]:
        """The labels of those that no row is better than; none where no two are separated."""
        first = [s for s in self.ranked if s.ranks and s.ranks[0] == 1]
        beaten = len(first) < len(self.ranked)
        return [s.row.label for s in first] if beaten or len(self.ranked) == 1 else []

    @property
    def finding(self) -> str:
        """What was found, as a sentence."""
        return findings.of_ranked(self)

    @property
    def headline(self) -> str:
        """The title of its table, without its extent."""
        return f"{self.title}: {self.kind}"

    @property
    @abstractmethod
    def column(self) -> Column:
        """The heading of the score."""

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
        best = next((s for s in self.ranked if s.done), None)
        rows = tuple((s.row.label, self._cells(s, measures, s is best)) for s in self.rows)
        counts = (
            (len(self.grid.cases), "case"),
            (self.clusters, "cluster"),
            (len(self.grid.seeds), "seed"),
        )
        extent = ", ".join(f"{n} {what}{'s' * (n != 1)}" for n, what in counts)
        notes = (*filter(None, (self.about,)), self.finding, *self.notes, self.reading)
        return [Table(f"{self.headline}, {extent}", "row", columns, rows, notes)]

    def _cells(self, s: Standing, measures: Sequence[Measure], best: bool) -> tuple[Cell, ...]:
        marks = ", ".join(f"{n} {mark}" for mark, n in (s.marks or {}).items())
        return (
            Cell(text=s.apart or standing.span(s.ranks)),
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
        return comparison.plain(self)

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """Rank, tie, score, coverage, violations, time, traits and how much is verified."""
        bounds = row.get("rank_interval")
        ranks = standing.span(bounds and (int(bounds[0]), int(bounds[1])))
        score = "–" if row["score"] is None else number(row["score"])
        marks = "".join(f", {n} {mark}" for mark, n in row.get("marks", {}).items())
        place = row.get("apart") or f"rank {ranks} {row['tie'] or ''}"
        said = [f"{place} {score}{bounds_of(row, 'score')} ({row['done']}{marks})"]
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
        return rankedpage.page(self, view)


def _sorted(ends: Floats) -> Interval | None:
    low, high = sorted(ends.tolist())
    return (low, high) if np.isfinite(ends).all() else None
