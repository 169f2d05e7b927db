"""The information between all pairs of columns, and whether it could be chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from harness import Floats, Incompatible, Ints, PairedSamples, stream
from harness.columns import Column

MOST_BINS = 8
"""Bins of a continuous column in the test, of equal shares of the rows."""


@dataclass(frozen=True)
class Matrix:
    """Information (d, d) in nats between d columns, and the p values (d, d); NaN on the diagonal,
    and where no estimator suits."""

    names: tuple[str, ...]
    values: Floats
    p: Floats

    def pairs(self) -> list[tuple[str, str, float, float]]:
        """Names, information and p value of every pair, most information first."""
        rows = [
            (self.names[i], self.names[j], float(self.values[i, j]), float(self.p[i, j]))
            for i, j in itertools.combinations(range(len(self.names)), 2)
        ]
        return sorted(rows, key=lambda row: (math.isnan(row[2]), -row[2]))


def matrix(
    columns: Sequence[Column], rows: dict[str, tuple[Floats, str]], permutations: int, seed: int
) -> Matrix:
    """Pairs of discrete columns by `plug-in`, others by `mixed-ksg`, which suits them all.

    The p value is that of a permutation test of the information between the columns in bins (at
    most `MOST_BINS`, of equal shares; a discrete column is its own bins): (1 + permutations with at
    least as much) / (1 + permutations). It needs no estimator to be right.
    """
    names = tuple(column.name for column in columns)
    values, p = (np.full((len(names), len(names)), np.nan) for _ in range(2))
    codes = [_codes(*rows[name]) for name in names]
    for i, j in itertools.combinations(range(len(names)), 2):
        values[i, j] = values[j, i] = _estimated(rows[names[i]], rows[names[j]], seed)
        rng = stream(seed, "measure", "pairs", names[i], names[j])
        p[i, j] = p[j, i] = _p_value(codes[i], codes[j], permutations, rng)
    return Matrix(names, values, p)


def _estimated(x: tuple[Floats, str], y: tuple[Floats, str], seed: int) -> float:
    kinds: tuple[Any, Any] = x[1], y[1]
    name = "plug-in" if kinds == ("discrete", "discrete") else "mixed-ksg"
    estimator = harness.estimator(f"classics/{name}")
    try:
        data = PairedSamples(x[0], y[0], *kinds)
        return float(estimator.estimate(data, rng=stream(seed, "measure")).value)
    except (Incompatible, harness.DataError):
        return float("nan")


def _codes(values: Floats, kind: str) -> Ints:
    """A column as bins from 0 up, without gaps."""
    column = values[:, 0]
    if kind != "discrete":
        bins = int(np.clip(np.sqrt(len(column) / 5), 2, MOST_BINS))
        edges = np.unique(np.quantile(column, np.arange(1, bins) / bins))
        return _gapless(np.searchsorted(edges, column, "right"))
    return _gapless(column)


def _gapless(values: Any) -> Ints:
    return np.asarray(np.unique(values, return_inverse=True)[1].reshape(-1), np.int64)


def _p_value(x: Ints, y: Ints, permutations: int, rng: np.random.Generator) -> float:
    """Shuffling leaves both margins as they are, so that minus the joint entropy will do."""
    width = int(y.max()) + 1
    cells = (int(x.max()) + 1) * width
    terms = np.arange(len(x) + 1) * np.log(np.maximum(np.arange(len(x) + 1), 1))
    rows = x * width

    def joint(shuffled: Ints) -> float:
        return float(terms[np.bincount(rows + shuffled, minlength=cells)].sum())

    seen = joint(y) * (1 - 1e-12)  # equal tables may differ in their last digit
    more = sum(joint(rng.permutation(y)) >= seen for _ in range(permutations))
    return (1 + more) / (1 + permutations)
