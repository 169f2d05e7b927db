"""Scales as a figure: ``harness report perceptual_scales/scales RECORDS --out FILE.png``.

Each case is a panel; a line is a model. Scales with standard errors have a band of 1.96 of them.
Over seeds, lines and bands are those of the mean scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from tabulate import tabulate

from harness import Document, Floats, Records, UsageError

Line = tuple[Floats, Floats, Floats | None]
"""Positions from 0 to 1, the scale, its standard error."""


@dataclass(frozen=True)
class Scales:
    """Measured and predicted scales by case."""

    def make(self, records: Records) -> Document:
        """The figure, and the scale at the middle of the path as a table."""
        lines = collected(records)
        names = sorted({name for panel in lines.values() for name in panel})
        rows = [
            (case, *(middle(panel[name]) if name in panel else None for name in names))
            for case, panel in lines.items()
        ]
        table = tabulate(rows, ("case", *names), "github", floatfmt=".3f")
        text = f"Scale at the middle of the path; the diagonal has 0.5.\n\n{table}"
        return Document(text, draw=partial(draw, lines=lines))


def collected(records: Records) -> dict[str, dict[str, Line]]:
    """By case and models: the mean over seeds. Raises `UsageError` where there is none."""
    found: dict[str, dict[str, list[Any]]] = {}
    for row in records:
        curve = row.curve
        if row.status != "ok" or curve is None:
            continue
        name = ", ".join(model.rpartition("/")[2] for model in row.models) or "as given"
        found.setdefault(row.case, {}).setdefault(name, []).append(curve)
    if not found:
        raise UsageError("no record of scale-curve that ended well; wanted some")
    return {
        case: {name: mean_line(curves) for name, curves in panel.items()}
        for case, panel in found.items()
    }


def mean_line(curves: list[Any]) -> Line:
    """The mean of scales at equal steps, with the error of that mean."""
    x = curves[0].x
    psi = np.mean([c.y for c in curves], axis=0)
    errors = [c.stderr for c in curves if c.stderr is not None]
    stderr = np.sqrt(np.square(errors).sum(0)) / len(curves) if errors else None
    return (x - x[0]) / (x[-1] - x[0]), psi, stderr


def middle(line: Line) -> float:
    """The scale at the middle of the path."""
    return float(np.interp(0.5, line[0], line[1]))


def draw(figure: Any, lines: dict[str, dict[str, Line]]) -> None:
    """Paint the panels on an empty figure."""
    columns = min(4, len(lines))
    height = math.ceil(len(lines) / columns)
    figure.set_size_inches(2.6 * columns + 1.8, 2.6 * height + 0.6)
    panels = figure.subplots(height, columns, squeeze=False, sharex=True, sharey=True).ravel()
    names = sorted({name for panel in lines.values() for name in panel})
    tints = {name: f"C{i % 10}" for i, name in enumerate(names)}
    handles: dict[str, Any] = {}
    for panel, (case, found) in zip(panels, lines.items(), strict=False):
        panel.plot([0, 1], [0, 1], color="0.8", linewidth=1)
        for name, (x, psi, stderr) in found.items():
            (handles[name],) = panel.plot(x, psi, color=tints[name], linewidth=1.4)
            if stderr is not None:
                low, high = psi - 1.96 * stderr, psi + 1.96 * stderr
                panel.fill_between(x, low, high, color=tints[name], alpha=0.25, linewidth=0)
        panel.set_title(case, fontsize="medium")
    for panel in panels[len(lines) :]:
        panel.remove()
    figure.supxlabel("parameter, from one end of the path to the other")
    figure.supylabel("scale")
    shown = [name for name in names if name in handles]
    figure.legend([handles[n] for n in shown], shown, loc="outside right center", frameon=False)
