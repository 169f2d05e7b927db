"""Entropy of a label whose log odds are Gaussian, and its mutual information with them, in nats."""

from __future__ import annotations

import numpy as np

from harness import Floats
from harness_gpcis.variational import nodes

ROWS = 4096
"""Laws that are looked at in one go."""


def entropies(mean: Floats, var: Floats, count: int = 64) -> tuple[Floats, Floats]:
    """H[E p] and E H[p] ``(n,)`` of p = s(f), f ~ N(mean, var).

    Everything is in terms of log s(f) and log s(-f), so that wide laws give no NaN.
    """
    z, weights = nodes(count)
    marginal, conditional = np.empty((2, len(mean)))
    for start in range(0, len(mean), ROWS):
        rows = slice(start, start + ROWS)
        f = mean[rows, None] + np.sqrt(var[rows, None]) * z
        yes, no = -np.logaddexp(0.0, -f), -np.logaddexp(0.0, f)
        p, q = np.exp(yes), np.exp(no)
        conditional[rows] = -(p * yes + q * no) @ weights
        marginal[rows] = _plogp(p @ weights) + _plogp(q @ weights)
    return marginal, conditional


def _plogp(p: Floats) -> Floats:
    return -p * np.log(np.where(p > 0, p, 1.0))


def bald(mean: Floats, var: Floats, count: int = 64) -> Floats:
    """I(y; f) = H[E p] - E H[p] ``(n,)``; 0 where the law is a point."""
    marginal, conditional = entropies(mean, var, count)
    gain = marginal - conditional
    # Quadrature of a concave function with positive weights: below 0 only by rounding.
    return np.where(np.abs(gain) < 1e-12, 0.0, gain)


def gain_of_clicks(k: Floats, noise: float) -> float:
    """I(f; observations at the clicks with variance noise^2) = 1/2 ln |I + K / noise^2|."""
    return 0.5 * float(np.linalg.slogdet(np.eye(len(k)) + k / noise**2)[1])
