"""Compiled lazy greedy selections: stale scores bound the true ones; few are brought up to date.

A candidate's score can only fall while the selection grows. So a stale score bounds the true one
from above, and where no stale score reaches an up-to-date one, that is the one that evaluating all
would choose (ties: the lowest index).
"""

import heapq
import math

import numpy as np

from harness import Bools, Floats, Ints
from harness.compiled import njit, prange
from harness_msc.kernel import LEAD, MATH, box_gap, distances, exponential, pair, surprise


@njit(cache=True)
def cover(
    rows: Floats,
    cuts: Ints,
    low: Floats,
    high: Floats,
    gains: Floats,
    near: Floats,
    total: Floats,
    first: int,
    count: int,
    margin: float,
    official: bool,
) -> tuple[Ints, Floats]:
    """Pick sets one by one by the greatest ``max_i -ln a_i + gain``; a_i sums the picked kernels.

    Each pick sets a level just below the last one's score. Sets whose stale scores reach it are
    brought nearer to date, in parallel, until they fall below or are up to date; the best of the
    latter wins, and where there is none the level sinks. Laziness goes down to the single
    environment: of a set, only that with the greatest stale -ln a_i is looked at, pick by pick.
    Picks enter its sum in their order whether early or late, so the scores have the same bits as
    those of an eager evaluation, on any number of threads. Time O(n picked d) at worst, where
    picked counts environments; memory O(n).

    Parameters
    ----------
    rows (n, d), cuts (s+1,) : points in a `Frame`, set after set.
    low, high (s, LEAD) : the bounding box of each set.
    gains (s,) : what a set adds to its novelty: its own entropy.
    near, total (n,) : the accumulators ``a = exp(-near) total``, changed in place; inf and 0 where
        nothing is held.
    first : the set that starts the selection, -1 where the scores choose it, too.
    count, margin : picks, and the exponent beyond which a term is lost in rounding.
    official : score infinity where plain sums underflow, as the authors' code does.

    Returns the picks ``(count,)`` and their scores.
    """
    sets = len(cuts) - 1
    picks, scores = np.empty(count, np.int64), np.empty(count)
    bound = np.empty(len(rows))
    for i in range(len(rows)):
        bound[i] = surprise(near[i], total[i], official)
    seen = np.zeros(len(rows), np.int64)
    score = np.empty(sets)
    for s in range(sets):
        score[s] = bound[cuts[s] : cuts[s + 1]].max() + gains[s]
    taken, last, step = 0, np.inf, 1e-3
    if first >= 0:
        picks[0], scores[0], score[first] = first, gains[first], -np.inf
        taken = 1
    exact = np.zeros(sets, np.bool_)
    while taken < count:
        # Scores only fall, so the winner is at most the last one; bringing others below it early
        # loses no work.
        level = min(last, score.max())
        if level < np.inf:
            level -= step
        _advance(
            rows, cuts, low, high, gains, near, total, bound, seen, score, exact, picks, taken,
            level, margin, official,
        )  # fmt: skip
        winner = -1
        for s in range(sets):
            if exact[s] and score[s] >= level and (winner < 0 or score[s] > score[winner]):
                winner = s
        if winner < 0:
            step = 2.0 * step + 1e-12 * abs(level) if level < np.inf else step
            last = score.max()
            continue
        picks[taken], scores[taken] = winner, score[winner]
        if taken > 1 and score[winner] < np.inf:
            step = 0.5 * step + max(0.0, last - score[winner]) if last < np.inf else step
        last, score[winner] = score[winner], -np.inf
        taken += 1
    return picks, scores


@njit(cache=True, parallel=True)
def _advance(
    rows: Floats,
    cuts: Ints,
    low: Floats,
    high: Floats,
    gains: Floats,
    near: Floats,
    total: Floats,
    bound: Floats,
    seen: Ints,
    score: Floats,
    exact: Bools,
    picks: Ints,
    taken: int,
    level: float,
    margin: float,
    official: bool,
) -> None:
    """Update every set that may score ``level`` or more, until it falls below or is ``exact``."""
    for s in prange(len(cuts) - 1):
        exact[s] = False
        if score[s] < level or score[s] == -np.inf:
            continue
        d2 = np.empty((cuts[1:] - cuts[:-1]).max())
        while True:
            i, runner_up = _top_two(bound, cuts[s], cuts[s + 1])
            score[s] = bound[i] + gains[s]
            exact[s] = seen[i] == taken
            if exact[s] or score[s] < level:
                break
            # Once below the next best of its set the environment need not be known any better.
            rival = max(level, runner_up + gains[s])
            t = seen[i]
            while t < taken and bound[i] + gains[s] >= rival:
                u = picks[t]
                near[i], total[i] = _add(
                    rows, i, cuts[u], cuts[u + 1], low[u], high[u], near[i], total[i], margin, d2
                )
                bound[i] = surprise(near[i], total[i], official)
                t += 1
            seen[i] = t


@njit(cache=True)
def _top_two(values: Floats, begin: int, end: int) -> tuple[int, float]:
    """Position of the greatest of ``values[begin:end]``, the first of equals; second greatest
    value.
    """
    top, second = begin, -np.inf
    for i in range(begin + 1, end):
        if values[i] > values[top]:
            top, second = i, values[top]
        elif values[i] > second:
            second = values[i]
    return top, second


@njit(cache=True, fastmath=MATH)
def _add(
    rows: Floats,
    i: int,
    begin: int,
    end: int,
    low: Floats,
    high: Floats,
    near: float,
    total: float,
    margin: float,
    d2: Floats,
) -> tuple[float, float]:
    """Add kernels of row i with rows ``begin:end``, which the box encloses, to (near, total)."""
    if box_gap(rows[i, :LEAD], rows[i, :LEAD], low, high) > near + margin:
        return near, total
    distances(rows[i], rows[begin:end], d2)
    least = near
    for j in range(end - begin):
        least = min(least, d2[j])
    if least < near:
        total *= exponential(least - near)
    for j in range(end - begin):
        total += exponential(least - d2[j])
    return least, total


@njit(cache=True)
def farthest(
    rows: Floats, cuts: Ints, means: Floats, first: int, count: int
) -> tuple[Ints, Floats]:
    """Pick sets one by one by the greatest least mean distance to the sets picked before.

    The distance of two sets is the mean over all pairs of their points; that of their means bounds
    it from below, which saves most evaluations. Returns the picks ``(count,)`` and the distance of
    each when picked. Time O(n^2 d) at worst.
    """
    sets = len(cuts) - 1
    picks, scores = np.empty(count, np.int64), np.empty(count)
    picks[0], scores[0] = first, np.inf
    taken = 1
    least, seen = np.full(sets, np.inf), np.zeros(sets, np.int64)
    d2 = np.empty((cuts[1:] - cuts[:-1]).max())
    heap = [(-np.inf, s) for s in range(sets) if s != first]
    heapq.heapify(heap)
    while taken < count:
        key, s = heap[0]
        if seen[s] == taken:
            heapq.heappop(heap)
            picks[taken], scores[taken] = s, -key
            taken += 1
            continue
        for t in range(seen[s], taken):
            u = picks[t]
            if math.sqrt(pair(means[s], means[u], np.inf)) < least[s]:
                least[s] = min(
                    least[s], _mean_distance(rows, cuts[s], cuts[s + 1], cuts[u], cuts[u + 1], d2)
                )
        seen[s] = taken
        heapq.heapreplace(heap, (-least[s], s))
    return picks, scores


@njit(cache=True, fastmath=MATH)
def _mean_distance(rows: Floats, first: int, end: int, begin: int, stop: int, d2: Floats) -> float:
    """The mean distance of the rows ``first:end`` to the rows ``begin:stop``."""
    total = 0.0
    for i in range(first, end):
        distances(rows[i], rows[begin:stop], d2)
        for j in range(stop - begin):
            total += math.sqrt(d2[j])
    return total / ((end - first) * (stop - begin))
