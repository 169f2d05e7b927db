"""Intrinsic dimension, and what it says about a code.

A code with more dimensions than its data lies on a thin set and has no density: entropies by
nearest neighbours (`kl`, `wkl`) mean nothing there, and their sums neither. `ksg` compares
distances in one space with counts in another and stays right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Activations, DataError, Estimate, Floats, Incompatible, PairedSamples, Samples

THIN = 0.8
"""Data are taken to be singular where their intrinsic dimension is below this share of their
columns. The estimate reads low by about a tenth for eight full dimensions and a few thousand
samples, for near points are few.
"""


def two_nn(x: Floats, where: str) -> tuple[float, float]:
    """Intrinsic dimension of ``x (n, d)`` and its standard error (Facco et al. 2017).

    With r1, r2 the distances to the two nearest neighbours, ln(r2/r1) is exponential of rate d
    where the density is even over them: d = (n - 1) / sum ln(r2/r1), the unbiased form of greatest
    likelihood. Equal points count once. The terms of a point and of its nearest neighbour depend on
    each other, so their products count in the standard error, too; without them it would be a fifth
    too small.

    Raises
    ------
    DataError : fewer than three different points.
    """
    from scipy.spatial import cKDTree

    points = np.unique(x, axis=0)
    if len(points) < 3:
        raise DataError(where, f"{len(points)} different points", "at least 3")
    found, near = cKDTree(points).query(points, k=3)
    apart = found[:, 1] > 0  # differences below the smallest number are none
    distances, nearest = found[apart, 1:], near[apart, 1]
    terms = np.log(distances[:, 1] / distances[:, 0])
    logs = terms.sum()
    if not logs > 0:
        raise DataError(
            where,
            "a lattice: the two nearest neighbours are equally far",
            "points in general position",
        )
    dimension = (len(distances) - 1) / logs
    off = np.zeros(len(points))
    off[apart] = terms - terms.mean()
    pairs = np.unique(np.sort(np.column_stack([np.flatnonzero(apart), nearest]), axis=1), axis=0)
    own, shared = (off**2).sum(), 2.0 * off[pairs].prod(1).sum()
    return float(dimension), float(dimension * math.sqrt(max(own + shared, own)) / logs)


@dataclass(frozen=True)
class TwoNN:
    """Intrinsic dimension, of x and y together where the data are pairs."""

    def estimate(
        self, data: Samples | Activations | PairedSamples, *, rng: np.random.Generator
    ) -> Estimate:
        """The dimension (no unit) and its standard error, of the test part where there is a split.

        ``singular`` in the diagnostics says whether the data have clearly fewer dimensions than
        columns, ``columns``; for pairs x, y or both together, with each side's figures. Raises
        `DataError` as `two_nn`.
        """
        data = data.evaluated()
        if not isinstance(data, PairedSamples):
            dimension, stderr = two_nn(data.x, f"{type(data).__name__}.x")
            thin = dimension < THIN * data.x.shape[1]
            return Estimate(
                dimension, stderr, diagnostics={"columns": data.x.shape[1], "singular": thin}
            )
        if "discrete" in (data.x_kind, data.y_kind):
            raise Incompatible(
                "a discrete variable has no intrinsic dimension; wanted two continuous ones"
            )
        x, _ = two_nn(data.x, "PairedSamples.x")
        y, _ = two_nn(data.y, "PairedSamples.y")
        joint, stderr = two_nn(np.hstack([data.x, data.y]), "PairedSamples")
        dx, dy = data.x.shape[1], data.y.shape[1]
        thin = x < THIN * dx or y < THIN * dy or joint < THIN * (dx + dy)
        notes = {
            "dimension_x": x,
            "dimension_y": y,
            "columns_x": dx,
            "columns_y": dy,
            "singular": thin,
        }
        return Estimate(joint, stderr, diagnostics=notes)
