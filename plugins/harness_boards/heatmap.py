"""The heat map of a section that ranks: rows down, clusters of cases (or tasks) across."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness_boards import statistics as st
from harness_boards.figures import brief
from harness_boards.losses import by_case

if TYPE_CHECKING:
    from harness_boards.sections.ranked import Ranked

Floats = NDArray[np.float64]
WIDEST = 24
"""Clusters that have columns of their own; with more, tasks have them."""
LEVELS = 9
"""Shades, from the best to the worst of a column (or from no error to the ceiling)."""


@dataclass(frozen=True)
class Box:
    """A cell: its figure, its shade (None where there is no figure), and the same in full."""

    text: str
    level: int | None
    full: str


@dataclass(frozen=True)
class Heat:
    """Columns with their hints, and the cells of each ranked row."""

    columns: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, tuple[Box, ...]], ...]
    said: str


def of_ranked(section: Ranked) -> Heat | None:
    """None where there is but one column, or one row."""
    grid, ranked = section.grid, section.ranked
    told = by_case(type(section).lost(grid, section.quantity, section.rule))
    if section.rule is None:
        told = st.over_seeds(grid.value)
    names = [c.cluster for c in grid.cases]
    if len({(c.task, c.cluster) for c in grid.cases}) > WIDEST:
        names = [""] * len(grid.cases)
    tasks = {c.task for c in grid.cases}
    groups: dict[str, list[int]] = {}
    for i, (case, name) in enumerate(zip(grid.cases, names, strict=True)):
        task = case.task.rpartition("/")[2]
        key = name if len(tasks) == 1 and name else f"{task}: {name}".removesuffix(": ")
        groups.setdefault(key, []).append(i)
    if len(groups) < 2 or len(ranked) < 2:
        return None
    means = np.stack([st.over_seeds(told[: len(ranked), mine]) for mine in groups.values()], axis=1)
    level = _levels(means, section)
    lines = tuple(
        (
            s.row.label,
            tuple(
                Box("–", None, "no figure")
                if np.isnan(v)
                else Box(brief(v), int(n), f"{s.row.label} on {name}: {v:.6g}")
                for v, n, name in zip(values, shades, groups, strict=True)
            ),
        )
        for s, values, shades in zip(ranked, means, level, strict=True)
    )
    columns = tuple((n, f"{len(m)} case{'s' * (len(m) != 1)}") for n, m in groups.items())
    ceiling = section.rule.ceiling if section.rule else None
    said = f"Mean {section.words}{section.unit}: the deeper the colour, the better in its column."
    if ceiling:
        said = f"Mean |error|{section.unit} cut at {ceiling:g}: the deeper the colour, the smaller."
    return Heat(columns, lines, said)


def _levels(means: Floats, section: Ranked) -> Floats:
    """0 for the worst to `LEVELS` for the best."""
    good = np.where(np.isnan(means), 0.0, means)
    if section.rule:
        share = 1 - good / section.rule.ceiling
    else:
        turned = np.where(np.isnan(means), np.inf, section.turn(section.quantity) * means)
        low = turned.min(axis=0)
        high = np.where(np.isinf(turned), -np.inf, turned).max(axis=0)
        span = np.where(high > low, high - low, 1.0)
        share = np.where(np.isfinite(turned), (high - turned) / span, 0.0)
    return np.asarray(np.round(np.clip(share, 0.0, 1.0) * LEVELS))
