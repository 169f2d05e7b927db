"""What curves show for sure, as a sentence: how far from the truth at most, and where each line is
greatest or least.

The error of a mean over seeds is that of its own seeds or that of all positions of its line,
whichever is more: two seeds that agree by chance are not sure. Where there is one seed it is the
standard error that the method states, and without that nothing is said of the line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.tables import counted
from harness_boards import statistics as st
from harness_boards.figures import brief, resolved
from harness_boards.lines import Floats, Line, Panel

FEW = 3
"""Lines of a quantity that are told one by one; of more it is told how many do what."""


def of_curves(panels: Sequence[Panel]) -> str:
    """Both, for all panels; empty where nothing is sure."""
    return " ".join(filter(None, (_from_truth(panels), _shapes(panels))))


def errors(line: Line, level: float) -> Floats:
    """What the mean at each position is off by at most, with this two-sided level of error."""
    n = line.seeds
    own = (line.high - line.y) / np.sqrt(n)
    several = n > 1
    if several.any():
        spread = (line.high - line.y)[several]
        own = np.where(several, np.maximum(own, np.sqrt(np.mean(spread**2) / n)), own)
    unknown = ~several & (own == 0)
    quantiles = st.special().stdtrit(np.where(several, n - 1.0, 1e9), 1 - level / 2)
    return np.asarray(np.where(unknown, np.inf, quantiles * own))


def _from_truth(panels: Sequence[Panel]) -> str:
    """For each line the largest distance to the truth that is left open, over all panels of a
    unit."""
    found: dict[tuple[str, str], list[tuple[Line, Line]]] = {}
    for panel in panels:
        if panel.truth is not None:
            for line in panel.lines:
                found.setdefault((line.label, panel.unit), []).append((line, panel.truth))
    said = []
    for (label, unit), pairs in found.items():
        places = [np.isin(line.x, truth.x) for line, truth in pairs]
        count = int(sum(at.sum() for at in places))
        if not count:
            continue
        most = 0.0
        for (line, truth), at in zip(pairs, places, strict=True):
            known = np.interp(line.x[at], truth.x, truth.y)
            reach = np.abs(line.y[at] - known) + errors(line, (1 - st.LEVEL) / count)[at]
            most = max(most, float(reach.max(initial=0.0)))
        if np.isfinite(most):
            said.append(
                f"{label} {brief(most)}{f' {unit}' * bool(unit)} ({counted(count, 'position')})"
            )
    return f"From the truth at most, with 95 % each: {'; '.join(said)}." if said else ""


def _shapes(panels: Sequence[Panel]) -> str:
    """By quantity, what its lines do along the axis; panels with a truth have their say above."""
    found: dict[tuple[str, str], list[tuple[str, Line]]] = {}
    for panel in panels:
        for line in panel.lines if panel.truth is None else ():
            found.setdefault((panel.words, panel.x), []).append((panel.title, line))
    said = []
    for (y, x), given in found.items():
        named = _named(y, given)
        told = [(name, line, shape) for name, line in named if (shape := shape_of(line))]
        if not told:
            continue
        if len(named) <= FEW:
            words = "; ".join(f"{name} {_where(line, shape)}" for name, line, shape in told)
        else:
            count = Counter(shape for *_, shape in told)
            words = ", ".join(f"{n} {shape}" for shape, n in count.items())
            words += f" of {len(named)} lines"
        said.append(f"{y} along {x}: {words}")
    if not said:
        return ""
    return f"Sure, with 95 % each: {'. '.join(said)}."


def _named(y: str, given: list[tuple[str, Line]]) -> list[tuple[str, Line]]:
    """Lines by what tells them apart: their label, their panel, or both."""
    labels, titles = {line.label for _, line in given}, {title for title, _ in given}
    named = []
    for title, line in given:
        panel = title.removeprefix(y).removeprefix(", ")
        parts = [line.label] * (len(labels) > 1 or len(titles) == 1) + [panel] * (len(titles) > 1)
        named.append((", ".join(parts), line))
    return named


def shape_of(line: Line) -> str:
    """What is sure of a line: that both ends are below a position between them, or above one; else
    that one end is above the other. Empty where nothing is."""
    count = len(line.x)
    if count < 2:
        return ""
    off = errors(line, (1 - st.LEVEL) / (count * (count - 1)))
    ends = [0, count - 1]
    for turn, word in ((1.0, "greatest inside"), (-1.0, "least inside")):
        top = int(np.argmax(turn * line.y))
        gap = turn * (line.y[top] - line.y[ends])
        if top not in ends and (gap > np.hypot(off[top], off[ends])).all():
            return word
    if abs(line.y[-1] - line.y[0]) > np.hypot(off[0], off[-1]):
        return "rising from end to end" if line.y[-1] > line.y[0] else "falling from end to end"
    return ""


def _where(line: Line, shape: str) -> str:
    """A shape with its place and value, and what these are off by."""
    count = len(line.x)
    off = errors(line, (1 - st.LEVEL) / (count * (count - 1)))
    if not shape.endswith("inside"):
        change = float(line.y[-1] - line.y[0])
        noise = float(np.hypot(off[0], off[-1]))
        return f"{shape}, by {resolved(abs(change), noise)} ± {brief(noise)}"
    turn = 1.0 if shape.startswith("greatest") else -1.0
    top = int(np.argmax(turn * line.y))
    open_ = turn * (line.y[top] - line.y) <= np.hypot(off[top], off)
    low, high = line.x[open_][[0, -1]]
    place = f"at {low:g}" if low == high else f"between {low:g} and {high:g}"
    return f"{shape}, {place} ({resolved(float(line.y[top]), float(off[top]))} ± {brief(off[top])})"
