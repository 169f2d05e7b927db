"""The exact posterior of reward differences: all paths at once, as an effective resistance.

With independent increments along the tree and independent noise of comparisons, the posterior
variance of a difference is the resistance between its ends, in a network whose edges have the
variances as resistances. Where comparisons stay within trees, the tree is eliminated and a system
as large as the number of distinct comparisons is left; else the Laplacian is factorized.
"""

from __future__ import annotations

import logging
import math
from functools import cached_property

import numpy as np

from harness import Floats, Incompatible, Ints, Preferences
from harness_rlhf_topology.forest import Forest

LOG = logging.getLogger("harness.rlhf_topology")
MOST = 20_000
"""Unknowns of a dense system that is still solved."""


class Merged:
    """Distinct comparisons of a data set: repeats act in parallel, as one with less noise.

    Attributes
    ----------
    pairs (m, 2)  distinct pairs, each in ascending order
    noise (m,)    variance of the noise of each: that of one comparison over the number of repeats
    which (n,)    the distinct pair of each comparison
    sign (n,)     -1 where a comparison has its nodes the other way round
    """

    def __init__(self, pairs: Ints, noise: float) -> None:
        self.sign = np.where(pairs[:, 0] <= pairs[:, 1], 1.0, -1.0)
        found, which, counts = np.unique(
            np.sort(pairs, axis=1), axis=0, return_inverse=True, return_counts=True
        )
        self.pairs, self.which, self.noise = found, which.reshape(-1), noise / counts

    def mean(self, y: Floats) -> Floats:
        """Mean margin of each distinct comparison (m,)."""
        total = np.bincount(self.which, self.sign * y, len(self.pairs))
        found: Floats = total / np.bincount(self.which, minlength=len(self.pairs))
        return found

    def without_cycles(self) -> Ints:
        """Positions of comparisons that close no cycle with earlier ones.

        The others repeat what these tell, where there is no noise.
        """
        group = {int(node): int(node) for node in np.unique(self.pairs)}

        def top(node: int) -> int:
            while group[node] != node:
                group[node] = node = group[group[node]]
            return node

        kept = []
        for row, (a, b) in enumerate(self.pairs.tolist()):
            x, y = top(a), top(b)
            if x != y:
                group[x] = y
                kept.append(row)
        return np.array(kept, np.int64)


def contrasts(forest: Forest, pairs: Ints, test: Ints) -> tuple[Floats, Floats]:
    """Prior covariances of differences: A K A^T (m, m) of ``pairs``, A K W^T (m, t) with ``test``.

    In depth-first order the variance that two nodes share is the smallest that neighbours between
    them share, so a row of K is two running minima: O(m + t) for each comparison.
    """
    nodes = np.unique(np.concatenate([pairs.ravel(), test.ravel()]))
    nodes = nodes[np.argsort(forest.place[nodes])]
    between = np.append(forest.above, 0.0)[forest.common(nodes[:-1], nodes[1:])]
    place = forest.place[nodes]
    a, b = np.searchsorted(place, forest.place[pairs.T])
    c, d = np.searchsorted(place, forest.place[test.T])

    def row(i: int, out: Floats) -> None:
        out[i] = forest.above[nodes[i]]
        np.minimum.accumulate(between[i:], out=out[i + 1 :])
        np.minimum.accumulate(between[:i][::-1], out=out[:i][::-1])

    inner, cross = np.empty((len(pairs), len(pairs))), np.empty((len(pairs), len(test)))
    first, second = np.empty(len(nodes)), np.empty(len(nodes))
    last = -1
    for k in range(len(pairs)):
        if a[k] != last:  # distinct pairs are sorted by their first node
            row(int(a[k]), first)
            last = a[k]
        row(int(b[k]), second)
        shared = first - second
        inner[k] = shared[a] - shared[b]
        cross[k] = shared[c] - shared[d]
    return inner, cross


class Posterior:
    """What the comparisons of the training part tell about those of the test part.

    Raises `Incompatible` without a split, and for more than `MOST` unknowns.
    """

    def __init__(self, data: Preferences) -> None:
        train, test = data.part("train"), data.part("test")
        self.forest, self.data = Forest(data.parent, data.variance), data
        self.y, self.test = train.y, test.pairs
        self.merged = Merged(train.pairs, data.noise)
        self.prior = self.forest.distance(self.test)
        root = self.forest.root
        self.crossing = bool((root[train.pairs[:, 0]] != root[train.pairs[:, 1]]).any())
        unknowns = len(data.parent) if self.crossing else len(self.merged.pairs)
        if unknowns > MOST:
            what = "nodes" if self.crossing else "distinct comparisons"
            raise Incompatible(
                f"{unknowns} {what}: the exact posterior solves a dense system of that size; "
                f"wanted at most {MOST}, or path-distance"
            )
        self._kept: Ints | slice = slice(None)
        if data.noise == 0:
            self._kept = self.merged.without_cycles()
            repeats = len(train.pairs) - len(self._kept)
            if repeats:
                LOG.warning(
                    "noise 0: %d of %d comparisons repeat what others tell and are left out",
                    repeats,
                    len(train.pairs),
                )

    @cached_property
    def connected(self) -> Ints:
        """Positions of the test pairs whose difference has a finite variance."""
        if not self.crossing:
            return np.flatnonzero(np.isfinite(self.prior))
        labels = self._network[0]
        return np.flatnonzero(labels[self.test[:, 0]] == labels[self.test[:, 1]])

    @cached_property
    def variance(self) -> Floats:
        """Posterior variance of each test difference (t,); infinite where nothing connects it."""
        out, on = np.full(len(self.test), np.inf), self.connected
        if on.size < len(self.test):
            text = "%d of %d test pairs are connected by nothing: their distance is infinite"
            LOG.warning(text, len(self.test) - on.size, len(self.test))
        if on.size:
            out[on] = self._resistance(self.test[on]) if self.crossing else self._left(on)
        return out

    def rewards(self) -> Floats:
        """Posterior mean of the reward of every node (v,), each tree (component) up to a constant.

        It is the best linear prediction, whatever the law of the noise.
        """
        if self.crossing:
            return self._potentials()
        from scipy.linalg import solve_triangular

        y = self.merged.mean(self.y)[self._kept]
        half = solve_triangular(self._factor, y, lower=True, check_finite=False)
        weight = solve_triangular(self._factor, half, lower=True, trans=1, check_finite=False)
        return rewards_of(self.forest, self.merged.pairs[self._kept], weight)

    def gain(self) -> float:
        """Information of the margins about the rewards, (1/2) ln det(I + A K A^T / v), in nats.

        Raises `Incompatible` for comparisons across trees, whose prior variance is infinite.
        """
        if self.crossing:
            raise Incompatible(
                "comparisons across trees, whose prior variance is infinite; "
                "wanted comparisons within the trees"
            )
        if self.data.noise == 0:
            return math.inf
        diagonal = np.log(np.diag(self._factor)).sum()
        return float(diagonal - 0.5 * np.log(self.merged.noise).sum())

    @cached_property
    def _system(self) -> tuple[Floats, Floats]:
        finite = self.test[np.isfinite(self.prior)]
        return contrasts(self.forest, self.merged.pairs[self._kept], finite)

    @cached_property
    def _factor(self) -> Floats:
        from scipy.linalg import cholesky

        system = self._system[0]
        system.flat[:: len(system) + 1] += self.merged.noise[self._kept]
        factor: Floats = cholesky(system, lower=True, overwrite_a=True, check_finite=False)
        return factor

    def _left(self, on: Ints) -> Floats:
        """What the comparisons leave of the prior variance."""
        from scipy.linalg import solve_triangular

        told = solve_triangular(self._factor, self._system[1], lower=True, check_finite=False)
        # Rounding may leave less than nothing of it.
        left: Floats = np.maximum(self.prior[on] - (told**2).sum(0), 0.0)
        return left

    @cached_property
    def _network(self) -> tuple[Ints, Ints, Floats]:
        """Component of each node, and the Laplacian's grounded inverse with its positions."""
        from scipy.linalg import cho_factor, cho_solve
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        v, child = len(self.data.parent), np.flatnonzero(self.data.parent >= 0)
        edges = np.concatenate(
            [np.column_stack([self.data.parent[child], child]), self.merged.pairs]
        )
        length = np.concatenate([self.data.variance[child], self.merged.noise])
        one = np.arange(v)
        if self.data.noise == 0:  # what is compared without noise is one node
            a, b = self.merged.pairs.T
            one = connected_components(coo_array((np.ones(len(a)), (a, b)), (v, v)), False)[1]
            edges, length = one[edges[length > 0]], length[length > 0]
        a, b = edges.T
        size = int(one.max()) + 1
        labels = connected_components(coo_array((np.ones(len(a)), (a, b)), (size, size)), False)[1]
        laplacian = np.zeros((size, size))
        np.subtract.at(laplacian, (a, b), 1.0 / length)
        laplacian += laplacian.T
        laplacian.flat[:: size + 1] -= laplacian.sum(1)
        free = np.setdiff1d(np.arange(size), np.unique(labels, return_index=True)[1])
        inverse = np.zeros((size, size))
        if free.size:
            factor = cho_factor(laplacian[np.ix_(free, free)], lower=True)
            inverse[np.ix_(free, free)] = cho_solve(factor, np.eye(len(free)))
        return labels[one], one, inverse

    def _resistance(self, pairs: Ints) -> Floats:
        _, one, inverse = self._network
        a, b = one[pairs].T
        found: Floats = inverse[a, a] + inverse[b, b] - 2 * inverse[a, b]
        return np.maximum(found, 0.0)

    def _potentials(self) -> Floats:
        if self.data.noise == 0:
            raise Incompatible("comparisons across trees without noise; wanted noise above 0")
        current = np.zeros(len(self.data.parent))
        flow = self.merged.mean(self.y) / self.merged.noise
        np.add.at(current, self.merged.pairs[:, 0], flow)
        np.subtract.at(current, self.merged.pairs[:, 1], flow)
        found: Floats = self._network[2] @ current
        return found


def rewards_of(forest: Forest, pairs: Ints, weight: Floats) -> Floats:
    """K A^T w: the reward of every node (v,) from the weights of comparisons (m,)."""
    on = np.zeros(len(forest.parent))
    np.add.at(on, pairs[:, 0], weight)
    np.subtract.at(on, pairs[:, 1], weight)
    return forest.covariance_times(on)
