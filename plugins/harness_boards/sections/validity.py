"""Validity: does a cheap measure order the data as the costly outcome does?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from harness import Quantity, Record, UsageError, kendall, spearman, unknown_name
from harness.commands import row_key
from harness.tables import Cell, Column, Table, matches, number
from harness_boards import casetable, html, plots
from harness_boards import grid as grids
from harness_boards import statistics as st
from harness_boards.card import card
from harness_boards.contents import Contents
from harness_boards.figures import Bars, Figure, Head, best_of, table_of
from harness_boards.grid import Row
from harness_boards.provenance import Groups
from harness_boards.sections.base import (
    Definition,
    Figures,
    Section,
    View,
    chosen,
    exacts,
    lines,
    plain_row,
)
from harness_boards.sections.ranked import DRAWS, TALL, Interval, interval_cell

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """One row of a validity section: how a measure orders the points against the outcome."""

    row: Row
    quantity: Quantity
    points: int
    spearman: float | None = None
    spearman_interval: Interval | None = None
    kendall: float | None = None
    kendall_interval: Interval | None = None
    cost: float | None = None
    saving: float | None = None
    """How many times cheaper than the outcome."""
    x: tuple[float | None, ...] = ()

    @property
    def figures(self) -> Figures:
        """All figures by name."""
        return {
            "spearman": (self.spearman, self.spearman_interval),
            "kendall": (self.kendall, self.kendall_interval),
            "points": (self.points, None),
            "cost_s": (self.cost, None),
            "saving": (self.saving, None),
        }

    def cells(self, *, best: bool) -> tuple[Cell, ...]:
        """In a table."""
        return (
            Cell(text=self.quantity.name.replace("_", " ")),
            Cell(text=str(self.points)),
            interval_cell(self.spearman, self.spearman_interval, best),
            interval_cell(self.kendall, self.kendall_interval),
            interval_cell(self.cost, None),
            Cell(text="–" if self.saving is None else f"{self.saving:.3g}×"),
        )

    def shown(self, bars: Bars) -> list[Figure]:
        """On the page."""
        name = self.quantity.name.replace("_", " ")
        found = [Figure(name, name, "left"), Figure(str(self.points), self.points)]
        for value, bounds in (
            (self.spearman, self.spearman_interval),
            (self.kendall, self.kendall_interval),
        ):
            found.append(Figure() if value is None else Figure(number(value), value))
            found.append(bars.figure(value, bounds))
        saving = Figure() if self.saving is None else Figure(f"{self.saving:.3g}×", self.saving)
        cost = Figure() if self.cost is None else Figure(number(self.cost), self.cost)
        return [*found, cost, saving]


@dataclass(frozen=True, eq=False, kw_only=True)
class Validity(Section):
    """A validity section; ``outcome_values`` and each predictor's ``x`` are means over seeds,
    one per point."""

    kind = "validity"
    options: ClassVar[Mapping[str, type]] = {"outcome": str, "per": str}
    reading = (
        "How each measure orders the points as the outcome does: rank correlations with 95 % "
        "intervals over points and "
        "seeds. saving: how many times cheaper than the outcome."
    )

    definition: Definition
    outcome: str
    unit: str
    rows: tuple[Predictor, ...]
    points: tuple[str, ...]
    outcome_values: tuple[float, ...]
    notes: tuple[str, ...]

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """``outcome``: the quantity to be predicted, or the full name of the estimator that gives
        it.

        ``per``: the points are cases (``case``), or cases with their models (``path``).
        """
        outcome, per = raw.get("outcome"), raw.get("per", "case")
        if per not in ("case", "path"):
            raise UsageError(f"{where}: per is {per!r}; wanted case or path")
        if not outcome:
            raise UsageError(
                f"{where}: a validity section names its outcome: a quantity, or an estimator by "
                "its full name"
            )
        return {"outcome": outcome, "per": per}

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """Correlate every measure with the outcome.

        Raises `UsageError` where there is none, or two.
        """
        records, wanted = chosen(contents, definition), definition.options["outcome"]
        by_estimator = wanted in contents.estimators
        outcomes = [r for r in records if (r.estimator if by_estimator else r.quantity) == wanted]
        if not outcomes:
            raise unknown_name("outcome", wanted, [*contents.quantities, *contents.estimators])
        if len({(r.estimator, repr(r.params["estimator"])) for r in outcomes}) > 1:
            names = sorted({r.estimator for r in outcomes})
            raise UsageError(
                f"outcome {wanted} is given by {', '.join(names)}; name one of them as the outcome"
            )
        target = contents.quantities[outcomes[0].quantity]
        per_path = definition.options["per"] == "path"
        truth = _by_point(outcomes, target.name, per_path)
        first: dict[tuple[Any, ...], int] = {}
        for point in truth:
            first.setdefault(point[:3], len(first))
        # Settings of one chain in an order of their own: that of records follows their keys, which
        # change with sources.
        points = tuple(sorted(truth, key=lambda point: (first[point[:3]], point[3])))
        tasks = np.unique([point[0] for point in points], return_inverse=True)[1]
        y, cost = _stacked(truth, points, len(seeds))
        others = [
            r
            for r in records
            if r.estimator != outcomes[0].estimator
            and (not definition.quantity or r.quantity == definition.quantity)
        ]
        drawn = st.resampled(tasks, DRAWS, rng)
        picks = rng.integers(y.shape[1], size=(*drawn.shape, y.shape[1]))
        rows = []
        for row, mine in _predictors(others, per_path):
            quantity = contents.quantities[mine[0].quantity]
            x, own = _stacked(_by_point(mine, quantity.name, per_path), points, len(seeds))
            rows.append(_predictor(row, quantity, target, x, y, drawn, picks, own, cost))
        rows.sort(key=lambda p: (p.spearman is None, -(p.spearman or 0.0), p.row.label))
        if not rows:
            raise UsageError(
                f"nothing but the outcome {wanted}: a validity section needs measures that "
                "predict it"
            )
        notes = [f"{len(points)} points, intervals from {DRAWS} resamples of points and seeds"]
        if len(points) < 8:
            notes.append("too few points for an order to mean much")
        return cls(
            title=definition.title or f"what predicts {_bare(wanted).replace('_', ' ')}",
            about=definition.about,
            definition=definition,
            outcome=target.name,
            unit=target.unit,
            rows=tuple(rows),
            points=_labels(points),
            outcome_values=tuple(float(v) for v in st.over_seeds(y)),
            notes=tuple(notes),
        )

    @property
    def outcome_words(self) -> str:
        """The outcome's name in words, with its unit."""
        return self.outcome.replace("_", " ") + (f" [{self.unit}]" if self.unit else "")

    def leaders(self) -> list[str]:
        """The best measure."""
        return [p.row.label for p in self.rows[:1] if p.spearman is not None]

    def tables(self) -> list[Table]:
        """One table, best measure first."""
        columns = (
            Column("quantity"),
            Column("points"),
            Column("Spearman", "", "↑"),
            Column("Kendall", "", "↑"),
            Column("time", "s"),
            Column("saving"),
        )
        best = self.rows[0] if self.rows[0].spearman is not None else None
        rows = tuple((p.row.label, p.cells(best=p is best)) for p in self.rows)
        outcome = self.outcome.replace("_", " ")
        title = f"{self.title}: validity against {outcome}, {len(self.points)} points"
        notes = (*filter(None, (self.about,)), *self.notes, self.reading)
        return [Table(title, "measure", columns, rows, notes)]

    def csv_rows(self) -> Iterator[list[Any]]:
        """All figures of all measures."""
        for p in self.rows:
            yield from lines(p.row, p.figures)

    def plain(self) -> dict[str, Any]:
        """Measures with their values at each point."""
        return {
            "kind": self.kind,
            "title": self.title,
            "about": self.about,
            "outcome": self.outcome,
            "unit": self.unit,
            "points": list(self.points),
            "outcome_values": exacts(self.outcome_values),
            "rows": [
                plain_row(p.row, p.figures) | {"quantity": p.quantity.name, "values": exacts(p.x)}
                for p in self.rows
            ],
            "notes": list(self.notes),
            "reading": self.reading,
        }

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """Spearman's correlation, and over how many points."""
        value = row["spearman"]
        return f"{'–' if value is None else number(value)} ({row['points']})"

    def records(self, groups: Groups) -> list[list[Record]]:
        """A measure is one row whatever its parameters; where points are paths, whatever the
        models before it."""
        definition = self.definition
        per_path = definition.options["per"] == "path"
        return [
            [
                r
                for (models, estimator, _), records in groups.items()
                if estimator == p.row.estimator and (per_path or models == p.row.models)
                for r in records
                if matches(r.task, definition.tasks)
                and (not definition.quantity or r.quantity == definition.quantity)
            ]
            for p in self.rows
        ]

    def page(self, view: View) -> Markup:
        """Standing, scatter plots, points, and all rows in full."""
        return html.render(
            "validity.html",
            section=self,
            identity=view.identity,
            rows=table_of([p.row for p in self.rows], self._figures_of()),
            heads=HEADS,
            tall=len(self.rows) > TALL,
            plots=plots.of_validity(self, view.identity),
            cases=casetable.of_validity(self),
            cards=[
                card(p.row, one, view.contents) for p, one in zip(self.rows, view.made, strict=True)
            ],
        )

    def _figures_of(self) -> list[list[Figure]]:
        bars = Bars(-1.0, 1.0)
        rows = [p.shown(bars) for p in self.rows]
        for column in (2, 4):
            for i in best_of([(i, r[column].key) for i, r in enumerate(rows)], lambda v: -v):
                rows[i][column] = rows[i][column].marked()
        return rows


HEADS = (
    Head("measure", left=True),
    Head("quantity", left=True),
    Head("points", "data sets that have both", first="descending"),
    Head("Spearman ↑", "rank correlation with the outcome", first="descending"),
    Head("95 % interval", "of Spearman's, over points and seeds", first="descending"),
    Head(
        "Kendall ↑", "share of pairs in the same order less those in the other", first="descending"
    ),
    Head("95 % interval of Kendall's", first="descending"),
    Head("time", "median of a run", "s"),
    Head("saving", "how many times cheaper than the outcome", first="descending"),
)


def _bare(name: str) -> str:
    return name.rpartition("/")[2]


Point = tuple[str, str, tuple[str, ...], str]
"""Task, case, models and their parameters as JSON; no models where points are cases."""


def _labels(points: Iterable[Point]) -> tuple[str, ...]:
    """What tells points apart: task and case, models, and the parameters in which equal models
    differ."""
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    flat = [(point[:3], _flat(point)) for point in points]
    for names, params in flat:
        alike.setdefault(names, []).append(params)
    found = []
    for names, params in flat:
        task, case, models = names
        own = [f"{k}={v}" for k, v in params.items() if any(o[k] != v for o in alike[names])]
        chain = " ▸ ".join((f"{_bare(task)}:{case}", *map(_bare, models)))
        found.append(chain + (f" ({', '.join(own)})" if own else ""))
    return tuple(found)


def _flat(point: Point) -> dict[str, Any]:
    models, params = point[2], json.loads(point[3])
    return {
        f"{_bare(name)}.{k}": v
        for name, own in zip(models, params, strict=True)
        for k, v in own.items()
    }


def _by_point(
    records: Iterable[Record], quantity: str, per_path: bool
) -> dict[Point, list[Record]]:
    found: dict[Point, list[Record]] = {}
    for r in records:
        if r.value is not None and r.quantity == quantity and np.isfinite(r.value):
            models, params = (
                (r.models, json.dumps(r.params["models"], sort_keys=True))
                if per_path
                else ((), "[]")
            )
            found.setdefault((r.task, r.case, models, params), []).append(r)
    return found


def _stacked(
    by_point: Mapping[Point, list[Record]], points: tuple[Point, ...], seeds: int
) -> tuple[Floats, float | None]:
    """Values (points, seeds), repeated over missing seeds, NaN where a point has none; and the
    median time of a run."""
    width = max([seeds, *(len(rs) for rs in by_point.values())])
    out = np.full((len(points), width), np.nan)
    for i, point in enumerate(points):
        values = [float(r.value) for r in by_point.get(point, ()) if r.value is not None]
        if values:
            out[i] = np.resize(values, width)
    times = [
        r.wall_s + (r.prefix_s or 0.0)
        for rs in by_point.values()
        for r in rs
        if r.wall_s is not None
    ]
    return out, st.median(np.array(times))


def _predictors(records: list[Record], per_path: bool) -> list[tuple[Row, list[Record]]]:
    """Rows with their records; where points are paths, one row stands for an estimator behind
    all its models."""
    if not per_path:
        rows = grids.rows_of(records)
        return [(row, [r for r in records if row_key(r) == key]) for key, row in rows.items()]
    found = []
    for name in sorted({r.estimator for r in records}):
        mine = [r for r in records if r.estimator == name]
        found.append(
            (
                Row(
                    _bare(name),
                    (),
                    name,
                    mine[0].plugin,
                    {"estimator": mine[0].params["estimator"]},
                ),
                mine,
            )
        )
    return found


def _predictor(
    row: Row,
    quantity: Quantity,
    target: Quantity,
    x: Floats,
    y: Floats,
    drawn: NDArray[np.int64],
    picks: NDArray[np.int64],
    cost: float | None,
    outcome_cost: float | None,
) -> Predictor:
    """Correlations over the points that have both; the sign is turned where one is better low
    and the other high."""
    there = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    saving = outcome_cost / cost if cost and outcome_cost else None
    mean = tuple(None if np.isnan(v) else float(v) for v in st.over_seeds(x))
    if there.sum() < 3:
        return Predictor(row, quantity, int(there.sum()), cost=cost, saving=saving, x=mean)
    sign = -1.0 if (quantity.better == "lower") != (target.better == "lower") else 1.0
    width = min(x.shape[1], y.shape[1])
    replicates_x, replicates_y = (
        np.take_along_axis(v[drawn], picks % width, axis=2).mean(axis=2)
        for v in (sign * x[:, :width], y[:, :width])
    )
    found: dict[str, Any] = {}
    for name, measure in (("spearman", spearman), ("kendall", kendall)):
        value = float(measure(sign * st.over_seeds(x)[there], st.over_seeds(y)[there]))
        found[name] = None if np.isnan(value) else value
        found[f"{name}_interval"] = _correlation_interval(measure, replicates_x, replicates_y)
    return Predictor(row, quantity, int(there.sum()), **found, cost=cost, saving=saving, x=mean)


def _correlation_interval(measure: Any, x: Floats, y: Floats) -> Interval | None:
    complete = np.isfinite(x).all(axis=1)
    if complete.all():
        return st.interval(measure(x, y))
    draws = []
    for a, b in zip(
        x, y, strict=True
    ):  # points that the measure did not complete drop out of each replicate
        there = np.isfinite(a)
        draws.append(float(measure(a[there], b[there])) if there.sum() >= 3 else np.nan)
    return st.interval(np.array(draws))
