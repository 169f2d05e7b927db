"""Mutual information and entropy of Gaussian variables, from covariances, in nats.

I = 1/2 ln(det Sx det Sy / det S) = -1/2 sum_i ln(1 - rho_i^2) over the canonical correlations
rho_i, and h = 1/2 ln det(2 pi e S). For Gaussian data ln det S is biased by a sum of digammas
(Wishart distribution), about dx dy / 2n in I, which ``correct`` subtracts. For other data I is what
a Gaussian of the same covariance would have, and h is at least the entropy.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Incompatible, PairedSamples, Samples
from harness_classics import prepare, settings
from harness_classics.special import digamma


def _terms(x: Floats, where: str, correct: bool) -> Floats:
    """-ln density ``(n,)`` of ``x (n, d)`` under its own Gaussian; their mean is h."""
    n, d = x.shape
    if n <= d + 1:
        raise Incompatible(
            f"{where}: {n} samples of {d} dimensions have a singular covariance; "
            f"wants more than {d + 1}"
        )
    points, volume = prepare.whitened(x, where)
    local: Floats = 0.5 * (points**2).sum(1) + 0.5 * d * math.log(2.0 * math.pi) + volume
    if correct:
        # S = (1/n) sum: E ln det S = ln det Sigma + sum_i psi((n - i) / 2) - d ln(n / 2).
        psi = sum(digamma(0.5 * (n - i)) for i in range(1, d + 1))
        local -= 0.5 * (psi - d * math.log(0.5 * n))
    return local


def pointwise(x: Floats, y: Floats, correct: bool) -> Floats:
    """Pointwise information ``(n,)`` of ``x (n, dx)`` and ``y (n, dy)`` under their own Gaussian;
    the mean is I.
    """
    in_x = _terms(x, "PairedSamples.x", correct)
    in_y = _terms(y, "PairedSamples.y", correct)
    return in_x + in_y - _terms(np.hstack([x, y]), "PairedSamples.x and y", correct)


class Gaussian(settings.Covariance):
    """Mutual information of jointly Gaussian variables: ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I in nats, with pointwise values and a standard error, which holds for every distribution
        that has fourth moments.

        Raises
        ------
        Incompatible : a singular covariance, or too few samples.
        DataError : a constant variable.
        """
        pair = data.evaluated()
        return Estimate.from_local(pointwise(pair.x, pair.y, self.correct))


class GaussianEntropy(settings.Covariance):
    """Entropy of the Gaussian with the covariance of ``Samples.x (n, d)``: the greatest for that
    covariance.
    """

    def estimate(self, data: Samples, *, rng: np.random.Generator | None = None) -> Estimate:
        """h in nats, with -ln p(x_i) and a standard error. Raises as `Gaussian.estimate`."""
        return Estimate.from_local(_terms(data.evaluated().x, "Samples.x", self.correct))
