"""Compiled sums of a Gaussian kernel over all other points, on trees of `harness_classics.tree`."""

import math

import numpy as np
from numba import njit, prange

from harness import Floats, Ints
from harness_classics import tree
from harness_classics.tree import EUCLIDEAN, LEAF

NEGLIGIBLE = 45.0
"""Terms below exp(-45) = 3e-20 of the largest change a sum of up to 10^4 of them by less than
rounding does."""
_SHIFT = 6755399441055744.0
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_TAYLOR = tuple(1.0 / math.factorial(i) for i in range(12))


@njit(cache=True, fastmath={"contract"})
def _sum_exp(terms: Floats) -> float:
    """Sum of exp(t) over ``terms (LEAF,)``; those below -700 count as exp(-700).

    exp by subtracting the nearest multiple of ln 2 (adding a large number pushes the fraction out
    of the mantissa) and a polynomial, without branches, so that the loop is vectorized. The
    relative error of a term is below 1e-14.
    """
    for j in range(LEAF):
        t = terms[j] if terms[j] > -700.0 else -700.0
        shifted = t * 1.4426950408889634 + _SHIFT
        power = shifted - _SHIFT
        r = (t - power * _LN2_HIGH) - power * _LN2_LOW
        p = _TAYLOR[11]
        p = p * r + _TAYLOR[10]
        p = p * r + _TAYLOR[9]
        p = p * r + _TAYLOR[8]
        p = p * r + _TAYLOR[7]
        p = p * r + _TAYLOR[6]
        p = p * r + _TAYLOR[5]
        p = p * r + _TAYLOR[4]
        p = p * r + _TAYLOR[3]
        p = p * r + _TAYLOR[2]
        p = p * r + 1.0
        p = p * r + 1.0
        terms[j] = p * np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    total = 0.0
    for j in range(LEAF):
        total += terms[j]
    return total


@njit(cache=True, parallel=True)
def log_sums(
    tiles: Floats, order: Ints, low: Floats, high: Floats, near: Floats, h: float
) -> Floats:
    """``ln sum_{j != i} exp(-|x_i - x_j|^2 / 2 h^2)`` for each point ``(n,)``.

    ``near (n,)`` holds the squared distances to the nearest others, relative to which terms are
    summed, so that no sum underflows. Terms below exp(-NEGLIGIBLE) of the largest are left out.
    Time O(n^2 d) at worst, less where h is small.
    """
    leaves, width = tiles.shape[:2]
    n = order.shape[0]
    out = np.empty(n)
    scale = 0.5 / (h * h)
    reach = NEGLIGIBLE / scale
    for a in prange(leaves):
        own = tiles[a]
        m = min(LEAF, n - a * LEAF)
        dist, gaps, base, total = np.empty(LEAF), np.empty(LEAF), np.zeros(LEAF), np.zeros(LEAF)
        for q in range(m):
            base[q] = near[order[a * LEAF + q]]
        widest = base[:m].max() + reach
        floor, ceiling = tree.box(own, m)
        nodes = np.empty((tree.STACK, 3), np.int64)
        nodes[0] = 0, 0, leaves
        depth = 1
        while depth:
            depth -= 1
            node, first, last = nodes[depth]
            if tree.box_gap(floor, ceiling, low[node], high[node], EUCLIDEAN) > widest:
                continue
            if last - first > 1:
                middle = (first + last + 1) // 2
                nodes[depth] = node + 1, first, middle
                nodes[depth + 1] = node + 2 * (middle - first), middle, last
                depth += 2
                continue
            tree.point_gaps(own, low[node], high[node], EUCLIDEAN, gaps)
            for q in range(m):
                limit = base[q] + reach
                if gaps[q] <= limit and tree.scan(
                    own, q, tiles[first], EUCLIDEAN, 0, width, limit, dist
                ):
                    if first == a:
                        dist[q] = np.inf
                    for j in range(LEAF):
                        dist[j] = (base[q] - dist[j]) * scale
                    total[q] += _sum_exp(dist)
        for q in range(m):
            out[order[a * LEAF + q]] = math.log(total[q]) - base[q] * scale
    return out
