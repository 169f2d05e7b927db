"""Differential entropy from distances to nearest neighbours, in nats.

With r_ij the distance from point i to its j-th nearest other point among n in d dimensions, and V
the volume of the unit ball::

    h = (1/n) sum_i [ psi(n) - psi(k) + ln V + d ln r_ik ]                    Kozachenko-Leonenko
    h = (1/n) sum_i sum_j w_j [ ln(n - 1) - psi(j) + ln V + d ln r_ij ]       weighted

Kozachenko, Leonenko, Probl. Inf. Transm. 23 (1987); Berrett, Samworth, Yuan, Ann. Statist. 47
(2019). Points are whitened first and the logarithm of the volume is added again, so that
h(a + B X) = h(X) + ln|det B| holds to rounding.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Incompatible, PairedSamples, Samples
from harness_classics import neighbours, prepare, settings
from harness_classics.prepare import Diagnostics
from harness_classics.special import digamma, log_ball
from harness_classics.uncertainty import measured
from harness_classics.weights import weights


class _Neighbours(neighbours.Compiled, settings.Distances):
    def _local(self, x: Floats, where: str) -> tuple[Floats, Diagnostics]:
        """Terms ``(n,)`` whose mean is the entropy of ``x (n, d)``."""
        n, d = x.shape
        prepare.enough(n, self.k)
        points, volume = prepare.whitened(x, where) if self.whiten else (x, 0.0)
        r = neighbours.distances(points, self.k, self.metric)
        notes = prepare.refuse_ties(np.zeros(n, bool), r[:, 0] == 0.0, where)
        equal = r[:, self._first_used(d) - 1] == 0.0
        if equal.any():
            advice = "" if where.startswith("Samples") else "; use mixed-ksg"
            raise Incompatible(
                f"{where}: the point at row {int(equal.argmax())} equals {self.k} others, an atom "
                f"that has no density{advice}"
            )
        local, more = self._terms(np.log(np.maximum(r, np.finfo(float).tiny)), n, d)
        if self.k > 2:
            notes["intrinsic_dimension"] = _intrinsic(r)
        return local + volume, notes | more

    def _first_used(self, d: int) -> int:
        return self.k

    def _terms(self, log_r: Floats, n: int, d: int) -> tuple[Floats, Diagnostics]:
        constant = digamma(n) - digamma(self.k) + log_ball(d, self.metric)
        return constant + d * log_r[:, -1], {}


class _Weighted(_Neighbours, settings.WeightedDistances):
    def _weights(self, d: int) -> Floats | None:
        """None where they are too large to be of use."""
        found = weights(d, self.k)
        return found if np.linalg.norm(found) <= self.max_weight else None

    def _first_used(self, d: int) -> int:
        found = self._weights(d)
        return self.k if found is None else int(np.flatnonzero(found)[0]) + 1

    def _terms(self, log_r: Floats, n: int, d: int) -> tuple[Floats, Diagnostics]:
        found = self._weights(d)
        norm: Diagnostics = {f"weight_norm_{d}d": float(np.linalg.norm(weights(d, self.k)))}
        if found is None:
            local, _ = super()._terms(log_r, n, d)
            return local, norm | {
                f"unweighted_{d}d": "the weights exceed max_weight: plain kl was used"
            }
        psi = np.array([digamma(j + 1) for j in range(self.k)])
        constant = math.log(n - 1) + log_ball(d, self.metric) - float(found @ psi)
        return constant + d * (log_r * found).sum(1), norm


def _intrinsic(r: Floats) -> float:
    """Local dimension by Levina and Bickel (NIPS 2004), averaged over inverses: below d where the
    points lie on a manifold.
    """
    used = r[r[:, 0] > 0.0]
    spread = np.log(used[:, -1:] / used[:, :-1]).sum(1) / (r.shape[1] - 1)
    return float(1.0 / spread.mean()) if spread.size and spread.mean() > 0.0 else 0.0


class KL(_Neighbours):
    """Kozachenko-Leonenko entropy from the k-th neighbour, ``Samples.x (n, d)``."""

    def estimate(self, data: Samples, *, rng: np.random.Generator | None = None) -> Estimate:
        """h(X) in nats, with local values -ln p(x_i) and a standard error.

        Raises
        ------
        Incompatible : too few samples, a singular covariance, discrete data, or a point that
            equals k others.
        DataError : constant data.
        """
        return measured(self.stderr, data.evaluated(), self._entropy)

    def _entropy(self, data: Samples) -> tuple[Floats, Diagnostics]:
        return self._local(data.x, "Samples.x")


class KL3H(_Neighbours):
    """Mutual information as three Kozachenko-Leonenko entropies, ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I(X;Y) = h(X) + h(Y) - h(X,Y) in nats, with pointwise values and a standard error.

        Raises as the entropy does, and `Incompatible` for discrete variables.
        """
        pair = data.evaluated()
        prepare.refuse_codes(pair, "xy", prepare.advice(pair))
        return measured(self.stderr, pair, self._information)

    def _information(self, pair: PairedSamples) -> tuple[Floats, Diagnostics]:
        x, in_x = self._local(pair.x, "PairedSamples.x")
        y, in_y = self._local(pair.y, "PairedSamples.y")
        both, notes = self._local(np.hstack([pair.x, pair.y]), "PairedSamples.x and y")
        return x + y - both, in_x | in_y | notes


class WKL(_Weighted, KL):
    """Weighted Kozachenko-Leonenko entropy from the first k neighbours, ``Samples.x (n, d)``."""


class WKL3H(_Weighted, KL3H):
    """Mutual information as three weighted entropies, ``x (n, dx)``, ``y (n, dy)``."""
