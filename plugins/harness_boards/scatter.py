"""Plots of a validity section: each measure against the outcome."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.tables import number
from harness_boards import svg
from harness_boards.axes import beyond, locate, reach, wide
from harness_boards.html import Drawing
from harness_boards.plots import MOST, WIDTH, Plots, names

if TYPE_CHECKING:
    from harness_boards.prediction import Predictor
    from harness_boards.sections.validity import Validity

Floats = NDArray[np.float64]


def of_validity(section: Validity, identity: str) -> Plots:
    """Each measure against the outcome. Raises `MissingDependency` without matplotlib."""
    drawing = names(identity)
    drawable = [p for p in section.rows if p.spearman is not None]
    outcome = np.array(section.outcome_values, float)
    figures = tuple(_scatter(section, p, outcome, next(drawing)) for p in drawable[:MOST])
    left = ", ".join(p.row.label for p in drawable[MOST:])
    return Plots(figures, (), (f"Not drawn: {left}.",) if left else ())


def _scatter(section: Validity, predictor: Predictor, outcome: Floats, name: str) -> Drawing:
    x = np.array([math.nan if v is None else v for v in predictor.x])
    there = np.isfinite(x) & np.isfinite(outcome)
    x, y = x[there], outcome[there]
    with svg.drawing(WIDTH, 260) as figure:
        axes = figure.add_axes((0.17, 0.17, 0.79, 0.79))
        axes.plot(
            x,
            y,
            color=svg.SERIES[0],
            marker="o",
            markersize=5,
            markeredgewidth=0,
            linestyle="none",
            alpha=0.75,
        )
        low, high, off = reach(x)
        if wide(np.clip(x, low, high)):
            axes.set_xscale("log")
        if wide(y):
            axes.set_yscale("log")
        if off:
            axes.set_xlim(low, high)
        locate(axes)
        quantity = predictor.quantity
        axes.set_xlabel(
            textwrap.shorten(
                f"{predictor.row.label} {f'[{quantity.unit}]' if quantity.unit else ''}", 52
            )
        )
        axes.set_ylabel(section.outcome_words)
        bounds = predictor.spearman_interval
        surely = f" [{bounds[0]:.2f}, {bounds[1]:.2f}]" if bounds else ""
        caption = f"{predictor.row.label}: Spearman {predictor.spearman:.2f}{surely}{beyond(off)}"
        return Drawing(
            caption, svg.inline(figure, name, caption, f"{int(there.sum())} points, {_span(x)}.")
        )


def _span(x: Sequence[float] | Floats) -> str:
    return f"the measure from {number(float(min(x)))} to {number(float(max(x)))}"
