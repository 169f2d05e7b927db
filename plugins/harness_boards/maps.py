"""Maps: a diagnostic that holds rows of numbers (of layers by heads, say), drawn as colours, a
panel for each case."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Record, UsageError, unknown_name
from harness.commands import Status, row_key
from harness.tables import matches, natural
from harness_boards import grid as grids
from harness_boards import html

Floats = NDArray[np.float64]
CELL, GAP, HEAD = 44, 34, 26
"""Sizes in pixels: of a cell, around a panel, above it."""
SMALLEST = 5
NUMBERED = 100
"""Panels of more cells get colours only, in cells of at least `SMALLEST` pixels."""
ACROSS = 4
FULL = 0.6
"""Opacity of the highest value: ink stays readable on it, on light paper and on dark."""
PLAIN = {"--paper": "#ffffff", "--ink": "#1b1f24", "--plot-0": "#0067a8", "--plot-rest": "#b9c0c8"}
"""The page's colours, for pictures that stand alone."""


@dataclass(frozen=True)
class MapOf:
    """A diagnostic of an estimator (a glob) that holds rows of numbers, what rows and columns are,
    and the cases (a glob) that have a panel."""

    diagnostic: str
    estimator: str = "*"
    rows: str = "row"
    columns: str = "column"
    unit: str = ""
    case: str = "*"

    @classmethod
    def read(cls, raw: Mapping[str, Any], where: str) -> MapOf:
        """From ``board.toml``. Raises `UsageError`."""
        known = [f.name for f in fields(cls)]
        for key, value in raw.items():
            if key not in known:
                raise UsageError(f"{where}: {unknown_name('key', key, known)}")
            if not isinstance(value, str):
                raise UsageError(f"{where}: {key} is {type(value).__name__}; wanted str")
        if not raw.get("diagnostic"):
            raise UsageError(f"{where} names the diagnostic that it draws")
        return cls(**raw)


@dataclass(frozen=True, eq=False)
class Map:
    """Values ``(rows, columns)`` of one case, means over ``seeds`` seeds; NaN where there is
    none."""

    name: str
    values: Floats
    seeds: int


@dataclass(frozen=True, eq=False)
class Maps:
    """The panels of a section on one scale, from 0 (or the least value, where one is negative)
    to ``high``."""

    of: MapOf
    panels: tuple[Map, ...]
    low: float
    high: float

    @property
    def caption(self) -> str:
        """What rows, columns and colours are."""
        unit = f" [{self.of.unit}]" if self.of.unit else ""
        seeds = max(p.seeds for p in self.panels)
        over = f", means over {seeds} seeds" if seeds > 1 else ""
        return (
            f"{self.of.diagnostic}{unit}: {self.of.rows} down, {self.of.columns} across{over}; "
            f"colours from {self.low:.3g} to {self.high:.3g}"
        )


def gather(of: MapOf, records: Iterable[Record]) -> Maps:
    """The panels of the records that have the diagnostic.

    Raises `UsageError` where none has it, or where one holds no rows of numbers, or rows of another
    shape than its other seeds.
    """
    mine = [
        r
        for r in records
        if r.status is Status.OK
        and matches(r.estimator, [of.estimator])
        and fnmatchcase(r.case, of.case)
        and of.diagnostic in r.diagnostics
    ]
    if not mine:
        raise UsageError(f"map: no record of the section has the diagnostic {of.diagnostic!r}")
    rows, tasks = grids.rows_of(mine), {r.task for r in mine}
    found: dict[str, list[Floats]] = {}
    for r in mine:
        case = f"{r.task.rpartition('/')[2]}:{r.case}" if len(tasks) > 1 else r.case
        name = f"{case} ({rows[row_key(r)].label})" if len(rows) > 1 else case
        found.setdefault(name, []).append(_values(of, r))
    panels = []
    for name, seeds in sorted(found.items(), key=lambda item: natural(item[0])):
        if len({v.shape for v in seeds}) > 1:
            raise UsageError(f"map: {of.diagnostic} of {name} has other shapes under other seeds")
        panels.append(Map(name, _mean(seeds), len(seeds)))
    good = np.concatenate([p.values[np.isfinite(p.values)] for p in panels])
    if not good.size:
        raise UsageError(f"map: no finite number in {of.diagnostic} of any record")
    return Maps(of, tuple(panels), min(0.0, float(good.min())), float(good.max()))


def _values(of: MapOf, r: Record) -> Floats:
    held: Any = r.diagnostics[of.diagnostic]
    try:
        rows = json.loads(held) if isinstance(held, str) else held
        values = np.array(
            [[math.nan if v is None else float(v) for v in row] for row in rows], np.float64
        )
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 2 or not values.size:
        raise UsageError(
            f"map: {of.diagnostic} of {r.path} is {str(held)[:40]!r}; wanted rows of numbers, all "
            "as long"
        )
    return values


def _mean(seeds: Sequence[Floats]) -> Floats:
    """Over the seeds that have a number there."""
    stack = np.stack(seeds)
    there = np.isfinite(stack)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, stack, 0.0).sum(0) / there.sum(0))


def drawings(maps: Maps) -> tuple[html.Drawing, ...]:
    """Each panel in the page's colours."""
    found = []
    for one in maps.panels:
        good = one.values[np.isfinite(one.values)]
        reach = (
            f"from {good.min():.3g} to {good.max():.3g}" if good.size else "without a finite number"
        )
        told = f"{one.name}. {maps.of.diagnostic} {reach}."
        drawn = html.render("panel.svg", told=told, panel=_drawn(maps, one))
        found.append(html.Drawing(one.name, drawn))
    return tuple(found)


def picture(maps: Maps) -> bytes:
    """All panels as a file that stands alone."""
    drawn = [_drawn(maps, p) for p in maps.panels]
    longest = max(len(p.name) for p in maps.panels)
    wide = max(max(p.width for p in drawn) + GAP // 2, GAP + 8 * longest)
    high = max(p.height for p in drawn)
    across = min(ACROSS, len(drawn))
    text = html.render(
        "map.svg",
        caption=maps.caption,
        width=across * wide + 10,
        height=HEAD + math.ceil(len(drawn) / across) * (high + HEAD),
        title=Label(maps.caption, 10, 18, "start", 12),
        head=HEAD,
        placed=[
            (
                i % across * wide,
                HEAD + i // across * (high + HEAD),
                Label(part.name, GAP, 16, "start", 13),
                inner,
            )
            for i, (part, inner) in enumerate(zip(maps.panels, drawn, strict=True))
        ],
    )
    for name, colour in PLAIN.items():
        text = text.replace(f"var({name})", colour)
    return f"{text}\n".encode()


@dataclass(frozen=True)
class Box:
    """A cell; without ``opacity`` there is no number."""

    x: int
    y: int
    width: int
    height: int
    opacity: float | None = None


@dataclass(frozen=True)
class Label:
    """A piece of text."""

    text: str
    x: int
    y: int
    anchor: str
    size: int = 11


@dataclass(frozen=True)
class Drawn:
    """Cells (each with its number, where there is room) and axes; ``down`` is written from
    below."""

    cells: tuple[tuple[Box, Label | None], ...]
    axes: tuple[Label, ...]
    down: str
    middle: int
    width: int
    height: int


def _drawn(maps: Maps, one: Map) -> Drawn:
    """Cells, axes, and the size that they take."""
    rows, columns = one.values.shape
    numbered = one.values.size <= NUMBERED
    side = CELL if numbered else max(SMALLEST, CELL * 10 // max(rows, columns))
    tall = side * 2 // 3 if numbered else side
    span = (maps.high - maps.low) or 1.0
    cells: list[tuple[Box, Label | None]] = []
    for (i, j), value in np.ndenumerate(one.values):
        x, y = GAP + j * side, i * tall
        if not math.isfinite(value):
            cells.append((Box(x, y, side, tall), None))
            continue
        text = Label(f"{value:.2f}", x + side // 2, y + tall // 2 + 4, "middle", 12)
        box = Box(x, y, side, tall, FULL * (value - maps.low) / span)
        cells.append((box, text if numbered else None))
    step = max(1, math.ceil(14 / tall))
    axes = [Label(str(i), GAP - 5, i * tall + tall // 2 + 4, "end") for i in range(0, rows, step)]
    step = max(1, math.ceil(18 / side))
    axes += [
        Label(str(j), GAP + j * side + side // 2, rows * tall + 14, "middle")
        for j in range(0, columns, step)
    ]
    axes.append(Label(maps.of.columns, GAP + columns * side // 2, rows * tall + 29, "middle"))
    return Drawn(
        tuple(cells),
        tuple(axes),
        maps.of.rows,
        rows * tall // 2,
        GAP + columns * side + 6,
        rows * tall + GAP,
    )


def plain(maps: Maps) -> dict[str, Any]:
    """Panels as JSON values: numbers by case, null where there is none."""
    return {
        "diagnostic": maps.of.diagnostic,
        "unit": maps.of.unit,
        "rows": maps.of.rows,
        "columns": maps.of.columns,
        "cases": {
            p.name: [
                [float(f"{v:.6g}") if math.isfinite(v) else None for v in row]
                for row in p.values.tolist()
            ]
            for p in maps.panels
        },
    }
