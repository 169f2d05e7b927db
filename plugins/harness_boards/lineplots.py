"""Plots of a curves section: lines with bands, the truth dashed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.tables import number
from harness_boards import svg
from harness_boards.axes import beyond, locate, reach
from harness_boards.html import Drawing
from harness_boards.lines import Line, Panel
from harness_boards.plots import MOST, SHOWN, WIDTH, Plots, names, style, swatch

BAND = 0.15
"""Opacity of a band."""


def of_curves(panels: Sequence[Panel], identity: str) -> Plots:
    """A drawing for each panel. Raises `MissingDependency` without matplotlib."""
    labels = list(dict.fromkeys(line.label for p in panels for line in p.lines))
    colours = {label: i if i < SHOWN else None for i, label in enumerate(labels)}
    drawing = names(identity)
    figures = tuple(_drawn(p, colours, next(drawing)) for p in panels[:MOST])
    legend = tuple((label, swatch(c)) for label, c in colours.items() if c is not None)
    notes = []
    if len(labels) > SHOWN:
        notes.append(f"{SHOWN} rows have lines of their own, the other {len(labels) - SHOWN} grey.")
    if len(panels) > MOST:
        notes.append(f"Not drawn: {'; '.join(p.title for p in panels[MOST:])}.")
    return Plots(figures, legend, tuple(notes))


def _drawn(panel: Panel, colours: dict[str, int | None], name: str) -> Drawing:
    every = (*panel.lines, *([panel.truth] if panel.truth else []))
    low, high, off = reach(np.concatenate([line.y for line in every]))
    with svg.drawing(WIDTH, 260) as figure:
        axes = figure.add_axes((0.17, 0.17, 0.79, 0.79))
        for line in panel.lines:
            look = style(colours[line.label])
            axes.plot(line.x, line.y, **look)
            axes.fill_between(
                line.x, line.low, line.high, color=look["color"], alpha=BAND, linewidth=0
            )
        if panel.truth:
            axes.plot(
                panel.truth.x,
                panel.truth.y,
                color=svg.INK,
                linestyle=(0, (4, 3)),
                linewidth=1.2,
                zorder=20,
            )
        if panel.scale == "log" and float(panel.positions.min()) > 0:
            axes.set_xscale("log")
        if off:
            axes.set_ylim(low, high)
        locate(axes)
        axes.set_xlabel(panel.x)
        unit = f" [{panel.unit}]" if panel.unit else ""
        axes.set_ylabel(f"{panel.y.replace('_', ' ')}{unit}")
        caption = panel.title + (beyond(off))
        said = "; ".join(map(_ends, every))
        return Drawing(caption, svg.inline(figure, name, caption, f"{said}."))


def _ends(line: Line) -> str:
    return f"{line.label} from {number(float(line.y[0]))} to {number(float(line.y[-1]))}"
