"""A k-d tree whose leaves are tiles, and the searches that compiled loops run on it.

Each leaf holds `LEAF` points, coordinate by coordinate, so that one point is compared with a whole
leaf by vector instructions. A search takes the points of one leaf together through the tree: boxes
prove most leaves irrelevant in few dimensions, and in many the tiles still stay in the first-level
cache and a leaf is given up once all of its points are too far in the axes read so far. The answers
are those of comparing all pairs, bit for bit: distances are computed by the same operations, and a
box's distance, rounded, never exceeds that of a point in it.

Nodes are stored in preorder. A node over the leaves ``[a, b)`` has its left child next to it, over
``[a, m)`` with ``m = (a + b + 1) // 2``, and its right child ``2 (m - a) - 1`` entries further on.

No result depends on the number of threads: each query is answered by one thread, which writes to an
entry of its own.
"""

import numpy as np
from numba import njit, prange

from harness import Floats, Ints

LEAF = 32
CHEBYSHEV, EUCLIDEAN = 0, 1
"""Metrics. Euclidean distances are squared throughout this module."""
STACK = 128


@njit(cache=True)
def _select(keys: Floats, order: Ints, first: int, end: int, place: int) -> None:
    """Reorder ``[first, end)`` so that the place-th key is where sorting would put it (Hoare)."""
    lo, hi = first, end - 1
    while lo < hi:
        a, b, c = keys[lo], keys[(lo + hi) // 2], keys[hi]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = lo, hi
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if place <= j:
            hi = j
        elif place >= i:
            lo = i
        else:
            return


@njit(cache=True)
def build(points: Floats) -> tuple[Floats, Ints, Floats, Floats]:
    """Tree over ``points (n, d)``: tiles ``(leaves, width, LEAF)`` of d axes padded to a multiple
    of 4, order ``(n,)``, and the lower and upper corners of the boxes ``(nodes, width)``.

    ``order[l * LEAF + s]`` is the point in slot s of leaf l. Nodes are cut at the median of their
    widest axis. Empty slots are infinitely far from everything. Time O(n log n d).
    """
    n, d = points.shape
    leaves = (n + LEAF - 1) // LEAF
    width = (d + 3) // 4 * 4
    order = np.arange(n)
    keys = np.empty(n)
    low = np.zeros((2 * leaves - 1, width))
    high = np.zeros((2 * leaves - 1, width))
    stack = np.empty((STACK, 3), np.int64)
    stack[0] = 0, 0, leaves
    depth = 1
    while depth:
        depth -= 1
        node, a, b = stack[depth]
        first, end = a * LEAF, min(b * LEAF, n)
        for k in range(d):
            low[node, k] = high[node, k] = points[order[first], k]
        for i in range(first + 1, end):
            row = points[order[i]]
            for k in range(d):
                value = row[k]
                low[node, k] = min(low[node, k], value)
                high[node, k] = max(high[node, k], value)
        if b - a > 1:
            axis = np.argmax(high[node] - low[node])
            for i in range(first, end):
                keys[i] = points[order[i], axis]
            m = (a + b + 1) // 2
            _select(keys, order, first, end, m * LEAF)
            stack[depth] = node + 1, a, m
            stack[depth + 1] = node + 2 * (m - a), m, b
            depth += 2
    tiles = np.zeros((leaves, width, LEAF))
    tiles[-1] = np.inf
    tiles[-1, d:] = 0.0
    for i in range(n):
        for k in range(d):
            tiles[i // LEAF, k, i % LEAF] = points[order[i], k]
    return tiles, order, low, high


@njit(cache=True)
def box_gap(low_a: Floats, high_a: Floats, low_b: Floats, high_b: Floats, metric: int) -> float:
    """Least distance between points of two boxes."""
    gap = 0.0
    for k in range(low_a.shape[0]):
        apart = max(low_b[k] - high_a[k], low_a[k] - high_b[k], 0.0)
        gap = max(gap, apart) if metric == CHEBYSHEV else gap + apart * apart
    return gap


@njit(cache=True)
def point_gaps(tile: Floats, low: Floats, high: Floats, metric: int, gaps: Floats) -> None:
    """Least distance of each point of a tile to a box."""
    for j in range(LEAF):
        gaps[j] = 0.0
    for k in range(tile.shape[0]):
        floor, ceiling = low[k], high[k]
        for j in range(LEAF):
            below, above = floor - tile[k, j], tile[k, j] - ceiling
            apart = below if below > above else above
            apart = apart if apart > 0.0 else 0.0
            if metric == CHEBYSHEV:
                gaps[j] = apart if apart > gaps[j] else gaps[j]
            else:
                gaps[j] += apart * apart


@njit(cache=True)
def scan(
    own: Floats,
    q: int,
    tile: Floats,
    metric: int,
    first: int,
    last: int,
    limit: float,
    dist: Floats,
) -> int:
    """Distances over the axes ``[first, last)`` from point q of a tile to all points of another.

    Returns how many are at most ``limit``; 0 as soon as that is certain, with ``dist`` incomplete.
    """
    near = LEAF
    for j in range(LEAF):
        dist[j] = 0.0
    for k in range(first, last, 4):
        q0, q1, q2, q3 = own[k, q], own[k + 1, q], own[k + 2, q], own[k + 3, q]
        if metric == CHEBYSHEV:
            for j in range(LEAF):
                t = dist[j]
                u = abs(tile[k, j] - q0)
                t = u if u > t else t
                u = abs(tile[k + 1, j] - q1)
                t = u if u > t else t
                u = abs(tile[k + 2, j] - q2)
                t = u if u > t else t
                u = abs(tile[k + 3, j] - q3)
                dist[j] = u if u > t else t
        else:
            for j in range(LEAF):
                t = dist[j]
                t += (tile[k, j] - q0) * (tile[k, j] - q0)
                t += (tile[k + 1, j] - q1) * (tile[k + 1, j] - q1)
                t += (tile[k + 2, j] - q2) * (tile[k + 2, j] - q2)
                t += (tile[k + 3, j] - q3) * (tile[k + 3, j] - q3)
                dist[j] = t
        near = 0
        for j in range(LEAF):
            near += int(dist[j] <= limit)
        if near == 0:
            return 0
    return near


@njit(cache=True)
def _insert(best: Floats, value: float) -> None:
    """Put a value into an ascending row, dropping the last."""
    k = best.shape[0] - 1
    while k > 0 and best[k - 1] > value:
        best[k] = best[k - 1]
        k -= 1
    best[k] = value


@njit(cache=True, parallel=True)
def nearest(tiles: Floats, order: Ints, low: Floats, high: Floats, k: int, metric: int) -> Floats:
    """Distances of each point to its k nearest others, ascending ``(n, k)``."""
    leaves, width = tiles.shape[:2]
    n = order.shape[0]
    out = np.empty((n, k))
    for a in prange(leaves):
        own = tiles[a]
        m = min(LEAF, n - a * LEAF)
        best = np.full((m, k), np.inf)
        dist, gaps = np.empty(LEAF), np.empty(LEAF)
        for q in range(m):
            scan(own, q, own, metric, 0, width, np.inf, dist)
            for j in range(m):
                if j != q and dist[j] < best[q, k - 1]:
                    _insert(best[q], dist[j])
        radius = best[:, k - 1].max()
        floor, ceiling = box(own, m)
        nodes, bounds = np.empty((STACK, 3), np.int64), np.empty(STACK)
        nodes[0] = 0, 0, leaves
        bounds[0] = 0.0
        depth = 1
        while depth:
            depth -= 1
            if bounds[depth] >= radius:
                continue
            node, first, last = nodes[depth]
            if last - first > 1:
                middle = (first + last + 1) // 2
                left, right = node + 1, node + 2 * (middle - first)
                gap_left = box_gap(floor, ceiling, low[left], high[left], metric)
                gap_right = box_gap(floor, ceiling, low[right], high[right], metric)
                # The nearer child is taken first; of equally near ones, that of the queries.
                left_last = gap_left < gap_right or (gap_left == gap_right and a < middle)
                place = depth + 1 if left_last else depth
                nodes[place] = left, first, middle
                bounds[place] = gap_left
                place = depth if left_last else depth + 1
                nodes[place] = right, middle, last
                bounds[place] = gap_right
                depth += 2
            elif first != a:
                point_gaps(own, low[node], high[node], metric, gaps)
                for q in range(m):
                    limit = best[q, k - 1]
                    if gaps[q] < limit and scan(
                        own, q, tiles[first], metric, 0, width, limit, dist
                    ):
                        for j in range(LEAF):
                            if dist[j] < best[q, k - 1]:
                                _insert(best[q], dist[j])
                radius = best[:, k - 1].max()
        for q in range(m):
            out[order[a * LEAF + q]] = best[q]
    return out


@njit(cache=True)
def box(tile: Floats, m: int) -> tuple[Floats, Floats]:
    """The box of the first m points of a tile."""
    floor, ceiling = tile[:, 0].copy(), tile[:, 0].copy()
    for k in range(tile.shape[0]):
        for j in range(1, m):
            floor[k] = min(floor[k], tile[k, j])
            ceiling[k] = max(ceiling[k], tile[k, j])
    return floor, ceiling


@njit(cache=True, parallel=True)
def count(tiles: Floats, order: Ints, low: Floats, high: Floats, radii: Floats) -> Ints:
    """Number of points, itself included, within ``radii (n,)`` of each point; maximum norm."""
    leaves, width = tiles.shape[:2]
    n = order.shape[0]
    out = np.zeros(n, np.int64)
    for a in prange(leaves):
        own = tiles[a]
        m = min(LEAF, n - a * LEAF)
        dist, gaps = np.empty(LEAF), np.empty(LEAF)
        limits, found = np.full(LEAF, -1.0), np.zeros(LEAF, np.int64)
        for q in range(m):
            limits[q] = radii[order[a * LEAF + q]]
        widest, least = limits[:m].max(), limits[:m].min()
        floor, ceiling = box(own, m)
        nodes = np.empty((STACK, 3), np.int64)
        nodes[0] = 0, 0, leaves
        depth = 1
        while depth:
            depth -= 1
            node, first, last = nodes[depth]
            if box_gap(floor, ceiling, low[node], high[node], CHEBYSHEV) > widest:
                continue
            if _span(floor, ceiling, low[node], high[node]) <= least:
                for q in range(m):
                    found[q] += min(last * LEAF, n) - first * LEAF
            elif last - first > 1:
                middle = (first + last + 1) // 2
                nodes[depth] = node + 1, first, middle
                nodes[depth + 1] = node + 2 * (middle - first), middle, last
                depth += 2
            else:
                point_gaps(own, low[node], high[node], CHEBYSHEV, gaps)
                for q in range(m):
                    if gaps[q] <= limits[q]:
                        found[q] += scan(own, q, tiles[first], CHEBYSHEV, 0, width, limits[q], dist)
        for q in range(m):
            out[order[a * LEAF + q]] = found[q]
    return out


@njit(cache=True)
def _span(low_a: Floats, high_a: Floats, low_b: Floats, high_b: Floats) -> float:
    """Greatest distance between points of two boxes, in the maximum norm."""
    span = 0.0
    for k in range(low_a.shape[0]):
        span = max(span, high_b[k] - low_a[k], high_a[k] - low_b[k])
    return span


@njit(cache=True, parallel=True)
def extents(
    tiles: Floats, order: Ints, low: Floats, high: Floats, radii: Floats, split: int
) -> tuple[Floats, Floats]:
    """Sides of the box around each point's neighbours ``(n,), (n,)``: greatest distance in the axes
    before ``split``, and in those from it on, of the points within ``radii (n,)`` of it in all
    axes. In the maximum norm; ``split`` is a multiple of 4.
    """
    leaves, width = tiles.shape[:2]
    n = order.shape[0]
    before, after = np.zeros(n), np.zeros(n)
    for a in prange(leaves):
        own = tiles[a]
        m = min(LEAF, n - a * LEAF)
        dist, rest, gaps = np.empty(LEAF), np.empty(LEAF), np.empty(LEAF)
        limits = np.full(LEAF, -1.0)
        for q in range(m):
            limits[q] = radii[order[a * LEAF + q]]
        widest = limits[:m].max()
        floor, ceiling = box(own, m)
        nodes = np.empty((STACK, 3), np.int64)
        nodes[0] = 0, 0, leaves
        depth = 1
        while depth:
            depth -= 1
            node, first, last = nodes[depth]
            if box_gap(floor, ceiling, low[node], high[node], CHEBYSHEV) > widest:
                continue
            if last - first > 1:
                middle = (first + last + 1) // 2
                nodes[depth] = node + 1, first, middle
                nodes[depth + 1] = node + 2 * (middle - first), middle, last
                depth += 2
                continue
            point_gaps(own, low[node], high[node], CHEBYSHEV, gaps)
            tile = tiles[first]
            for q in range(m):
                limit, i = limits[q], order[a * LEAF + q]
                if (
                    gaps[q] <= limit
                    and scan(own, q, tile, CHEBYSHEV, 0, split, limit, dist)
                    and scan(own, q, tile, CHEBYSHEV, split, width, limit, rest)
                ):
                    for j in range(LEAF):
                        if dist[j] <= limit and rest[j] <= limit:
                            before[i] = max(before[i], dist[j])
                            after[i] = max(after[i], rest[j])
    return before, after


@njit(cache=True, parallel=True)
def nearest_sorted(values: Floats, k: int) -> Floats:
    """Distances of each of ascending ``values (n,)`` to its k nearest others, ascending.

    Shape ``(n, k)``.
    """
    n = values.shape[0]
    out = np.empty((n, k))
    for i in prange(n):
        left, right = np.int64(i) - 1, np.int64(i) + 1
        for j in range(k):
            below = values[i] - values[left] if left >= 0 else np.inf
            above = values[right] - values[i] if right < n else np.inf
            out[i, j] = min(below, above)
            if below <= above:
                left -= 1
            else:
                right += 1
    return out


@njit(cache=True, parallel=True)
def count_sorted(values: Floats, limits: Floats) -> Ints:
    """Number of ascending ``values (n,)``, itself included, within ``limits (n,)`` of each."""
    out = np.empty(values.shape[0], np.int64)
    for i in prange(values.shape[0]):
        own = int(np.int64(i))  # signed, because differences of it are taken
        out[i] = _count_around(values, own, limits[i])
    return out


@njit(cache=True)
def _count_around(values: Floats, own: int, limit: float) -> int:
    """Number of ascending values within ``limit`` of the one at ``own``.

    Bisects by the rounded difference, which is monotone; comparing with ``value - limit`` would
    round otherwise.
    """
    if limit < 0.0:
        return 0
    inside, outside = own, -1
    while inside - outside > 1:
        middle = (inside + outside) // 2
        if values[own] - values[middle] <= limit:
            inside = middle
        else:
            outside = middle
    left = inside
    inside, outside = own, values.shape[0]
    while outside - inside > 1:
        middle = (inside + outside) // 2
        if values[middle] - values[own] <= limit:
            inside = middle
        else:
            outside = middle
    return inside - left + 1
