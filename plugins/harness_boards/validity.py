"""Validity sections: does a cheap measure order the data as the costly outcome does?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Quantity, Record, UsageError, unknown_name
from harness_boards import grid as grids
from harness_boards import statistics as st
from harness_boards.definition import Contents, Section
from harness_boards.grid import Row
from harness_boards.standing import DRAWS, Interval

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


@dataclass(frozen=True)
class Validity:
    """A validity section; ``outcome_values`` and each predictor's ``x`` are means over seeds, one per point."""

    title: str
    about: str
    outcome: str
    unit: str
    rows: tuple[Predictor, ...]
    points: tuple[str, ...]
    outcome_values: tuple[float, ...]
    notes: tuple[str, ...]


def predict(
    section: Section,
    records: list[Record],
    contents: Contents,
    seeds: int,
    rng: np.random.Generator,
) -> Validity:
    """Correlate every measure of the section with its outcome. Raises `UsageError` where there is none, or two."""
    by_estimator = section.outcome in contents.estimators
    outcomes = [
        r
        for r in records
        if (r.estimator == section.outcome if by_estimator else r.quantity == section.outcome)
    ]
    if not outcomes:
        raise unknown_name("outcome", section.outcome, [*contents.quantities, *contents.estimators])
    if len({(r.estimator, repr(r.params["estimator"])) for r in outcomes}) > 1:
        names = sorted({r.estimator for r in outcomes})
        raise UsageError(
            f"outcome {section.outcome} is given by {', '.join(names)}; name one of them as the outcome"
        )
    target = contents.quantities[outcomes[0].quantity]
    per_path = section.per == "path"
    truth = _by_point(outcomes, target.name, per_path)
    first: dict[tuple[Any, ...], int] = {}
    for point in truth:
        first.setdefault(point[:3], len(first))
    # Settings of one chain in an order of their own: that of records follows their keys, which change with sources.
    points = tuple(sorted(truth, key=lambda point: (first[point[:3]], point[3])))
    tasks = np.unique([point[0] for point in points], return_inverse=True)[1]
    y, cost = _stacked(truth, points, seeds)
    others = [
        r
        for r in records
        if r.estimator != outcomes[0].estimator
        and (not section.quantity or r.quantity == section.quantity)
    ]
    drawn = st.resampled(tasks, DRAWS, rng)
    picks = rng.integers(y.shape[1], size=(*drawn.shape, y.shape[1]))
    rows = []
    for row, mine in _predictors(others, per_path):
        quantity = contents.quantities[mine[0].quantity]
        x, own = _stacked(_by_point(mine, quantity.name, per_path), points, seeds)
        rows.append(_predictor(row, quantity, target, x, y, drawn, picks, own, cost))
    rows.sort(key=lambda p: (p.spearman is None, -(p.spearman or 0.0), p.row.label))
    if not rows:
        raise UsageError(
            f"nothing but the outcome {section.outcome}: a validity section needs measures that predict it"
        )
    notes = (f"{len(points)} points, intervals from {DRAWS} resamples of points and seeds",) + (
        ("too few points for an order to mean much",) if len(points) < 8 else ()
    )
    title = section.title or f"what predicts {_bare(section.outcome).replace('_', ' ')}"
    values = tuple(float(v) for v in st.over_seeds(y))
    return Validity(
        title, section.about, target.name, target.unit, tuple(rows), _labels(points), values, notes
    )


def _bare(name: str) -> str:
    return name.rpartition("/")[2]


Point = tuple[str, str, tuple[str, ...], str]
"""Task, case, models and their parameters as JSON; no models where points are cases."""


def _labels(points: Iterable[Point]) -> tuple[str, ...]:
    """What tells points apart: task and case, models, and the parameters in which equal models differ."""
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
    """Values (points, seeds), repeated over missing seeds, NaN where a point has none; and the median time of a run."""
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
    """Rows with their records; where points are paths, one row stands for an estimator behind all its models."""
    if not per_path:
        rows = grids.rows_of(records)
        return [(row, [r for r in records if grids.row_key(r) == key]) for key, row in rows.items()]
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
    row: Row, quantity: Quantity, target: Quantity, x: Floats, y: Floats, drawn: NDArray[np.int64],
    picks: NDArray[np.int64], cost: float | None, outcome_cost: float | None,
) -> Predictor:  # fmt: skip
    """Correlations over the points that have both; the sign is turned where one is better low and the other high."""
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
    for name, measure in (("spearman", st.spearman), ("kendall", st.kendall)):
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
