"""Mutual information and entropy of Gaussian variables, from covariances, in nats.

I = 1/2 ln(det Sx det Sy / det S) = -1/2 sum_i ln(1 - rho_i^2) over the canonical correlations
rho_i, and h = 1/2 ln det(2 pi e S). For Gaussian data ln det S is biased by a sum of digammas
(Wishart distribution), about dx dy / 2n in I, which ``correct`` subtracts. For other data I is what
a Gaussian of the same covariance would have, and h is at least the entropy.

The standard error is the jackknife's, which beyond normal data is larger than the spread of the
local values (the influence function) and right where a few points weigh much; times the width of
Student's interval at the degrees of freedom that the kurtosis of the contributions leaves.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Incompatible, PairedSamples, Samples
from harness_classics import prepare, settings
from harness_classics.special import digamma

NORMAL = 1.96
FEWEST = 3.0
"""Degrees of freedom of a standard error, at least."""


def _terms(x: Floats, where: str, correct: bool) -> tuple[Floats, Floats]:
    """-ln density ``(n,)`` of ``x (n, d)`` under its own Gaussian, whose mean is h, and the squared
    distances ``(n,)`` from the mean in its metric.
    """
    n, d = x.shape
    if n <= d + 1:
        raise Incompatible(
            f"{where}: {n} samples of {d} dimensions have a singular covariance; "
            f"wants more than {d + 1}"
        )
    points, volume = prepare.whitened(x, where)
    squares = (points**2).sum(1)
    local: Floats = 0.5 * squares + 0.5 * d * math.log(2.0 * math.pi) + volume
    if correct:
        # S = (1/n) sum: E ln det S = ln det Sigma + sum_i psi((n - i) / 2) - d ln(n / 2).
        psi = sum(digamma(0.5 * (n - i)) for i in range(1, d + 1))
        local -= 0.5 * (psi - d * math.log(0.5 * n))
    return local, squares


def _log_det_without(squares: Floats) -> Floats:
    """Change ``(n,)`` of 1/2 ln det S when each point is left out, but for a constant."""
    rest = 1.0 - squares / (len(squares) - 1)
    return np.asarray(0.5 * np.log(np.maximum(rest, np.finfo(float).tiny)))


def _jackknife(left: Floats, least: float = 0.0) -> float:
    """Standard error from the values ``(n,)`` without each point, ``least`` or more."""
    n = len(left)
    squares = (left - left.mean()) ** 2
    total = float(squares.sum())
    if total == 0.0:
        return least
    kurtosis = n * float((squares**2).sum()) / total**2
    freedom = max(2.0 * n / max(kurtosis - 1.0, 1e-9), FEWEST)
    z2 = NORMAL**2  # Student's quantile over the normal one: Abramowitz and Stegun 26.7.5
    width = 1 + (z2 + 1) / (4 * freedom) + (5 * z2**2 + 16 * z2 + 3) / (96 * freedom**2)
    return max(width * math.sqrt((n - 1) / n * total), least)


def _pair(x: Floats, y: Floats, correct: bool) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """As `_terms`: pointwise information ``(n,)``, and the squares of x, y and both."""
    own, in_x = _terms(x, "PairedSamples.x", correct)
    other, in_y = _terms(y, "PairedSamples.y", correct)
    both, in_both = _terms(np.hstack([x, y]), "PairedSamples.x and y", correct)
    return own + other - both, (in_x, in_y, in_both)


def pointwise(x: Floats, y: Floats, correct: bool) -> Floats:
    """Pointwise information ``(n,)`` of ``x (n, dx)`` and ``y (n, dy)`` under their own Gaussian;
    the mean is I.
    """
    return _pair(x, y, correct)[0]


class Gaussian(settings.Covariance):
    """Mutual information of jointly Gaussian variables: ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I in nats, with pointwise values and a standard error, which holds for every distribution
        that has fourth moments. It is at least that of no correlation at all, whose law is
        chi-squared: sqrt(dx dy / 2) / n for normal data.

        Raises
        ------
        Incompatible : a singular covariance, or too few samples.
        DataError : a constant variable.
        """
        pair = data.evaluated()
        local, (in_x, in_y, in_both) = _pair(pair.x, pair.y, self.correct)
        left = _log_det_without(in_x) + _log_det_without(in_y) - _log_det_without(in_both)
        # Without correlation n I is half a sum of dx dy squares; each has the variance
        # E[|x|^2 |y|^2] / (dx dy) of a product of white columns.
        columns = pair.x.shape[1] * pair.y.shape[1]
        least = float((in_x * in_y).mean()) / math.sqrt(2.0 * columns) / pair.n
        return Estimate(local.mean(), _jackknife(left, least), local)


class GaussianEntropy(settings.Covariance):
    """Entropy of the Gaussian with the covariance of ``Samples.x (n, d)``: the greatest for that
    covariance.
    """

    def estimate(self, data: Samples, *, rng: np.random.Generator | None = None) -> Estimate:
        """h in nats, with -ln p(x_i) and a standard error. Raises as `Gaussian.estimate`."""
        local, squares = _terms(data.evaluated().x, "Samples.x", self.correct)
        return Estimate(local.mean(), _jackknife(_log_det_without(squares)), local)
