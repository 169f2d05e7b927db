"""Special functions, without scipy: the normal distribution, its inverse, and digamma."""

from __future__ import annotations

import math

import numpy as np

from harness import Floats

_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(x: Floats) -> Floats:
    """Phi(x), element by element."""
    return 0.5 * np.asarray(_erfc(-x / math.sqrt(2.0)), np.float64)


def digamma(x: float) -> float:
    """psi(x) for x > 0: raised above 12 by psi(x) = psi(x + 1) - 1/x, then the asymptotic series."""
    total = 0.0
    while x < 12.0:
        total -= 1.0 / x
        x += 1.0
    total += math.log(x) - 0.5 / x
    for power, factor in enumerate(
        (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12), start=1
    ):
        total -= factor / x ** (2 * power)
    return total
