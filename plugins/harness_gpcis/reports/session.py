"""A session as a picture: ``harness report gpcis/session RECORDS --out session.png``.

A column is a click; rows are the picture with the clicks so far and the edge of the mask, the mean,
and the posterior variance. The session is played again, for the first picture of the first record,
with the random numbers of that run: a trained head is the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from tabulate import tabulate

import harness
from harness import Bools, Document, Floats, Record, Records, Singles, UsageError, stream

SHOWN = 6
"""Clicks, at most; the last one is always shown."""


@dataclass(frozen=True)
class State:
    """What is known after a click."""

    places: tuple[tuple[int, int, int], ...]
    mean: Floats
    variance: Floats
    overlap: float


@dataclass(frozen=True)
class Session:
    """The picture of a session."""

    def make(self, records: Records) -> Document:
        """The figure, and overlap and variance by click as a table."""
        row = next((r for r in records if r.status == "ok"), None)
        if row is None:
            raise UsageError("no session that ended well; wanted a record of gp-clicks")
        picture, states = replayed(row)
        rows = [
            (k, "object" if s.places[-1][2] > 0 else "ground", s.overlap, s.variance.mean())
            for k, s in enumerate(states, start=1)
        ]
        header = ("click", "on", "overlap", "mean posterior variance")
        table = tabulate(rows, header, "github", floatfmt=".3f")
        name = f"{row.task}, {row.case}, seed {row.seed}, {row.estimator}"
        text = f"First picture of {name}.\n\n{table}"
        return Document(text, draw=partial(draw, picture=picture, states=states))


def replayed(row: Record) -> tuple[Singles, list[State]]:
    """The first picture of a record's case, and its states.

    Raises `UsageError` where the task does not have the case any more.
    """
    task = harness.task(row.task, **row.params["task"])
    case = next((c for c in task.cases(seed=row.seed) if c.id == row.case), None)
    if case is None:
        raise UsageError(f"{row.task} has no case {row.case}")
    data, truth = case.load(), case.reveal()
    first = int(task.members(case)[0])
    estimator = harness.estimator(row.estimator, **row.params["estimator"])
    make = estimator.maker(data, stream(row.seed, row.task, case.source, row.estimator))
    picture = data.evaluated().picture(first)
    head, shape = make(picture), picture.shape[:2]
    clicked, guess = np.zeros(shape, bool), np.zeros(shape, bool)
    places: tuple[tuple[int, int, int], ...] = ()
    states: list[State] = []
    while len(states) < task.limit and not (states and states[-1].overlap >= task.target):
        place, sign = truth.click(first, guess, clicked)
        if not sign:
            break
        head.click(place, sign)
        clicked.flat[place] = True
        places = (*places, (*divmod(place, shape[1]), sign))
        mean = head.field().reshape(shape).astype(np.float64)
        guess = mean > 0
        overlap = truth.overlap(first, guess)
        states.append(State(places, mean, head.variance().reshape(shape), overlap))
    return picture, states


def shown(states: list[State]) -> list[int]:
    """The states that are drawn: the first ones, and the last."""
    count = len(states)
    return list(range(count)) if count <= SHOWN else [*range(SHOWN - 1), count - 1]


def draw(figure: Any, picture: Singles, states: list[State]) -> None:
    """Paint the session on an empty figure."""
    chosen = shown(states)
    figure.set_size_inches(1.9 * len(chosen) + 0.9, 6.0)
    panels = figure.subplots(3, len(chosen), squeeze=False)
    reach = max(np.abs(states[k].mean).max() for k in chosen)
    most = max(states[k].variance.max() for k in chosen)
    for column, k in enumerate(chosen):
        state = states[k]
        top, middle, bottom = panels[:, column]
        top.imshow(picture, interpolation="nearest")
        _edge(top, state.mean > 0)
        mean = middle.imshow(state.mean, cmap="RdBu", vmin=-reach, vmax=reach)
        variance = bottom.imshow(state.variance, cmap="viridis", vmin=0.0, vmax=most)
        for panel in (top, middle, bottom):
            panel.set_xticks([])
            panel.set_yticks([])
            for row, at, sign in state.places:
                marker, tint = ("o", "tab:green") if sign > 0 else ("X", "tab:red")
                panel.plot(at, row, marker, color=tint, markeredgecolor="white", markersize=6)
        top.set_title(f"click {k + 1}: IoU {state.overlap:.2f}", fontsize="medium")
    for panel, name in zip(panels[:, 0], ("clicks and mask", "mean", "variance"), strict=True):
        panel.set_ylabel(name)
    figure.colorbar(mean, ax=panels[1].tolist(), shrink=0.8)
    figure.colorbar(variance, ax=panels[2].tolist(), shrink=0.8)


def _edge(panel: Any, mask: Bools) -> None:
    """The outline of a mask, along the edge of the picture, too."""
    if mask.any():
        y, x = (np.arange(-1, n + 1) for n in mask.shape)
        panel.contour(x, y, np.pad(mask, 1).astype(float), [0.5], colors="white", linewidths=1.2)
