"""Lines of a curves section: values of records along an axis, gathered over seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import Quantity, Record, UsageError
from harness.commands import Status, row_key
from harness.tables import matches
from harness_boards.grid import rows_of, truth_of
from harness_boards.parameters import taken

Floats = NDArray[np.float64]
CURVE = "curve"
"""As an axis: what the curves of estimators are over."""


@dataclass(frozen=True, eq=False)
class Line:
    """Means over ``seeds`` (how many there are) ``y`` at increasing ``x``, with a band."""

    label: str
    models: tuple[str, ...]
    estimator: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    seeds: NDArray[np.int64]

    def at(self, x: float) -> tuple[float, float, float]:
        """Value and band at a position; NaN where the line has none."""
        found = np.flatnonzero(self.x == x)
        if not len(found):
            return (np.nan, np.nan, np.nan)
        i = found[0]
        return float(self.y[i]), float(self.low[i]), float(self.high[i])


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines over one axis, and the truth where it is known."""

    title: str
    x: str
    y: str
    unit: str
    scale: str
    lines: tuple[Line, ...]
    truth: Line | None = None

    @property
    def words(self) -> str:
        """What is shown, in words."""
        return self.y.replace("_", " ")

    @property
    def positions(self) -> Floats:
        """All positions of its lines."""
        every = [line.x for line in (*self.lines, *([self.truth] if self.truth else []))]
        return np.unique(np.concatenate(every))


@dataclass(frozen=True)
class _Point:
    """One value: where it belongs, and what is known of it."""

    panel: tuple[str, ...]
    record: Record
    x: float
    y: float
    stderr: float
    truth: float | None
    names: tuple[str, str, str]
    """Of x and y, and the unit."""


def gather(
    records: Iterable[Record],
    x: str,
    by: tuple[str, ...],
    quantity: str,
    truth: str,
    scale: str,
    quantities: Mapping[str, Quantity],
) -> tuple[Panel, ...]:
    """The panels of the records that have the axis.

    Raises `UsageError` where none has it, or a fact of ``by`` is missing.
    """
    points = [
        p
        for r in records
        if r.status is Status.OK
        for p in (_of_curve(r, by) if x == CURVE else _of_value(r, x, by, quantity, quantities))
    ]
    if not points:
        raise UsageError(
            f"curves: no record has {'a curve' if x == CURVE else f'the fact or parameter {x!r}'}"
            + (f" and {quantity}" if quantity else "")
        )
    rows = rows_of(list({id(p.record): p.record for p in points}.values()))
    tasks = {p.record.task for p in points}
    panels: dict[tuple[str, ...], list[_Point]] = {}
    for p in points:
        panels.setdefault((p.record.task, *p.names, *p.panel), []).append(p)
    found = []
    for (task, name_x, name_y, unit, *values), mine in panels.items():
        words = [name_y.replace("_", " ")]
        words += [f"{n} {v}" for n, v in zip(by, values, strict=True)]
        if len(tasks) > 1:
            words.insert(0, task.rpartition("/")[2])
        lines = [
            _line(
                row.label, row.models, row.estimator, [p for p in mine if row_key(p.record) == key]
            )
            for key, row in rows.items()
            if any(row_key(p.record) == key for p in mine)
        ]
        known = [line for line in lines if truth and matches(line.estimator, [truth])]
        told = known[0] if known else _truth(mine)
        others = tuple(line for line in lines if line not in known)
        at = np.array([p.x for p in mine])
        steep = bool(at.min() > 0 and at.max() / at.min() > 30)
        axis = scale or ("log" if steep else "linear")
        found.append(Panel(", ".join(words), name_x, name_y, unit, axis, others, told))
    return tuple(found)


def _by(r: Record, by: tuple[str, ...]) -> tuple[str, ...]:
    for name in by:
        if name not in r.facts:
            raise UsageError(
                f"curves: by {name!r}: {r.task}:{r.case} has no such fact; its facts are "
                f"{', '.join(r.facts) or 'none'}"
            )
    return tuple(str(r.facts[n]) for n in by)


def _of_curve(r: Record, by: tuple[str, ...]) -> list[_Point]:
    curve = r.curve
    if curve is None:
        return []
    panel = _by(r, by) if by else ()
    names = (curve.name_x, curve.name_y, "")
    places = [
        float(f"{x:g}") for x in curve.x
    ]  # as tables show them: methods that agree share rows
    errors = np.full(len(curve.x), np.nan) if curve.stderr is None else curve.stderr
    return [
        _Point(panel, r, x, float(y), float(e), None, names)
        for x, y, e in zip(places, curve.y, errors, strict=True)
    ]


def _of_value(
    r: Record, x: str, by: tuple[str, ...], quantity: str, quantities: Mapping[str, Quantity]
) -> list[_Point]:
    name = quantity or r.quantity
    value = r.scores.get(name, r.value if name == r.quantity else None)
    at, plain = position(r, x)
    if at is None or value is None or not np.isfinite(value):
        return []
    stderr = r.stderr if r.stderr is not None and name == r.quantity else np.nan
    names = (x.rpartition(".")[2], name, quantities[name].unit)
    return [_Point(_by(r, by), plain, at, value, stderr, truth_of(r, name), names)]


def position(r: Record, x: str) -> tuple[float | None, Record]:
    """Where a record lies, and the record without the parameter that says so: its row is what
    remains."""
    fact = r.facts.get(x)
    value, left = (fact, r) if fact is not None else taken(r, x)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), left
    return None, r


def _line(label: str, models: tuple[str, ...], estimator: str, points: list[_Point]) -> Line:
    """Cases are averaged within each seed, and seeds with their standard deviation."""
    at = np.unique([p.x for p in points])
    y, low, high = (np.full(len(at), np.nan) for _ in range(3))
    count = np.zeros(len(at), np.int64)
    for i, x in enumerate(at):
        seeds: dict[int, list[float]] = {}
        for p in points:
            if p.x == x:
                seeds.setdefault(p.record.seed, []).append(p.y)
        means = np.array([np.mean(v) for v in seeds.values()])
        stated = [p.stderr for p in points if p.x == x]
        off = float(means.std(ddof=1)) if len(means) > 1 else float(np.nan_to_num(stated[0]))
        count[i] = len(means)
        y[i], low[i], high[i] = means.mean(), means.mean() - off, means.mean() + off
    return Line(label, models, estimator, at, y, low, high, count)


def _truth(points: list[_Point]) -> Line | None:
    known = [
        dataclasses.replace(p, y=p.truth, stderr=np.nan) for p in points if p.truth is not None
    ]
    return _line("truth", (), "", known) if known else None
