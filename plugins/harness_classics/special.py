"""The digamma function and the volume of a ball.

By hand, because the estimators do without scipy: the covariance ones run on numpy alone.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Floats, Ints

_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def digamma(x: float) -> float:
    """psi(x) for x > 0: the asymptotic series above 12, reached by psi(x) = psi(x + 1) - 1/x."""
    shift = 0.0
    while x < 12.0:
        shift -= 1.0 / x
        x += 1.0
    inverse = 1.0 / (x * x)
    tail = sum(c * inverse ** (i + 1) for i, c in enumerate(_SERIES))
    return shift + math.log(x) - 0.5 / x - tail


def digammas(counts: Ints) -> Floats:
    """psi of positive integers ``(n,)``: minus Euler's constant plus a harmonic sum."""
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, int(counts.max())))])
    return harmonic[counts - 1] - np.euler_gamma


def log_ball(d: int, metric: str) -> float:
    """ln of the volume of the unit ball in d dimensions: Euclidean, or the cube of the maximum
    norm.
    """
    if metric == "chebyshev":
        return d * math.log(2.0)
    return 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d + 1.0)
