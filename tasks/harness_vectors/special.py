"""The normal distribution function and digamma.

By hand, because these tasks run where scipy is not installed.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Floats

_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(x: Floats) -> Floats:
    """Phi(x), element by element."""
    return 0.5 * np.asarray(_erfc(-x / math.sqrt(2.0)), np.float64)


def digamma(x: float) -> float:
    """psi(x) for x > 0: the asymptotic series above 12, reached by psi(x) = psi(x + 1) - 1/x."""
    total = 0.0
    while x < 12.0:
        total -= 1.0 / x
        x += 1.0
    total += math.log(x) - 0.5 / x
    for power, factor in enumerate(_SERIES, start=1):
        total -= factor / x ** (2 * power)
    return total
