"""Axes that can be read: limits that wild values do not stretch, few ticks, plain figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Floats = NDArray[np.float64]
WIDE = 30.0
"""Values that span more than this factor get a logarithmic axis."""
NARROW = 3.0
"""Values that span less than this factor get even ticks on a logarithmic axis."""
LINE = 1.3
"""Height of a line of names, as a multiple of the size of their font."""
APART = 3.0
"""Pixels between two labels of ticks."""
STRETCH = 3.0
"""Spans of the middle 90 % of values that an axis shows on either side of these."""


def reach(values: Floats) -> tuple[float, float, int]:
    """Limits of an axis that a few wild values do not stretch, and how many lie beyond them: three
    times the span of the middle 90 % on either side of it."""
    good = values[np.isfinite(values)]
    if not good.size:
        return 0.0, 1.0, 0
    low, high = np.quantile(good, [0.05, 0.95])
    low, high = (
        max(float(good.min()), float(low - STRETCH * (high - low))),
        min(float(good.max()), float(high + STRETCH * (high - low))),
    )
    return low, high, int(((good < low) | (good > high)).sum())


def beyond(off: int) -> str:
    """How many points an axis leaves out, for its caption."""
    return f" ({off} point{'s' * (off != 1)} off the scale)" if off else ""


def wide(values: Floats) -> bool:
    """Whether values call for a logarithmic axis."""
    good = values[np.isfinite(values)]
    return bool(good.size and good.min() > 0 and good.max() / good.min() > WIDE)


def locate(axes: Axes) -> None:
    """Few ticks, with plain figures: without formulas matplotlib would print the source of 10^3."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        if axis.get_scale() == "linear":
            axis.set_major_locator(MaxNLocator(5))
        elif high < NARROW * low:  # too little for powers: three digits may not tell ticks apart
            axis.set_major_locator(MaxNLocator(4))
            axis.set_major_formatter(ScalarFormatter(useOffset=False))
            axis.set_minor_locator(NullLocator())
        else:
            axis.set_major_locator(
                LogLocator(subs=(1.0, 2.0, 5.0) if high < 50 * low else (1.0,), numticks=6)
            )
            axis.set_major_formatter(plain_number)
            axis.set_minor_locator(NullLocator())


def thin(axes: Axes) -> None:
    """Hide the labels of the x axis that would touch the one before: positions may be uneven."""
    end = -np.inf
    for label in axes.get_xticklabels():
        box = label.get_window_extent()
        if label.get_text() and label.get_visible():
            label.set_visible(bool(box.x0 >= end + APART))
            end = box.x1 if label.get_visible() else end


def spread(axes: Axes) -> None:
    """Move names of points up or down, by lines, where they would lie on a name before."""
    taken: list[Bbox] = []
    for name in axes.texts:
        across = name.get_position()[0]
        for lines in (0, 1, -1, 2, -2, 3, -3):
            name.set_position((across, lines * LINE * float(name.get_fontsize())))
            box = name.get_window_extent()
            if axes.bbox.y0 <= box.y0 and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def whole_numbers() -> Any:
    """Few ticks, at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(6, integer=True)


def plain_number(value: float, _: float) -> str:
    """A tick: three digits, an exponent only far from one."""
    size = abs(value)
    if size == 0 or 1e-4 <= size < 1e5:
        return f"{value:.3g}" if size < 1000 else f"{value:.0f}"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
