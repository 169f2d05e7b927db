"""Accuracy and ranking sections, worked out: who stands where, how surely, at what cost, and what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Quantity
from harness_boards import statistics as st
from harness_boards.definition import Contents, Section
from harness_boards.grid import Grid, Row

Floats = NDArray[np.float64]
DRAWS = 2000
NORMAL = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: half a 95 % interval, in standard errors."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """One row of an accuracy or ranking section.

    ``score`` is the mean absolute error (accuracy) or the mean value (ranking) over completed cases, ``median`` that
    of the absolute errors. ``rank`` counts
    the rows that beat it on what both completed; ``ranks`` is its bootstrap interval; rows that share a letter of
    ``group`` are not separated. ``place`` is the mean place over cases, failures last. ``inside`` is the share of 95 %
    intervals (value ± 1.96 stderr) that hold the truth; ``violations`` counts values beyond a bound by more than that.
    ``done`` of ``expected`` runs gave a figure; ``marks`` says what became of the others. ``cost`` is the median time
    of a run (models and estimator), seconds; ``front``: no other row is both better and cheaper.
    """

    row: Row
    rank: int | None = None
    ranks: tuple[int, int] | None = None
    group: str = ""
    score: float | None = None
    interval: Interval | None = None
    median: float | None = None
    bias: float | None = None
    spread: float | None = None
    rmse: float | None = None
    inside: float | None = None
    violations: int = 0
    place: float | None = None
    done: int = 0
    expected: int = 0
    marks: Mapping[str, int] | None = None
    cost: float | None = None
    front: bool = False


@dataclass(frozen=True, eq=False)
class Ranking:
    """An accuracy or ranking section; ``rows`` best first, ``grid`` in the same order."""

    kind: Literal["accuracy", "ranking"]
    title: str
    about: str
    quantity: Quantity
    rows: tuple[Standing, ...]
    grid: Grid
    verdicts: tuple[st.Verdict, ...]
    friedman: st.Friedman | None
    notes: tuple[str, ...]


def rank(
    section: Section, quantity: Quantity, grid: Grid, contents: Contents, rng: np.random.Generator
) -> Ranking:
    """Order the rows of a grid by their loss: distance to the truth, or value."""
    accuracy = section.kind == "accuracy"
    sign = -1.0 if quantity.better == "higher" else 1.0
    losses = np.abs(grid.value - grid.truth) if accuracy else sign * grid.value
    order, rank = _order(losses, grid)
    grid, losses = _reordered(grid, order), losses[order]
    weight = st.weights(grid.tasks, len(grid.seeds), DRAWS, rng)
    flat = losses.reshape(len(losses), -1)
    draws, drawn_ranks = st.means(flat, weight), st.ranks(st.differences(flat, weight), len(flat))
    verdicts = _verdicts(losses)
    some = np.isfinite(flat).any(axis=1)
    groups = st.letters(_separated(verdicts, len(flat))) if some.any() else [""] * len(flat)
    per_case = st.over_seeds(losses)
    test = st.friedman(per_case[some]) if some.sum() else None
    places = iter(test.places if test else ())
    rows = []
    costs = np.array([st.or_nan(st.median(c)) for c in grid.cost])
    score = np.array([st.or_nan(st.mean(f)) for f in flat])
    fronts = st.front(score, costs)
    for i, row in enumerate(grid.rows):
        done = int(np.isfinite(losses[i]).sum())
        common = {
            "done": done,
            "expected": losses[i].size,
            "marks": dict(sorted(grid.marks[i].items())),
        }
        if not done:
            rows.append(Standing(row, **common))
            continue
        low, high = np.quantile(drawn_ranks[i], [0.025, 0.975])
        rows.append(Standing(
            row, int(rank[order[i]]), (int(np.floor(low)), int(np.ceil(high))), groups[i],
            float(score[i] if accuracy else sign * score[i]), _turned(st.interval(draws[i]), 1.0 if accuracy else sign),
            **(_accuracy(grid, i, quantity, contents) if accuracy else {"spread": _spread(grid.value[i])}),
            place=next(places), **common, cost=None if np.isnan(costs[i]) else float(costs[i]), front=bool(fronts[i]),
        ))  # fmt: skip
    notes = (*grid.notes, *_resolution(test, int(some.sum())))
    title = section.title or quantity.name.replace("_", " ")
    kind: Literal["accuracy", "ranking"] = "accuracy" if accuracy else "ranking"
    return Ranking(kind, title, section.about, quantity, tuple(rows), grid, verdicts, test, notes)


def _order(losses: Floats, grid: Grid) -> tuple[list[int], NDArray[np.int64]]:
    """Rows best first: by how many rows beat them on what both completed, then by score, then by name."""
    flat = losses.reshape(len(losses), -1)
    beaten = st.ranks(st.differences(flat, np.ones((flat.shape[1], 1))), len(flat))[:, 0].astype(
        np.int64
    )
    score = [st.mean(f) for f in flat]
    order = sorted(
        range(len(flat)),
        key=lambda i: (
            score[i] is None,
            beaten[i],
            0.0 if score[i] is None else score[i],
            grid.rows[i].label,
        ),
    )
    return order, beaten


def _reordered(grid: Grid, order: list[int]) -> Grid:
    return Grid(
        tuple(grid.rows[i] for i in order), grid.cases, grid.seeds, grid.value[order], grid.truth[order],
        grid.stderr[order], grid.cost[order], tuple(grid.marks[i] for i in order), grid.notes,
    )  # fmt: skip


def _verdicts(losses: Floats) -> tuple[st.Verdict, ...]:
    pairs = [
        st.verdict(losses[a], losses[b], a, b)
        for a in range(len(losses))
        for b in range(a + 1, len(losses))
    ]
    adjusted = st.holm(np.array([st.or_nan(v.p) for v in pairs]))
    return tuple(
        st.Verdict(
            v.first,
            v.second,
            v.cases,
            v.difference,
            v.low,
            v.high,
            v.p,
            None if v.p is None else float(h),
        )
        for v, h in zip(pairs, adjusted, strict=True)
    )


def _separated(verdicts: Iterable[st.Verdict], rows: int) -> NDArray[np.bool_]:
    out = np.zeros((rows, rows), bool)
    for v in verdicts:
        if v.holm is not None and v.holm < 1 - st.LEVEL:
            out[v.first, v.second] = out[v.second, v.first] = True
    return out


def _turned(bounds: Interval | None, sign: float) -> Interval | None:
    if bounds is None or sign > 0:
        return bounds
    return -bounds[1], -bounds[0]


def _spread(values: Floats) -> float | None:
    """Standard deviation over seeds, averaged over the cases that have two; rounding is no spread."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    if not (count >= 2).any():
        return None
    enough, there, count = values[count >= 2], there[count >= 2], count[count >= 2]
    off = np.where(there, enough - st.over_seeds(enough)[:, None], 0.0)
    found = float(np.sqrt((off * off).sum(axis=1) / (count - 1)).mean())
    return found if found > 1e-12 * float(np.abs(enough[there]).max()) else 0.0


def _accuracy(grid: Grid, i: int, quantity: Quantity, contents: Contents) -> dict[str, Any]:
    value, stderr = grid.value[i], grid.stderr[i]
    error = value - grid.truth[i]
    squared = st.over_seeds(error**2)
    return {
        "median": st.median(np.abs(error)),
        "bias": st.mean(error),
        "spread": _spread(error),
        "rmse": st.mean(np.sqrt(squared)),
        "inside": inside(error, stderr),
        "violations": violations(
            value,
            grid.truth[i],
            stderr,
            quantity,
            contents.estimators[grid.rows[i].estimator].traits,
        ),
    }


def inside(error: Floats, stderr: Floats) -> float | None:
    """The share of 95 % intervals that hold the truth; None where the estimator gives no standard error."""
    known = np.isfinite(error) & np.isfinite(stderr)
    return float((np.abs(error[known]) <= NORMAL * stderr[known]).mean()) if known.any() else None


def violations(
    value: Floats, truth: Floats, stderr: Floats, quantity: Quantity, traits: Iterable[str]
) -> int:
    """Values beyond a bound of the quantity, or on the wrong side of the truth for a declared bound.

    What a value's own noise explains (1.96 standard errors) is no violation.
    """
    noise = NORMAL * np.where(np.isfinite(stderr), stderr, 0.0)
    wrong = np.zeros(value.shape, bool)
    with np.errstate(invalid="ignore"):
        if quantity.lower is not None:
            wrong |= value + noise < quantity.lower
        if quantity.upper is not None:
            wrong |= value - noise > quantity.upper
        if "lower-bound" in traits:
            wrong |= value - noise > truth
        if "upper-bound" in traits:
            wrong |= value + noise < truth
    return int(wrong.sum())


def _resolution(test: st.Friedman | None, rows: int) -> tuple[str, ...]:
    if test is None or test.critical is None or test.p is None:
        return (
            f"{rows} row{'s' * (rows != 1)} on {test.cases if test else 0} case(s): nothing to tell apart",
        )
    surely = f"Friedman p {test.p:.2g}" if test.p >= 1e-4 else "Friedman p < 0.0001"
    return (
        f"resolves mean places that differ by {test.critical:.2f} or more "
        f"(Nemenyi, 5 %, {rows} rows on {test.cases} cases; {surely})",
    )
