"""Weights of the weighted Kozachenko-Leonenko estimator."""

from __future__ import annotations

import functools
import math

import numpy as np

from harness import Floats


@functools.lru_cache(maxsize=256)
def weights(d: int, k: int) -> Floats:
    """The weights ``(k,)`` of the distances to the first k neighbours in d dimensions; their sum
    is 1.

    The shortest vector with ``sum_j w_j Gamma(j + 2l/d) / Gamma(j) = 0`` for ``l = 1 .. d // 4``,
    which removes the leading terms of the bias, and with ``w_j = 0`` unless j is one of
    ``i k // d`` for ``i = 1 .. d``. In fewer than four dimensions there is nothing to remove, and
    all weight is on the k-th distance. Where the allowed j are too few to meet the conditions, they
    are met in the least-squares sense.

    Berrett, Samworth, Yuan, Ann. Statist. 47 (2019), equation 2. The rows of the conditions grow
    like factorials, so each is divided by its length to limit rounding.
    """
    found = np.zeros(k)
    if d < 4:
        found[-1] = 1.0
        return found
    allowed = sorted({i * k // d for i in range(1, d + 1)} - {0})
    orders = range(d // 4 + 1)
    rows = np.array(
        [[math.lgamma(j + 2 * o / d) - math.lgamma(j) for j in allowed] for o in orders]
    )
    rows = np.exp(rows - rows.max(1, keepdims=True))
    lengths = np.linalg.norm(rows, axis=1)
    target = np.zeros(len(rows))
    target[0] = 1.0 / lengths[0]
    solution = np.linalg.lstsq(rows / lengths[:, None], target, rcond=1e-12)[0]
    found[[j - 1 for j in allowed]] = solution / solution.sum()
    found.flags.writeable = False
    return found
