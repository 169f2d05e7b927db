"""Memory capacity: how many patterns with random labels a linear threshold unit can store.

E. Gardner, J. Phys. A 21, 257 (1988): in many dimensions alpha(kappa) = 1 / int_(-kappa)^inf Dt
(t + kappa)^2 patterns per dimension with margin kappa. T. Cover (1965): without a margin, 2 in any
number of dimensions, for patterns in general position.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Incompatible, Samples
from harness_token_semantics.settings import Capacity

ROUNDING = 1e-9


def gardner(margin: float) -> float:
    """Patterns per dimension in the limit of many: the integral is (1 + k^2) Phi(k) + k phi(k)."""
    below = 0.5 * math.erfc(-margin / math.sqrt(2))
    density: float = math.exp(-margin * margin / 2) / math.sqrt(2 * math.pi)
    return 1.0 / ((1 + margin * margin) * below + margin * density)


def margin(signed: Floats) -> float:
    """The largest margin of ``signed (p, d)``, patterns times labels: the distance of their convex
    hull from the origin; 0 where they cannot be separated.

    The nearest point of the hull is the residual of nonnegative least squares (C. Lawson, R.
    Hanson, Solving Least Squares Problems, chapter 23).
    """
    from scipy.optimize import nnls

    system = np.vstack([signed.T, np.ones(len(signed))])
    goal = np.append(np.zeros(signed.shape[1]), 1.0)
    weights, _ = nnls(system, goal)
    nearest = signed.T @ weights / weights.sum()
    length = float(np.sqrt(nearest @ nearest))
    if length <= ROUNDING:
        return 0.0
    return max(0.0, float((signed @ nearest).min()) / length)


class MemoryCapacity(Capacity):
    """Mean number of patterns that are stored, one by one in random order with random labels,
    until the first that cannot be; over the number of dimensions.
    """

    def estimate(self, data: Samples, *, rng: np.random.Generator) -> Estimate:
        """Patterns per dimension, with a standard error over trials; ``gardner`` in the diagnostics
        is the limit for normal patterns in many dimensions.

        Columns are z-scores; dimensions are their rank. Raises `Incompatible` for constant data,
        and where all of the patterns were stored.
        """
        x = data.evaluated().x
        scale = x.std(0)
        kept = scale > ROUNDING * np.abs(x).max(0)
        if not kept.any():
            raise Incompatible("the patterns are all equal; wants patterns that differ")
        patterns = (x[:, kept] - x[:, kept].mean(0)) / scale[kept]
        rank = int(np.linalg.matrix_rank(patterns))
        stored = [self._stored(patterns, rng) / rank for _ in range(self.trials)]
        error = float(np.std(stored, ddof=1) / math.sqrt(self.trials))
        notes = {"dimensions": rank, "gardner": gardner(self.margin)}
        return Estimate(float(np.mean(stored)), error, diagnostics=notes)

    def _stored(self, patterns: Floats, rng: np.random.Generator) -> int:
        n = len(patterns)
        order, labels = rng.permutation(n), rng.choice([-1.0, 1.0], size=n)
        low, high = 0, min(4, n)
        while self._fits(patterns[order[:high]] * labels[:high, None]):
            if high == n:
                raise Incompatible(f"all {n} patterns can be stored; wants more patterns")
            low, high = high, min(2 * high, n)
        while high - low > 1:
            middle = (low + high) // 2
            fits = self._fits(patterns[order[:middle]] * labels[:middle, None])
            low, high = (middle, high) if fits else (low, middle)
        return low

    def _fits(self, signed: Floats) -> bool:
        return margin(signed) > max(self.margin, ROUNDING)
