"""From runs to losses: how errors are cut, and what a case of several seeds counts with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness_boards import statistics as st
from harness_boards.grid import Grid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How errors are scored: a case counts as answered within ``tolerance`` of the truth, and an
    error with at most ``ceiling``; beyond `DIVERGED` ceilings it is a divergence."""

    tolerance: float
    ceiling: float


DIVERGED = 10.0


def by_case(runs: Floats) -> Floats:
    """Means over seeds ``(rows, cases)``; infinite where half of them or more failed."""
    there, lost = ~np.isnan(runs), np.isinf(runs)
    found = st.over_seeds(runs)
    worst = lost.any(axis=2) & (2 * lost.sum(axis=2) >= there.sum(axis=2))
    return np.where(worst, np.inf, found)


def differ(losses: Floats, grid: Grid) -> st.Friedman | None:
    """Mean ranks over the cases that all of these rows suit, and whether the rows differ at all:
    with clusters as the units."""
    common = ~np.isnan(losses).any(axis=0)
    if not len(losses) or not common.any():
        return None
    over_cases, clusters = losses[:, common], grid.clusters[common]
    found = st.friedman(over_cases)
    names = np.unique(clusters)
    if len(names) == len(clusters):
        return found
    over_clusters = np.stack([over_cases[:, clusters == c].mean(axis=1) for c in names], axis=1)
    return replace(found, p=st.friedman(over_clusters).p)
