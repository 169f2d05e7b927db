"""Entropy and (conditional) mutual information of discrete variables from counts, in nats.

H = -sum p ln p with p the observed shares; Miller and Madow add (observed cells - 1) / 2n to each
entropy, the leading term of its bias. G. Miller, in Information Theory in Psychology (1955).
I(X;Y) = H(X) + H(Y) - H(X,Y), and I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import (
    ConditionedSamples,
    DataError,
    Estimate,
    Floats,
    Incompatible,
    PairedSamples,
    Samples,
)
from harness_classics import prepare


def _surprise(codes: Floats) -> tuple[Floats, int]:
    """-ln of the observed share of each row ``(n,)``, and the number of different rows."""
    _, cell, sizes = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    return np.log(len(codes) / sizes[cell.ravel()]), len(sizes)


def _refuse_densities(data: PairedSamples | ConditionedSamples, sides: str) -> None:
    """Raise `Incompatible` for a variable that is not declared to be discrete."""
    for side in sides:
        if (kind := getattr(data, f"{side}_kind")) != "discrete":
            raise Incompatible(
                f"{side} is {kind}; wants integer codes, declared as discrete: "
                f"{prepare.advice(data)}{prepare.declared(data, sides)}"
            )


@dataclass(frozen=True)
class PlugIn:
    """Mutual information of two discrete variables: codes ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I(X;Y) in nats, with pointwise values and a standard error (0 where all pointwise values
        agree).

        Raises `Incompatible` where a variable is not discrete.
        """
        pair = data.evaluated()
        _refuse_densities(pair, "xy")
        (x, in_x), (y, in_y) = _surprise(pair.x), _surprise(pair.y)
        both, in_both = _surprise(np.hstack([pair.x, pair.y]))
        local = x + y - both + self._correction(in_x + in_y - in_both - 1, pair.n)
        notes = {"cells_x": in_x, "cells_y": in_y, "cells": in_both}
        return Estimate.from_local(local, notes)

    def _correction(self, cells: int, n: int) -> float:
        return 0.0


@dataclass(frozen=True)
class MillerMadow(PlugIn):
    """Mutual information from counts with the Miller-Madow correction of each entropy."""

    def _correction(self, cells: int, n: int) -> float:
        return cells / (2 * n)


@dataclass(frozen=True)
class PlugInCMI:
    """Conditional mutual information of discrete variables from their joint counts.

    Codes ``x (n, dx)``, ``y (n, dy)``, ``z (n, dz)``.
    """

    def estimate(
        self, data: ConditionedSamples, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """I(X;Y|Z) in nats, with pointwise values and a standard error.

        Raises `Incompatible` where a variable is not discrete.
        """
        triple = data.evaluated()
        _refuse_densities(triple, "xyz")
        x, y, z = triple.x, triple.y, triple.z
        parts = ([z], [x, z], [y, z], [x, y, z])
        (in_z, cells_z), (in_xz, cells_xz), (in_yz, cells_yz), (in_all, cells) = (
            _surprise(np.hstack(part)) for part in parts
        )
        spare = cells_xz + cells_yz - cells - cells_z
        local = in_xz + in_yz - in_all - in_z + self._correction(spare, triple.n)
        return Estimate.from_local(local, {"cells_z": cells_z, "cells": cells})

    def _correction(self, cells: int, n: int) -> float:
        return 0.0


@dataclass(frozen=True)
class MillerMadowCMI(PlugInCMI):
    """Conditional mutual information from counts with the Miller-Madow correction of each
    entropy.
    """

    def _correction(self, cells: int, n: int) -> float:
        return cells / (2 * n)


@dataclass(frozen=True)
class PlugInEntropy:
    """Entropy of a discrete variable from counts: integer codes ``Samples.x (n, d)``."""

    def estimate(self, data: Samples, *, rng: np.random.Generator | None = None) -> Estimate:
        """H(X) in nats, with -ln p(x_i) and a standard error.

        Raises
        ------
        Incompatible : numbers that are not integers: the variable is continuous.
        DataError : numbers too large to be exact integers.
        """
        part = data.evaluated()
        if (part.x != np.rint(part.x)).any():
            row = int(np.argwhere(part.x != np.rint(part.x))[0][0])
            raise Incompatible(
                f"Samples.x has a fraction at row {row}; wants integer codes (use kl for densities)"
            )
        if np.abs(part.x).max() >= 2.0**53:
            raise DataError(
                "Samples.x", "a number of 2^53 or more", "codes that floating point holds exactly"
            )
        surprise, cells = _surprise(part.x)
        local = surprise + self._correction(cells - 1, part.n)
        return Estimate.from_local(local, {"cells": cells})

    def _correction(self, cells: int, n: int) -> float:
        return 0.0


@dataclass(frozen=True)
class MillerMadowEntropy(PlugInEntropy):
    """Entropy from counts with the Miller-Madow correction."""

    def _correction(self, cells: int, n: int) -> float:
        return cells / (2 * n)
