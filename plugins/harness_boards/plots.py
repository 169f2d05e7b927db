"""Plots of a section for its page: error against facts, cost, ranks, measures
against outcomes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.tables import number
from harness_boards import statistics as st
from harness_boards import svg
from harness_boards.axes import beyond, locate, plain_number, reach, spread, whole_numbers, wide
from harness_boards.html import Drawing
from harness_boards.standing import span

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

    from harness_boards.sections.ranked import Ranked

Floats = NDArray[np.float64]
WIDTH = 360
SHOWN = len(svg.SERIES)
"""Rows with a colour, marker and line of their own; the others are grey."""
MOST = 12
"""Panels of one kind in a section."""
DISTINCT = 10
"""Up to so many values of a fact are drawn as they are; more are gathered in bins."""
BINS = 5
MARKERS = "osD^vPXh"
LINES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    "-",
    (0, (8, 2)),
    (0, (3, 1.2)),
    (0, (1, 3)),
)


@dataclass(frozen=True)
class Plots:
    """The plots of a section, with the meaning of their lines and markers."""

    figures: tuple[Drawing, ...] = ()
    legend: tuple[tuple[str, Markup], ...] = ()
    notes: tuple[str, ...] = ()


def of_ranked(section: Ranked, identity: str) -> Plots:
    """All plots of a section that mean something. Raises `MissingDependency` without matplotlib."""
    drawing = names(identity)
    drawn = [s.done > 0 for s in section.rows]
    if not any(drawn):
        return Plots()
    colours = _colours(section)
    panels = list(_panels(section))
    figures = [_against(section, panel, colours, next(drawing)) for panel in panels[:MOST]]
    figures += _cost(section, colours, drawing)
    figures += _ranks(section, colours, drawing)
    if not figures:
        return Plots()
    legend = tuple(
        (section.rows[i].row.label, swatch(c)) for i, c in enumerate(colours) if c is not None
    )
    notes = []
    if sum(drawn) > SHOWN:
        notes.append(
            f"The best {SHOWN} rows are drawn with lines of their own, the other "
            f"{sum(drawn) - SHOWN} in grey."
        )
    if len(panels) > MOST:
        left = ", ".join(f"{p.task.rpartition('/')[2]} against {p.fact}" for p in panels[MOST:])
        notes.append(f"Not drawn: {left}.")
    return Plots(tuple(figures), legend, tuple(notes))


def names(identity: str) -> Iterator[str]:
    """Names that keep the ids of drawings apart."""
    return (f"{identity}-p{i}" for i in itertools.count())


def _colours(section: Ranked) -> list[int | None]:
    """The number of each row's colour, marker and line; None for those in grey."""
    with_figures = [i for i, s in enumerate(section.rows) if s.done][:SHOWN]
    return [with_figures.index(i) if i in with_figures else None for i in range(len(section.rows))]


def style(colour: int | None) -> dict[str, Any]:
    """How a row is drawn."""
    if colour is None:
        return {"color": svg.REST, "marker": ".", "markersize": 4, "linewidth": 0.8, "zorder": 2}
    return {
        "color": svg.SERIES[colour],
        "marker": MARKERS[colour],
        "linestyle": LINES[colour],
        "markersize": 5,
        "markeredgewidth": 0,
        "zorder": 3 + SHOWN - colour,
    }


@cache
def swatch(colour: int) -> Markup:
    """A line with its marker, for the legend."""
    with svg.drawing(36, 14) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, 2), ylim=(-1, 1))
        axes.plot([0.1, 1.0, 1.9], [0, 0, 0], **style(colour) | {"markevery": [1]})
        return svg.inline(figure, f"swatch-{colour}", "")


@dataclass(frozen=True)
class _Panel:
    """The cases of a task, and where they lie on one axis."""

    task: str
    fact: str
    cases: NDArray[np.int64]
    x: Floats


def _panels(section: Ranked) -> Iterator[_Panel]:
    """A panel for each task and numeric fact that varies among its cases; the truth counts as
    one."""
    grid = section.grid
    truths = st.over_seeds(grid.truth.transpose(1, 0, 2).reshape(len(grid.cases), -1))
    for task in dict.fromkeys(c.task for c in grid.cases):
        mine = np.array([i for i, c in enumerate(grid.cases) if c.task == task])
        columns: dict[str, Floats] = {}
        for name in dict.fromkeys(n for i in mine for n in grid.cases[i].facts):
            columns[name] = np.array([_number(grid.cases[i].facts.get(name)) for i in mine])
        if section.with_truth and not any(np.allclose(x, truths[mine]) for x in columns.values()):
            columns["truth"] = truths[mine]
        for name, x in columns.items():
            known = np.isfinite(x)
            if len(np.unique(x[known])) > 1:
                yield _Panel(task, name, mine[known], x[known])


def _number(value: Any) -> float:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    )


def _gathered(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Means of ``y`` (rows, cases) at each value of ``x``, or in bins of equally many cases."""
    values, at = np.unique(x, return_inverse=True)
    if len(values) > DISTINCT:
        at = np.minimum(
            np.searchsorted(np.quantile(x, np.linspace(0, 1, BINS + 1)[1:-1]), x, side="left"),
            BINS - 1,
        )
    groups = np.unique(at)
    return np.array([x[at == g].mean() for g in groups]), np.stack(
        [st.over_seeds(y[:, at == g]) for g in groups], 1
    )


def _against(section: Ranked, panel: _Panel, colours: list[int | None], name: str) -> Drawing:
    """Mean |error| with the bias below, or the value, against a fact."""
    accuracy = section.with_truth
    error = section.told(section.grid)[:, panel.cases]
    with svg.drawing(WIDTH, 380 if accuracy else 260) as figure:
        upper = figure.add_axes((0.17, 0.45, 0.79, 0.52) if accuracy else (0.17, 0.17, 0.79, 0.79))
        x, y = _gathered(panel.x, st.over_seeds(section.shown(error)))
        _lines(upper, x, y, colours)
        low, high, off = reach(y)
        if wide(np.clip(y, low, high)):
            upper.set_yscale("log")
        if off:
            upper.set_ylim(low, high)
        upper.set_ylabel(_score_axis(section))
        bottom = upper
        if accuracy:
            bottom = figure.add_axes((0.17, 0.12, 0.79, 0.27))
            _lines(bottom, *_gathered(panel.x, st.over_seeds(section.cut(error))), colours)
            bottom.axhline(0.0, color=svg.FAINT, linewidth=0.8, zorder=1)
            bottom.set_ylabel(f"bias{section.unit}")
            upper.tick_params(labelbottom=False)
        for axes in (upper, bottom):
            _ticks(axes, panel.x)
        bottom.set_xlabel(panel.fact)
        what = "|error| and bias" if accuracy else section.words
        task = panel.task.rpartition("/")[2]
        caption = f"{what} against {panel.fact}: {task}"
        if len(np.unique(panel.x)) > DISTINCT:
            caption += f", in {len(x)} bins of cases"
        caption += beyond(off) + _cut_off(section, error)
        return Drawing(caption, svg.inline(figure, name, caption, _ends(section, panel.fact, x, y)))


def _cut_off(section: Ranked, error: Floats) -> str:
    """How many errors a plot shows at the ceiling."""
    if section.rule is None:
        return ""
    many = int((np.abs(st.over_seeds(error)) > section.rule.ceiling).sum())
    cases = f"{many} mean{'s' * (many != 1)} of a case"
    return f" ({cases} cut at {section.rule.ceiling:g})" if many else ""


def _lines(axes: Axes, x: Floats, y: Floats, colours: list[int | None]) -> None:
    grey = np.array([colour is None for colour in colours])
    if grey.any():  # as one line with gaps: a board of a hundred rows has few artists
        gapped = np.column_stack([y[grey], np.full(int(grey.sum()), np.nan)])
        axes.plot(np.tile(np.append(x, np.nan), len(gapped)), gapped.ravel(), **style(None))
    for values, colour in zip(y, colours, strict=True):
        if colour is not None and np.isfinite(values).any():
            axes.plot(x, values, **style(colour))


def _ticks(axes: Axes, given: Floats) -> None:
    """A logarithmic axis where values grow by factors; a tick at each value of a few."""
    from matplotlib.ticker import FixedLocator

    if wide(given) or (
        given.min() > 0 and given.max() / given.min() >= 8 and len(np.unique(given)) <= 6
    ):
        axes.set_xscale("log")
    locate(axes)
    values = np.unique(given)
    if len(values) <= 6:
        axes.xaxis.set_major_locator(FixedLocator(list(values)))
        axes.xaxis.set_major_formatter(plain_number)


def _ends(section: Ranked, fact: str, x: Floats, y: Floats) -> str:
    """The plot in words: who is where at both ends."""
    told = []
    for at in (0, -1):
        known = [
            (float(v), s.row.label)
            for v, s in zip(y[:, at], section.rows, strict=True)
            if math.isfinite(v)
        ]
        if known:
            value, label = max(known) if section.high_wins else min(known)
            told.append(f"at {fact} {x[at]:.4g} the best is {label} with {number(value)}")
    return ("; ".join(told) + ".").capitalize() if told else ""


def _points(axes: Axes, x: Floats, y: Floats, colours: Sequence[int | None]) -> None:
    for colour in dict.fromkeys(colours):
        mine = [c == colour for c in colours]
        axes.plot(
            x[mine],
            y[mine],
            **style(colour) | {"linestyle": "none", "markersize": 6 if colour is None else 7},
        )


def _score_axis(section: Ranked) -> str:
    return f"{section.score}{section.unit}"


def _cost(section: Ranked, colours: list[int | None], names: Iterator[str]) -> list[Drawing]:
    """Score against time of the ranked rows, with the front of those that none beats in both."""
    there = [
        (s, c)
        for s, c in zip(section.rows, colours, strict=True)
        if s.cost and s.score is not None and not s.apart
    ]
    if len(there) < 2:
        return []
    cost = np.array([s.cost for s, _ in there], float)
    score = np.array([s.score for s, _ in there], float)
    with svg.drawing(WIDTH, 280) as figure:
        axes = figure.add_axes((0.17, 0.16, 0.79, 0.8))
        front = sorted((float(s.cost or 0.0), float(s.score or 0.0)) for s, _ in there if s.front)
        axes.step(
            *zip(*front, strict=True),
            where="post",
            color=svg.FAINT,
            linewidth=1.0,
            linestyle=(0, (4, 2)),
            zorder=1.5,
        )
        _points(axes, cost, score, [colour for _, colour in there])
        axes.set_xscale("log")
        if wide(score):
            axes.set_yscale("log")
        axes.margins(0.12)
        locate(axes)
        middle = math.sqrt(float(cost.min() * cost.max()))
        for (s, _), a, b in zip(there, cost, score, strict=True):
            if s.front:
                # Towards the middle, on paper: the dashed line does not run through it.
                left = a > middle
                axes.annotate(
                    _cut(s.row.label),
                    (a, b),
                    (-8 if left else 8, 0),
                    textcoords="offset points",
                    fontsize=8.5,
                    ha="right" if left else "left",
                    va="center",
                    zorder=20,
                    bbox={"facecolor": svg.PAPER, "edgecolor": "none", "pad": 1.0},
                )
        spread(axes)
        axes.set_xlabel("time of a run [s]")
        axes.set_ylabel(_score_axis(section))
        what = section.score
        caption = (
            f"{what[:1].upper()}{what[1:]} against cost; dashed: the front, where no row is both "
            "better and cheaper"
        )
        on = ", ".join(
            f"{s.row.label} ({number(float(s.cost or 0.0))} s)" for s, _ in there if s.front
        )
        return [Drawing(caption, svg.inline(figure, next(names), caption, f"On the front: {on}."))]


def _ranks(section: Ranked, colours: list[int | None], names: Iterator[str]) -> list[Drawing]:
    """The ranks that the verdicts leave open to each row."""
    rows = [(s, c) for s, c in zip(section.rows, colours, strict=True) if s.ranks]
    if not section.leaders() or len(rows) < 2:
        return []
    height = 58 + 17 * len(rows)
    left = min(0.42, (14 + 5.6 * max(len(_cut(s.row.label)) for s, _ in rows)) / WIDTH)
    with svg.drawing(WIDTH, height) as figure:
        axes = figure.add_axes((left, 40 / height, 0.96 - left, 1 - 48 / height))
        ends = np.array([s.ranks for s, _ in rows], float)
        y = np.arange(float(len(rows)))
        colors = [style(c)["color"] for _, c in rows]
        axes.hlines(y, ends[:, 0], ends[:, 1], colors=colors, linewidth=2.0)
        for x in ends.T:
            _points(axes, x, y, [c for _, c in rows])
        axes.set_yticks(range(len(rows)), [_cut(s.row.label) for s, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0.5, len(rows) + 0.5)
        axes.xaxis.set_major_locator(whole_numbers())
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("rank")
        caption = "Ranks that the verdicts leave open, for all rows at once (95 %)"
        told = "; ".join(f"{s.row.label} {span(s.ranks)}" for s, _ in rows)
        return [Drawing(caption, svg.inline(figure, next(names), caption, f"{told}."))]


def _cut(label: str, most: int = 24) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
