"""Compiled Gaussian kernel sums between points, exact to rounding.

Every function takes coordinates in units of ``h * sqrt(2)``, so that a kernel is ``exp(-d2)`` with
d2 the squared distance. Points lie in blocks of `BLOCK` rows with bounding boxes; a block, or a row
against a block, is skipped where the box proves that each of its terms is below ``exp(-limit)`` of
what counts. `harness_msc.cloud` prepares all this.

No result depends on the number of threads: work is cut into parts whose number follows from the
data alone, each part adds into an array of its own, and the parts are added in order.

Numba keeps compiled code by file: after an edit here, delete the ``.nbi`` files of ``greedy``,
which inlines this code.
"""

import math

import numpy as np

from harness import Floats, Ints
from harness.compiled import njit, prange

BLOCK = 32
"""Rows to a block: two rows against one block fit the first-level cache."""
LEAD = 16
"""Leading (widest) axes that a bounding box covers, and after which a single pair may be given up.
"""
FAR = 1e200
"""A squared distance that no pair of the data reaches: `harness_msc.cloud` refuses wider data."""
MATH = {"contract", "reassoc", "nnan", "nsz"}
"""Sums may be vectorised and fused. Infinities keep their meaning: they are legal values here."""

# exp: the nearest multiple of ln 2, by adding a number that shifts the fraction out of the
# mantissa.
_SHIFT = 6755399441055744.0
_LOG2E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11, _C12 = (
    1.0 / math.factorial(k) for k in range(2, 13)
)


@njit(cache=True, fastmath={"contract"})
def exponential(x: float) -> float:
    """exp(x) for x <= 0, with a relative error of at most 3e-16 above -700.

    Below, it is exp(-700) = 1e-304, which no sum notices. A Taylor polynomial of degree 12 after
    range reduction; free of branches and tables, so that loops vectorise.
    """
    x = max(x, -700.0)
    shifted = x * _LOG2E + _SHIFT
    k = shifted - _SHIFT
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = _C12
    p = p * r + _C11
    p = p * r + _C10
    p = p * r + _C9
    p = p * r + _C8
    p = p * r + _C7
    p = p * r + _C6
    p = p * r + _C5
    p = p * r + _C4
    p = p * r + _C3
    p = p * r + _C2
    p = p * r + 1.0
    p = p * r + 1.0
    return p * np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)


@njit(cache=True, fastmath=MATH)
def box_gap(low_a: Floats, high_a: Floats, low_b: Floats, high_b: Floats) -> float:
    """Squared distance between two boxes; a point is a box with low = high."""
    gap = 0.0
    for k in range(low_a.shape[0]):
        apart = max(low_a[k] - high_b[k], low_b[k] - high_a[k], 0.0)
        gap += apart * apart
    return gap


@njit(cache=True, fastmath=MATH)
def _two_rows(p: Floats, q: Floats, block: Floats, d2: Floats) -> None:
    """Squared distances of two rows to those of a block; four at a time, to load numbers once."""
    for j in range(0, BLOCK, 4):
        p0 = p1 = p2 = p3 = q0 = q1 = q2 = q3 = 0.0
        for k in range(p.shape[0]):
            u, v = p[k], q[k]
            y = block[j, k]
            p0 += (u - y) * (u - y)
            q0 += (v - y) * (v - y)
            y = block[j + 1, k]
            p1 += (u - y) * (u - y)
            q1 += (v - y) * (v - y)
            y = block[j + 2, k]
            p2 += (u - y) * (u - y)
            q2 += (v - y) * (v - y)
            y = block[j + 3, k]
            p3 += (u - y) * (u - y)
            q3 += (v - y) * (v - y)
        d2[0, j], d2[0, j + 1], d2[0, j + 2], d2[0, j + 3] = p0, p1, p2, p3
        d2[1, j], d2[1, j + 1], d2[1, j + 2], d2[1, j + 3] = q0, q1, q2, q3


@njit(cache=True, fastmath=MATH)
def pair(p: Floats, q: Floats, limit: float) -> float:
    """Squared distance of two rows, or some number above ``limit`` once that is certain."""
    d2 = 0.0
    for k in range(LEAD):
        d2 += (p[k] - q[k]) * (p[k] - q[k])
    if d2 > limit:
        return d2
    rest = 0.0
    for k in range(LEAD, p.shape[0]):
        rest += (p[k] - q[k]) * (p[k] - q[k])
    return d2 + rest


@njit(cache=True, fastmath=MATH)
def distances(p: Floats, others: Floats, d2: Floats) -> None:
    """Squared distances of a row to ``others (n, d)``, into ``d2[:n]``; four at a time."""
    n = others.shape[0]
    if n < 4:
        for j in range(n):
            d2[j] = pair(p, others[j], np.inf)
        return
    for m in range(0, n, 4):
        j = min(m, n - 4)
        y0, y1, y2, y3 = others[j], others[j + 1], others[j + 2], others[j + 3]
        a0 = a1 = a2 = a3 = 0.0
        for k in range(p.shape[0]):
            u = p[k]
            a0 += (u - y0[k]) ** 2
            a1 += (u - y1[k]) ** 2
            a2 += (u - y2[k]) ** 2
            a3 += (u - y3[k]) ** 2
        d2[j], d2[j + 1], d2[j + 2], d2[j + 3] = a0, a1, a2, a3


@njit(cache=True, fastmath=MATH)
def scatter(x: Floats, centre: Floats) -> Floats:
    """``(x - centre).T @ (x - centre)``; a library product would start threads for it."""
    p = x.shape[1]
    out = np.zeros((p, p))
    row = np.empty(p)
    for i in range(x.shape[0]):
        row[:] = x[i] - centre
        for k in range(p):
            for j in range(p):
                out[k, j] += row[k] * row[j]
    return out


@njit(cache=True, parallel=True, fastmath=MATH)
def rotate(x: Floats, centre: Floats, axes: Floats) -> Floats:
    """``(x - centre) @ axes``, with the same operations for each row, unlike a library product."""
    n, d = x.shape
    out = np.zeros((n, axes.shape[1]))
    for i in prange(n):
        for k in range(d):
            value = x[i, k] - centre[k]
            for j in range(axes.shape[1]):
                out[i, j] += value * axes[k, j]
    return out


@njit(cache=True, parallel=True, fastmath=MATH)
def self_sums(rows: Floats, low: Floats, high: Floats, n: int, limit: float, acc: Floats) -> Floats:
    """s_i = sum_j exp(-d2_ij) over all n rows, i included; each pair is computed once.

    Terms with d2 > limit may be left out. ``acc (parts, blocks * BLOCK)`` are zeros in which each
    part of the work adds up. Time O(n^2 d) without pruning.
    """
    blocks, parts = low.shape[0], acc.shape[0]
    for part in prange(parts):
        d2 = np.empty((2, BLOCK))
        chosen = np.empty(BLOCK, np.int64)
        for a in range(part, blocks, parts):
            first = a * BLOCK
            for b in range(a, blocks):
                if box_gap(low[a], high[a], low[b], high[b]) > limit:
                    continue
                m = 0
                for i in range(first, min(first + BLOCK, n)):
                    lead = rows[i, :LEAD]
                    if box_gap(lead, lead, low[b], high[b]) <= limit:
                        chosen[m] = i
                        m += 1
                start = b * BLOCK
                block = rows[start : start + BLOCK]
                for c in range(0, m, 2):
                    last = min(c + 1, m - 1)
                    _two_rows(rows[chosen[c]], rows[chosen[last]], block, d2)
                    for r in range(last - c + 1):
                        total = 0.0
                        for j in range(BLOCK):
                            d2[r, j] = exponential(-d2[r, j])
                            total += d2[r, j]
                        acc[part, chosen[c + r]] += total
                        if a != b:
                            for j in range(BLOCK):
                                acc[part, start + j] += d2[r, j]
    out = np.zeros(n)
    for part in range(parts):
        for i in range(n):
            out[i] += acc[part, i]
    return out


@njit(cache=True, parallel=True, fastmath=MATH)
def log_sums(
    queries: Floats,
    owner: Ints,
    count: int,
    rows: Floats,
    owners: Ints,
    low: Floats,
    high: Floats,
    margin: float,
) -> tuple[Floats, Floats]:
    """For each query the least d2 to the rows, and ``sum_j exp(least - d2_j)``.

    Together they are a log-sum-exp that cannot underflow. Rows whose ``owners`` equals the query's
    ``owner`` are left out. Terms below exp(-margin) of the largest may be left out too. Blocks are
    visited nearest first. Time O(count n d) without pruning; memory O(count + n).
    """
    blocks = low.shape[0]
    near = np.full(count, np.inf)
    total = np.zeros(count)
    for a in prange((count + BLOCK - 1) // BLOCK):
        first, end = a * BLOCK, min((a + 1) * BLOCK, count)
        floor = queries[first, :LEAD].copy()
        ceiling = floor.copy()
        for i in range(first + 1, end):
            for k in range(LEAD):
                floor[k] = min(floor[k], queries[i, k])
                ceiling[k] = max(ceiling[k], queries[i, k])
        gaps = np.empty(blocks)
        for b in range(blocks):
            gaps[b] = box_gap(floor, ceiling, low[b], high[b])
        d2 = np.empty((2, BLOCK))
        chosen = np.empty(BLOCK, np.int64)
        for b in np.argsort(gaps):
            m = 0
            for i in range(first, end):
                if gaps[b] <= near[i] + margin:
                    lead = queries[i, :LEAD]
                    if box_gap(lead, lead, low[b], high[b]) <= near[i] + margin:
                        chosen[m] = i
                        m += 1
            start = b * BLOCK
            block = rows[start : start + BLOCK]
            for c in range(0, m, 2):
                last = min(c + 1, m - 1)
                _two_rows(queries[chosen[c]], queries[chosen[last]], block, d2)
                for r in range(last - c + 1):
                    i = chosen[c + r]
                    least = FAR
                    for j in range(BLOCK):
                        if owners[start + j] == owner[i]:
                            d2[r, j] = FAR
                        least = min(least, d2[r, j])
                    if least < FAR:
                        if least < near[i]:
                            total[i] *= exponential(least - near[i])
                            near[i] = least
                        gain = 0.0
                        for j in range(BLOCK):
                            gain += exponential(near[i] - d2[r, j])
                        total[i] += gain
    return near, total


@njit(cache=True, parallel=True, fastmath=MATH)
def set_entropies(rows: Floats, cuts: Ints) -> Floats:
    """H of each set ``rows[cuts[s]:cuts[s+1]]`` taken alone, in nats. Time O(sum n_s^2 d)."""
    out = np.zeros(cuts.shape[0] - 1)
    for s in prange(out.shape[0]):
        first, end = cuts[s], cuts[s + 1]
        sums = np.ones(end - first)
        for i in range(first, end):
            for j in range(first, i):
                d2 = pair(rows[i], rows[j], 700.0)
                if d2 < 700.0:
                    term = exponential(-d2)
                    sums[i - first] += term
                    sums[j - first] += term
        for i in range(end - first):
            out[s] -= math.log(sums[i] / (end - first)) / (end - first)
    return out


@njit(cache=True)
def surprise(near: float, total: float, official: bool) -> float:
    """-ln of the kernel sum ``exp(-near) * total``, in nats.

    ``official`` gives what a plain float64 sum gives: infinity once every term underflows.
    """
    value: float = near - math.log(total) if total > 0.0 else np.inf
    if official and (near > 745.13 or value > 700.0):
        plain = math.exp(-value) if near <= 745.13 else 0.0
        return -math.log(plain) if plain > 0.0 else np.inf
    return value
