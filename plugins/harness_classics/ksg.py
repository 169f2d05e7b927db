"""Mutual information from nearest neighbours in the joint space, and its conditional form, in nats.

In the joint maximum norm, e_i is the distance from point i to its k-th neighbour::

    I1 = psi(k) + psi(n) - < psi(nx_i + 1) + psi(ny_i + 1) >           nx_i = #{j != i: |x_j - x_i| < e_i}
    I2 = psi(k) - 1/k + psi(n) - < psi(nx_i) + psi(ny_i) >             nx_i = #{j != i: |x_j - x_i| <= ex_i}

with ex_i the greatest distance in x among the k neighbours. Kraskov, Stoegbauer, Grassberger, Phys. Rev. E 69 (2004),
equations 8 and 9. And, with all three variables in the joint space::

    I(X;Y|Z) = psi(k) + < psi(nz_i + 1) - psi(nxz_i + 1) - psi(nyz_i + 1) >

Frenzel, Pompe, Phys. Rev. Lett. 99 (2007). Nothing is cut off at zero. I1 is at most psi(n) - psi(k).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import ConditionedSamples, Estimate, Floats, PairedSamples
from harness_classics import neighbours, prepare
from harness_classics.prepare import Diagnostics
from harness_classics.special import digamma, digammas
from harness_classics.uncertainty import measured


@dataclass(frozen=True)
class _Joint(neighbours.Compiled):
    k: int = 5
    standardize: bool = True
    stderr: str = "subsamples"

    def _scaled(
        self, data: PairedSamples | ConditionedSamples, sides: str
    ) -> tuple[list[Floats], Diagnostics]:
        """The variables, each column divided by its standard deviation; constant columns add nothing to a distance."""
        prepare.enough(data.n, self.k)
        scaled, constant = [], 0
        for side in sides:
            x, left_out = prepare.standardised(getattr(data, side), f"{type(data).__name__}.{side}")
            scaled.append(x if self.standardize else getattr(data, side))
            constant += left_out
        return scaled, ({"constant_columns": constant} if constant else {})

    def _radii(self, parts: list[Floats], where: str) -> tuple[Floats, Diagnostics]:
        """e_i ``(n,)``."""
        r = neighbours.distances(np.hstack(parts), self.k)
        return r[:, -1], prepare.refuse_ties(r[:, -1] == 0.0, r[:, 0] == 0.0, where)


@dataclass(frozen=True)
class KSG(_Joint):
    """First estimator of Kraskov, Stoegbauer and Grassberger: ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I(X;Y) in nats, with pointwise values and a standard error.

        Raises
        ------
        Incompatible : no more than k samples, or discrete data (more than half of the points repeat another).
        DataError : a point that equals k others, or a constant variable.
        """
        return measured(self.stderr, data.evaluated(), self._information)

    def _information(self, pair: PairedSamples) -> tuple[Floats, Diagnostics]:
        (x, y), notes = self._scaled(pair, "xy")
        radii, repeated = self._radii([x, y], "PairedSamples")
        local = digamma(self.k) + digamma(pair.n) - self._psi(x, y, radii)
        ceiling = digamma(pair.n) - digamma(self.k)
        return local, {"ceiling": ceiling} | notes | repeated

    def _psi(self, x: Floats, y: Floats, radii: Floats) -> Floats:
        inside = (neighbours.counts(side, radii, strict=True) for side in (x, y))
        in_x, in_y = (digammas(found + 1) for found in inside)
        return in_x + in_y


@dataclass(frozen=True)
class KSG2(KSG):
    """Second estimator of Kraskov, Stoegbauer and Grassberger; of tied neighbours, all count."""

    def _psi(self, x: Floats, y: Floats, radii: Floats) -> Floats:
        sides = neighbours.box_sides(x, y, radii)
        inside = (
            neighbours.counts(side, r, strict=False) for side, r in zip((x, y), sides, strict=True)
        )
        in_x, in_y = (digammas(found) for found in inside)
        return 1.0 / self.k + in_x + in_y


@dataclass(frozen=True)
class FrenzelPompe(_Joint):
    """Conditional mutual information by Frenzel and Pompe: ``x (n, dx)``, ``y (n, dy)``, ``z (n, dz)``."""

    def estimate(
        self, data: ConditionedSamples, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """I(X;Y|Z) in nats, with pointwise values and a standard error.

        Raises as `KSG.estimate`, and `Incompatible` where a variable is declared discrete or mixed.
        """
        kinds = {data.x_kind, data.y_kind, data.z_kind}
        advice = "use plug-in-cmi" if kinds == {"discrete"} else "use mesner-shalizi"
        for side in "xyz":
            prepare.refuse_codes(getattr(data, f"{side}_kind"), side, advice)
        return measured(self.stderr, data.evaluated(), self._information)

    def _information(self, triple: ConditionedSamples) -> tuple[Floats, Diagnostics]:
        (x, y, z), notes = self._scaled(triple, "xyz")
        radii, repeated = self._radii([x, y, z], "ConditionedSamples")
        in_z, in_xz, in_yz = (
            digammas(neighbours.counts(np.hstack(sides), radii, strict=True) + 1)
            for sides in ([z], [x, z], [y, z])
        )
        local = digamma(self.k) + in_z - in_xz - in_yz
        return local, notes | repeated
