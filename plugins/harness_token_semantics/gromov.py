"""Gromov-Wasserstein distance: how far two sets of vectors are from being the same shape.

F. Memoli, Found. Comput. Math. 11, 417 (2011), without his factor of a half: GW^2 = min over
couplings pi of sum (|x_i - x_k| - |y_j - y_l|)^2 pi_ij pi_kl. With equal weights and Euclidean
distances the objective is concave, so that permutations are enough.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, PairedSamples
from harness_token_semantics.settings import Coupling

FEW = 8
"""Up to so many vectors all permutations are tried."""


def distances(x: Floats) -> Floats:
    """Euclidean distances ``(n, n)`` between the rows of ``x (n, d)``."""
    centred = x - x.mean(0)
    norms = (centred**2).sum(1)
    squares = norms[:, None] + norms - 2 * centred @ centred.T
    near = squares <= 1e-6 * norms.max()  # the difference of large numbers says little here
    for i, j in np.argwhere(near):
        squares[i, j] = ((x[i] - x[j]) ** 2).sum()
    return np.asarray(np.sqrt(squares))


def stress(one: Floats, two: Floats, to: Ints) -> float:
    """Root mean square of one less two ``(n, n)`` when i is matched with ``to[i]``."""
    return float(np.sqrt(((one - two[np.ix_(to, to)]) ** 2).mean()))


def lower_bound(one: Floats, two: Floats) -> float:
    """Memoli's first bound: how far apart the root mean square distances to all others are."""
    far = [np.sort(np.sqrt((d**2).mean(1))) for d in (one, two)]
    return float(np.sqrt(((far[0] - far[1]) ** 2).mean()))


def descend(one: Floats, two: Floats, to: Ints) -> Ints:
    """Frank-Wolfe steps from a permutation to one that no linear step improves."""
    from scipy.optimize import linear_sum_assignment

    best = stress(one, two, to)
    while True:
        following = linear_sum_assignment(one @ two[to], maximize=True)[1]
        found = stress(one, two, following)
        if not found < best:
            return to
        to, best = following, found


class GromovWasserstein(Coupling):
    """The distance of x and y as shapes; their order is only one of the places to start from."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """The least stress that was found; exact for few vectors, else an upper bound.

        The diagnostics hold the ``stress`` of the pairs as they are, and Memoli's ``lower_bound``.
        Raises `Incompatible` for fewer than two vectors.
        """
        part = data.evaluated()
        if part.n < 2:
            raise Incompatible("one vector; wants at least 2")
        chosen = (
            np.arange(part.n)
            if part.n <= self.most
            else np.sort(rng.choice(part.n, self.most, replace=False))
        )
        one, two = distances(part.x[chosen]), distances(part.y[chosen])
        n = len(chosen)
        notes = {
            "vectors": n,
            "stress": stress(one, two, np.arange(n)),
            "lower_bound": lower_bound(one, two),
            "exact": n <= FEW,
        }
        if n <= FEW:
            every = (np.array(to) for to in itertools.permutations(range(n)))
            return Estimate(min(stress(one, two, to) for to in every), diagnostics=notes)
        outward = np.empty(n, np.int64)
        outward[np.argsort(one.mean(1), kind="stable")] = np.argsort(two.mean(1), kind="stable")
        starts = [np.arange(n), outward, *(rng.permutation(n) for _ in range(self.starts))]
        found = math.inf
        for to in starts:
            found = min(found, stress(one, two, descend(one, two, to)))
        return Estimate(found, diagnostics=notes)
