"""Figures that any records have: values with intervals, scores over a coordinate, layers by
measure. Reports of plugins (`harness.reports`) are drawn by the same verb, ``harness plot``."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from harness.errors import UsageError
from harness.records import Record, Records
from harness.reports import Document, half_width
from harness.tables import grouped, natural, number
from harness.tables.scale import Scale

PANELS = 12
"""Panels of a figure, at most."""
NUMBERED = 200
"""A map with more cells has colours only."""


def values(records: Records, scale: Scale) -> Document:
    """A panel for each case: the value of each row with its interval, and the truth as a line.

    The interval is Student's 95 % interval of the mean over seeds; of one seed the estimator's own
    95 % interval, where it gives one.
    """
    panels: dict[str, list[Record]] = {}
    for r in records:
        if r.value is not None and math.isfinite(r.value):
            panels.setdefault(f"{r.task.rpartition('/')[2]}: {r.case}", []).append(r)
    if not panels:
        raise UsageError("none of these results has a value; wanted some that ended well")
    titles = sorted(panels, key=natural)
    shown = {title: grouped(panels[title]) for title in titles[:PANELS]}
    lines = [
        f"{title}: {name}: {_told([_scaled(r, scale) for r in rs], rs, scale)}"
        for title, rows in shown.items()
        for name, rs in rows.items()
    ]
    more = titles[PANELS:]
    note = f"Not drawn, {len(more)} more cases: {', '.join(more)[:300]}" if more else ""
    return Document("\n".join(filter(None, (*lines, note))), draw=partial(_values, shown, scale))


def _scaled(record: Record, scale: Scale) -> float:
    assert record.value is not None
    return record.value * scale.factor(record.quantity)


def interval(records: Sequence[Record], scale: Scale) -> tuple[float, float] | None:
    """The ends of the 95 % interval of one point: Student's over seeds; of one seed the estimator's
    own, or that of its standard error. None where there is none."""
    found = [_scaled(r, scale) for r in records]
    if len(found) > 1:
        mean, reach = statistics.fmean(found), half_width(found)
        return mean - reach, mean + reach
    (only,), factor = records, scale.factor(records[0].quantity)
    match only.diagnostics:
        case {"low": int() | float() as low, "high": int() | float() as high}:
            return low * factor, high * factor
    if only.stderr is None or not math.isfinite(only.stderr):
        return None
    return found[0] - 1.96 * only.stderr * factor, found[0] + 1.96 * only.stderr * factor


def _told(found: Sequence[float], records: Sequence[Record], scale: Scale) -> str:
    ends, unit = interval(records, scale), scale.unit(records[0].quantity)
    between = f" [{number(ends[0])}, {number(ends[1])}]" if ends else ""
    return f"{number(statistics.fmean(found))}{between} {unit}".rstrip()


def _values(shown: dict[str, dict[str, list[Record]]], scale: Scale, figure: Any) -> None:
    widest = max(len(name) for rows in shown.values() for name in rows)
    tall = sum(len(rows) for rows in shown.values())
    figure.set_size_inches(5.5 + 0.08 * widest, 0.9 * len(shown) + 0.26 * tall + 0.4)
    heights = [len(rows) + 1 for rows in shown.values()]
    axes = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
    for panel, (title, rows) in zip(axes, shown.items(), strict=True):
        for place, records in enumerate(rows.values()):
            mean = statistics.fmean(_scaled(r, scale) for r in records)
            if ends := interval(records, scale):
                panel.plot(ends, [place, place], color="C0", lw=1.5)
            panel.plot(mean, place, "o", ms=4, color="C0")
        first = next(iter(rows.values()))[0]
        shared = {r.quantity for rs in rows.values() for r in rs} == {first.quantity}
        if shared and first.truth is not None:
            panel.axvline(first.truth * scale.factor(first.quantity), color="0.3", ls="--", lw=1)
        panel.set_yticks(range(len(rows)), list(rows))
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_title(title, fontsize="medium", loc="left", wrap=True)
        panel.set_xlabel(str(scale.column(first.quantity)) if shared else "value")
        panel.grid(axis="x", color="0.92")


def across(records: Records, scale: Scale, fact: str, quantities: Sequence[str] = ()) -> Document:
    """Scores against a coordinate of the cases, such as the rate that is kept: a panel for each
    quantity, a line for each row; means over data sets and seeds with their standard errors."""
    placed = [r for r in records if isinstance(r.facts.get(fact), int | float)]
    if not placed:
        known = sorted({name for r in records for name in r.facts})
        raise UsageError(
            f"no result lies at a {fact}; these results have {', '.join(known) or 'no coordinates'}"
        )
    names = list(quantities) or list(dict.fromkeys(r.quantity for r in placed))
    panels: dict[str, dict[str, list[tuple[float, float, float]]]] = {}
    for name in names:
        rows = {row: _points(rs, fact, name, scale) for row, rs in grouped(placed).items()}
        panels[name] = {row: points for row, points in rows.items() if points}
        if not panels[name]:
            scored = sorted({n for r in placed for n in (r.scores or {r.quantity: 0})})
            raise UsageError(f"no result has {name!r}; these results have {', '.join(scored)}")
    lines = [
        f"{name}: {row}: " + ", ".join(f"{x:g}: {number(y)}" for x, y, _ in points)
        for name, rows in panels.items()
        for row, points in rows.items()
    ]
    return Document("\n".join(lines), draw=partial(_across, panels, scale, fact))


def _points(
    records: Iterable[Record], fact: str, name: str, scale: Scale
) -> list[tuple[float, float, float]]:
    """Place, mean and standard error (0 for one value), by place."""
    found: dict[float, list[float]] = {}
    for r in records:
        value = r.scores.get(name, r.value if r.quantity == name else None)
        if value is not None and math.isfinite(value):
            found.setdefault(float(r.facts[fact]), []).append(value * scale.factor(name))
    return [
        (x, statistics.fmean(ys), statistics.stdev(ys) / len(ys) ** 0.5 if len(ys) > 1 else 0.0)
        for x, ys in sorted(found.items())
    ]


MARKERS = "osD^vP*X"


def _across(
    panels: dict[str, dict[str, list[tuple[float, float, float]]]],
    scale: Scale,
    fact: str,
    figure: Any,
) -> None:
    figure.set_size_inches(5.2 * len(panels) + 2.4, 4.0)
    rows = list(dict.fromkeys(row for lines in panels.values() for row in lines))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for panel, (name, lines) in zip(axes, panels.items(), strict=True):
        for row, points in lines.items():
            number_ = rows.index(row)
            x, y, error = zip(*points, strict=True)
            look = {"color": f"C{number_ % 10}", "marker": MARKERS[number_ % len(MARKERS)]}
            panel.errorbar(x, y, yerr=error, label=row, ms=4, lw=1.3, capsize=2, **look)
        panel.set_xlabel(fact.replace("_", " "))
        panel.set_ylabel(str(scale.column(name)))
        panel.grid(color="0.92")
    handles = {t: h for a in axes for h, t in zip(*a.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside right upper", frameon=False)


def layers(records: Records, scale: Scale) -> Document:
    """A map of layers by measure; each column has its own colours, from its lowest to its highest
    value. The mean over seeds, and over the further coordinates of the cases."""
    placed = [r for r in records if "layer" in r.facts and r.value is not None]
    placed = [r for r in placed if math.isfinite(_scaled(r, scale))]
    if not placed:
        raise UsageError("no result has a layer; wanted results of a task whose cases are layers")
    cells: dict[str, dict[str, list[float]]] = {}
    for row, rs in grouped(placed).items():
        for r in rs:
            pair = f", {r.facts['pair']}" if "pair" in r.facts else ""
            unit = scale.unit(r.quantity)
            name = f"{row}{pair}" + (f" [{unit}]" if unit else "")
            cells.setdefault(name, {}).setdefault(str(r.facts["layer"]), []).append(
                _scaled(r, scale)
            )
    names = sorted({layer for column in cells.values() for layer in column}, key=natural)
    grid = [
        [statistics.fmean(column[n]) if n in column else math.nan for column in cells.values()]
        for n in names
    ]
    lines = [
        f"layer {n}: "
        + ", ".join(f"{c} {number(v)}" for c, v in zip(cells, row, strict=True) if v == v)
        for n, row in zip(names, grid, strict=True)
    ]
    return Document("\n".join(lines), draw=partial(_layers, names, list(cells), grid))


def _layers(
    names: Sequence[str], columns: Sequence[str], grid: Sequence[Sequence[float]], figure: Any
) -> None:
    import numpy as np

    found = np.array(grid)
    low, high = np.nanmin(found, axis=0), np.nanmax(found, axis=0)
    shares = (found - low) / np.where(high > low, high - low, 1.0)
    widest = max(map(len, names))
    figure.set_size_inches(2 + 0.08 * widest + 0.8 * len(columns), 2.6 + 0.32 * len(names))
    axes = figure.subplots()
    axes.imshow(shares, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    if found.size <= NUMBERED:
        for (i, j), share in np.ndenumerate(shares):
            if np.isfinite(share):
                tint = "black" if share > 0.6 else "white"
                text = number(float(found[i, j]))
                axes.text(j, i, text, ha="center", va="center", color=tint, fontsize="small")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylabel("layer")


Figure = Callable[..., Document]
OWN: dict[str, tuple[Figure, str]] = {
    "values": (values, "the values of each case with their intervals, beside the truth"),
    "rate": (across, "scores against the rate that is kept, or another coordinate (--across)"),
    "layers": (layers, "layers by measure, as a map"),
}
"""The figures that need no plugin, and what they show."""
