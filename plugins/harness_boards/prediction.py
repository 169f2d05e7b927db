"""Measures that predict an outcome: values at each point, rank correlations with intervals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Quantity, Record, kendall, spearman
from harness.commands import row_key
from harness.tables import Cell, number
from harness_boards import grid as grids
from harness_boards import statistics as st
from harness_boards.figures import Bars, Figure
from harness_boards.grid import Row
from harness_boards.standing import Figures, Interval, interval_cell

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


def bare(name: str) -> str:
    """A name without its plugin."""
    return name.rpartition("/")[2]


Point = tuple[str, str, tuple[str, ...], str]
"""Task, case, models and their parameters as JSON; no models where points are cases."""


def labels(points: Iterable[Point]) -> tuple[str, ...]:
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
        chain = " ▸ ".join((f"{bare(task)}:{case}", *map(bare, models)))
        found.append(chain + (f" ({', '.join(own)})" if own else ""))
    return tuple(found)


def _flat(point: Point) -> dict[str, Any]:
    models, params = point[2], json.loads(point[3])
    return {
        f"{bare(name)}.{k}": v
        for name, own in zip(models, params, strict=True)
        for k, v in own.items()
    }


def by_point(records: Iterable[Record], quantity: str, per_path: bool) -> dict[Point, list[Record]]:
    """The finite values of a quantity, by point."""
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


def stacked(
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


def predictors(records: list[Record], per_path: bool) -> list[tuple[Row, list[Record]]]:
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
                    bare(name),
                    (),
                    name,
                    mine[0].plugin,
                    {"estimator": mine[0].params["estimator"]},
                ),
                mine,
            )
        )
    return found


def predictor(
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
