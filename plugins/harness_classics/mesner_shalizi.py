"""Conditional mutual information of mixtures of continuous and discrete variables, in nats.

O. C. Mesner, C. R. Shalizi, IEEE Trans. Inf. Theory 67, 464 (2021), algorithm 1. In the joint
maximum norm, with columns of codes 0 or 1 apart, r_i is the distance from point i to its k-th
neighbour, and all counts are of other points within r_i, that distance included::

    I(X;Y|Z) = < psi(k_i) - psi(nxz_i) - psi(nyz_i) + psi(nz_i) >

k_i counts in the joint space: it is k unless neighbours are tied, as where codes repeat and r_i is
0. The authors clip the value at zero; here nothing is clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import ConditionedSamples, Estimate, Floats, Ints
from harness_classics import neighbours, prepare, settings
from harness_classics.prepare import Diagnostics
from harness_classics.special import digammas
from harness_classics.uncertainty import measured

APART = 1.0
"""Distance between different codes: one standard deviation, where columns are standardized."""


class MesnerShalizi(neighbours.Compiled, settings.Joint):
    """Any mixture: ``x (n, dx)``, ``y (n, dy)``, ``z (n, dz)``, each of any kind of variable."""

    def estimate(
        self, data: ConditionedSamples, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """I(X;Y|Z) in nats, with pointwise values and a standard error.

        Raises `Incompatible` where there are no more than k samples, `DataError` for a variable
        that is constant and not discrete.
        """
        return measured(self.stderr, data.evaluated(), self._information)

    def _information(self, triple: ConditionedSamples) -> tuple[Floats, Diagnostics]:
        prepare.enough(triple.n, self.k)
        numbers: dict[str, Floats] = {}
        cells: dict[str, Ints] = {}
        constant = 0
        for side in "xyz":
            values = getattr(triple, side)
            if getattr(triple, f"{side}_kind") == "discrete":
                cells[side] = np.unique(values, axis=0, return_inverse=True)[1].ravel()
                continue
            scaled, left_out = prepare.standardized(values, f"ConditionedSamples.{side}")
            numbers[side] = scaled if self.standardize else values
            constant += left_out
        spaces = {sides: Space.of(sides, numbers, cells) for sides in ("xyz", "xz", "yz", "z")}
        radii = spaces["xyz"].radii(self.k)
        inside = {sides: space.counts(radii) for sides, space in spaces.items()}
        local = digammas(inside["xyz"]) + digammas(inside["z"])
        local -= digammas(inside["xz"]) + digammas(inside["yz"])
        notes: Diagnostics = {"constant_columns": constant} if constant else {}
        return local, notes | {"tied": float((inside["xyz"] > self.k).mean())}


@dataclass(frozen=True, eq=False)
class Space:
    """Points with a continuous part ``numbers (n, d)``, d perhaps 0, and a code ``cell (n,)``.

    Closer than `APART` are points of one cell alone; from there on codes make no difference.
    """

    numbers: Floats
    cell: Ints

    @classmethod
    def of(cls, sides: str, numbers: dict[str, Floats], cells: dict[str, Ints]) -> Space:
        """The product of some variables."""
        n = len(next(iter((numbers | cells).values())))
        codes = np.column_stack([np.zeros(n, int), *(cells[s] for s in sides if s in cells)])
        return cls(
            np.hstack([np.empty((n, 0)), *(numbers[s] for s in sides if s in numbers)]),
            np.unique(codes, axis=0, return_inverse=True)[1].ravel(),
        )

    def radii(self, k: int) -> Floats:
        """Distance from each point to its k-th other ``(n,)``."""
        found = np.full(len(self.cell), np.inf)
        for member in self._members():
            if len(member) > k:
                found[member] = _distances(self.numbers[member], k)
        far = found > APART
        if far.any():
            found[far] = np.maximum(_distances(self.numbers, k)[far], APART)
        return found

    def counts(self, radii: Floats, *, strict: bool = False) -> Ints:
        """How many others lie within ``radii (n,)``, that distance included unless ``strict``."""
        found = np.empty(len(radii), np.int64)
        far = radii > APART if strict else radii >= APART
        if far.any():
            found[far] = _counts(self.numbers, radii, strict)[far]
        for member in self._members():
            near = ~far[member]
            if near.any():
                found[member[near]] = _counts(self.numbers[member], radii[member], strict)[near]
        return found

    def _members(self) -> list[Ints]:
        """The points of each cell."""
        order = np.argsort(self.cell, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.cell[order])) + 1)


def _distances(numbers: Floats, k: int) -> Floats:
    if not numbers.shape[1]:
        return np.zeros(len(numbers))
    return neighbours.distances(numbers, k)[:, -1]


def _counts(numbers: Floats, radii: Floats, strict: bool) -> Ints:
    if not numbers.shape[1]:
        return np.where(strict & (radii == 0.0), 0, len(numbers) - 1)
    return neighbours.counts(numbers, radii, strict=strict)
