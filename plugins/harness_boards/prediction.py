"""Measures that predict an outcome: values at each point, rank correlations with intervals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Quantity, Record, UsageError
from harness.commands import row_key
from harness.tables import Cell, short
from harness_boards import grid as grids
from harness_boards import statistics as st
from harness_boards.concordance import MEASURES, Correlation, Points, correlate
from harness_boards.figures import Bars, Figure, brief, reach
from harness_boards.grid import Row
from harness_boards.parameters import taken
from harness_boards.standing import Figures, Interval, interval_cell

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """One row of a validity section: how a measure orders the points against the outcome, within
    their groups."""

    row: Row
    quantity: Quantity
    points: int
    spearman: float | None = None
    spearman_interval: Interval | None = None
    kendall: float | None = None
    kendall_interval: Interval | None = None
    groups: int = 0
    cost: float | None = None
    saving: float | None = None
    """How many times cheaper than the outcome, on the points that have both."""
    x: tuple[float | None, ...] = ()
    found: Correlation | None = None
    """Spearman's, for comparisons."""

    @property
    def figures(self) -> Figures:
        """All figures by name."""
        return {
            "spearman": (self.spearman, self.spearman_interval),
            "kendall": (self.kendall, self.kendall_interval),
            "points": (self.points, None),
            "groups": (self.groups, None),
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
            found.append(_figure(value, bounds))
            found.append(bars.figure(value, bounds))
        saving = Figure() if self.saving is None else Figure(f"{self.saving:.3g}×", self.saving)
        return [*found, _figure(self.cost), saving]


def _figure(value: float | None, bounds: Interval | None = None) -> Figure:
    """As many digits as the interval lets read, all of them for those who point at it."""
    if value is None:
        return Figure()
    return Figure(brief(value, reach(bounds)), value, full=f"{value:.6g}")


def bare(name: str) -> str:
    """A name without its plugin."""
    return name.rpartition("/")[2]


Point = tuple[str, str, tuple[str, ...], str]
"""Task, case, and what `identity` tells points apart by: models and their parameters as JSON."""


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
        own = [f"{k}={short(v)}" for k, v in params.items() if any(o[k] != v for o in alike[names])]
        chain = " ▸ ".join((f"{bare(task)}:{case}", *map(bare, models)))
        found.append(chain + (f" ({', '.join(own)})" if own else ""))
    return tuple(found)


def _flat(point: Point) -> dict[str, Any]:
    models, params = point[2], json.loads(point[3])
    if isinstance(params, dict):
        return params
    return {
        f"{bare(name)}.{k}": v
        for name, own in zip(models, params, strict=True)
        for k, v in own.items()
    }


def identity(
    r: Record, per: str, ends: Sequence[str] = ()
) -> tuple[tuple[str, ...], str, str] | None:
    """Models and parameters that a point is told apart by, and the end of the chain that does not
    count; None where the record has not got the parameters that it is told apart by."""
    if per == "case":
        return (), "[]", ""
    if per == "path":
        kept = len(r.models)
        while kept and r.models[kept - 1] in ends:
            kept -= 1
        params = r.params["models"]
        end = json.dumps([r.models[kept:], params[kept:]], sort_keys=True)
        return r.models[:kept], json.dumps(params[:kept], sort_keys=True), end
    values = {name: taken(r, name)[0] for name in named(per)}
    if None in values.values():
        return None
    own = {name.rpartition(".")[2]: value for name, value in values.items()}
    return (), json.dumps(own, sort_keys=True), ""


def named(per: str) -> list[str]:
    """The parameters that points are told apart by."""
    return [n.strip() for n in per.split(",") if n.strip()]


def by_point(
    records: Iterable[Record], quantity: str, per: str, ends: Sequence[str] = ()
) -> dict[Point, list[Record]]:
    """The finite values of a quantity, by point. Models in ``ends`` at the end of a chain do not
    count. Raises `UsageError` where values of two chains would be one point's."""
    found: dict[Point, list[Record]] = {}
    chains: dict[Point, str] = {}
    for r in records:
        if r.value is None or r.quantity != quantity or not np.isfinite(r.value):
            continue
        told_apart = identity(r, per, ends)
        if told_apart is None:
            continue
        models, params, end = told_apart
        point = (r.task, r.case, models, params)
        if chains.setdefault(point, end) != end:
            raise UsageError(
                f"{r.estimator} has two values at the point {labels([point])[0]}, behind different "
                "ends of chains; wanted a section with one of them"
            )
        found.setdefault(point, []).append(r)
    return found


def over_seeds(by_point: Mapping[Point, list[Record]], points: tuple[Point, ...]) -> Floats:
    """Means over the seeds of each point; NaN where it has none."""
    out = np.full(len(points), np.nan)
    for i, point in enumerate(points):
        values = [float(r.value) for r in by_point.get(point, ()) if r.value is not None]
        if values:
            out[i] = np.mean(values)
    return out


def seconds(by_point: Mapping[Point, list[Record]], points: Iterable[Point]) -> float | None:
    """The median time of a run on these points, models and estimator."""
    times = [
        r.wall_s + (r.prefix_s or 0.0)
        for point in points
        for r in by_point.get(point, ())
        if r.wall_s is not None
    ]
    return st.median(np.array(times))


def predictors(records: list[Record], per: str) -> list[tuple[Row, list[Record]]]:
    """Rows with their records. Where points are paths, one row stands for an estimator behind all
    its models; where points are told apart by parameters, for one behind models of those names."""
    if per == "case":
        rows = grids.rows_of(records)
        return [(row, [r for r in records if row_key(r) == key]) for key, row in rows.items()]
    by_chain: dict[tuple[tuple[str, ...], str], list[Record]] = {}
    for r in records:
        by_chain.setdefault(
            ((), r.estimator) if per == "path" else (r.models, r.estimator), []
        ).append(r)
    found = []
    for (models, name), mine in sorted(by_chain.items()):
        label = " ▸ ".join((*map(bare, models), bare(name)))
        params = {"estimator": mine[0].params["estimator"]}
        found.append((Row(label, models, name, mine[0].plugin, params), mine))
    return found


def predictor(
    row: Row,
    quantity: Quantity,
    records: Mapping[Point, list[Record]],
    outcomes: Mapping[Point, list[Record]],
    names: tuple[Point, ...],
    points: Points,
) -> Predictor:
    """Correlations over the points that have both; the sign is turned where lower is better."""
    x = over_seeds(records, names)
    sign = -1.0 if quantity.better == "lower" else 1.0
    there = np.isfinite(x) & np.isfinite(points.y)
    shared = [n for n, both in zip(names, there, strict=True) if both]
    cost, costly = seconds(records, shared), seconds(outcomes, shared)
    found = {name: correlate(name, sign * x, points) for name in MEASURES}
    told: dict[str, Any] = {}
    for name, one in found.items():
        told |= {name: one and one.value, f"{name}_interval": one and one.interval}
    first = found["spearman"]
    return Predictor(
        row,
        quantity,
        int(there.sum()),
        **told,
        groups=first.groups if first else 0,
        cost=cost,
        saving=costly / cost if cost and costly else None,
        x=tuple(None if np.isnan(v) else float(v) for v in x),
        found=first,
    )
