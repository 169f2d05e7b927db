"""Mutual information from nearest neighbours in the joint space, and its conditional form, in nats.

In the joint maximum norm, e_i is the distance from point i to its k-th neighbour::

    I1 = psi(k) + psi(n) - < psi(nx_i + 1) + psi(ny_i + 1) >
    I2 = psi(k) - 1/k + psi(n) - < psi(nx_i) + psi(ny_i) >

with nx_i = #{j != i: |x_j - x_i| < e_i} in I1, and nx_i = #{j != i: |x_j - x_i| <= ex_i} in I2,
where ex_i is the greatest distance in x among the k neighbours. Kraskov, Stoegbauer, Grassberger,
Phys. Rev. E 69 (2004), equations 8 and 9. And, with all three variables in the joint space::

    I(X;Y|Z) = psi(k) + < psi(nz_i + 1) - psi(nxz_i + 1) - psi(nyz_i + 1) >

Frenzel, Pompe, Phys. Rev. Lett. 99 (2007). Nothing is clipped at zero. The ceiling of I1 is
psi(n) - psi(k), that of I2 1/k less, that of the conditional one < psi(nz_i + 1) > - psi(k).
"""

from __future__ import annotations

import numpy as np

from harness import ConditionedSamples, Estimate, Floats, PairedSamples
from harness_classics import neighbours, prepare, settings, ties
from harness_classics.prepare import Diagnostics
from harness_classics.special import digamma, digammas
from harness_classics.uncertainty import at_ceiling, measured


class _Joint(neighbours.Compiled, settings.Tied):
    def _scaled(
        self, data: PairedSamples | ConditionedSamples, sides: str
    ) -> tuple[list[Floats], Diagnostics]:
        """The variables, their columns standardized where asked for and ties told apart; notes on
        constant columns and on the share of points of a variable that repeat.
        """
        prepare.enough(data.n, self.k)
        scaled, constant = [], 0
        for side in sides:
            values = getattr(data, side)
            x, left_out = prepare.standardized(values, f"{type(data).__name__}.{side}")
            scaled.append(x if self.standardize else values)
            constant += left_out
        notes: Diagnostics = {"constant_columns": constant} if constant else {}
        shares = [float(ties.repeated(x).mean()) for x in scaled]
        notes |= {f"ties_{side}": share for side, share in zip(sides, shares, strict=True) if share}
        codes = [getattr(data, f"{side}_kind") == "discrete" for side in sides]
        asked = [share > 0.0 and not code for share, code in zip(shares, codes, strict=True)]
        if self.ties == "jitter" and any(asked):
            repeats = ties.repeated(np.hstack(scaled))
            none = np.zeros(data.n, bool)
            notes |= prepare.refuse_ties(none, repeats, type(data).__name__)
            scaled = ties.jittered(scaled, asked)
            notes["jitter"] = ties.JITTER
        return scaled, notes

    def _radii(self, parts: list[Floats], where: str) -> tuple[Floats, Diagnostics]:
        """e_i ``(n,)``."""
        r = neighbours.distances(np.hstack(parts), self.k)
        return r[:, -1], prepare.refuse_ties(r[:, -1] == 0.0, r[:, 0] == 0.0, where)


class KSG(_Joint):
    """First estimator of Kraskov, Stoegbauer and Grassberger: ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I(X;Y) in nats, with pointwise values and a standard error.

        Raises
        ------
        Incompatible : no more than k samples, or discrete data (more than half of the points
            repeat another).
        DataError : a point that equals k others, or a constant variable.
        """
        return at_ceiling(measured(self.stderr, data.evaluated(), self._information))

    def _information(self, pair: PairedSamples) -> tuple[Floats, Diagnostics]:
        (x, y), notes = self._scaled(pair, "xy")
        radii, repeated = self._radii([x, y], "PairedSamples")
        local = digamma(self.k) + digamma(pair.n) - self._psi(x, y, radii)
        return local, {"ceiling": self._ceiling(pair.n)} | notes | repeated

    def _ceiling(self, n: int) -> float:
        """The estimate where every neighbour in one variable is one in the other."""
        return digamma(n) - digamma(self.k)

    def _psi(self, x: Floats, y: Floats, radii: Floats) -> Floats:
        in_x, in_y = (digammas(neighbours.counts(s, radii, strict=True) + 1) for s in (x, y))
        return in_x + in_y


class KSG2(KSG):
    """Second estimator of Kraskov, Stoegbauer and Grassberger; tied neighbours all count."""

    def _ceiling(self, n: int) -> float:
        return super()._ceiling(n) - 1.0 / self.k

    def _psi(self, x: Floats, y: Floats, radii: Floats) -> Floats:
        x_sides, y_sides = neighbours.box_sides(x, y, radii)
        in_x = digammas(neighbours.counts(x, x_sides, strict=False))
        in_y = digammas(neighbours.counts(y, y_sides, strict=False))
        return 1.0 / self.k + in_x + in_y


class FrenzelPompe(_Joint):
    """Conditional mutual information of ``x (n, dx)`` and ``y (n, dy)`` given ``z (n, dz)``."""

    def estimate(
        self, data: ConditionedSamples, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """I(X;Y|Z) in nats, with pointwise values and a standard error.

        Raises as `KSG.estimate`, and `Incompatible` where a variable is declared to be discrete or
        mixed.
        """
        prepare.refuse_codes(data, "xyz", prepare.advice(data))
        return at_ceiling(measured(self.stderr, data.evaluated(), self._information))

    def _information(self, triple: ConditionedSamples) -> tuple[Floats, Diagnostics]:
        (x, y, z), notes = self._scaled(triple, "xyz")
        radii, repeated = self._radii([x, y, z], "ConditionedSamples")
        in_z, in_xz, in_yz = (
            digammas(neighbours.counts(np.hstack(sides), radii, strict=True) + 1)
            for sides in ([z], [x, z], [y, z])
        )
        ceiling = float(in_z.mean()) - digamma(self.k)
        return digamma(self.k) + in_z - in_xz - in_yz, {"ceiling": ceiling} | notes | repeated
