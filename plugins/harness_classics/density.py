"""Entropy and mutual information from kernel densities that leave each point out, in nats.

::

    p_i = 1/(n - 1) sum_{j != i} N(x_i; x_j, h^2)          h(X) = -(1/n) sum_i ln p_i

A point that counted itself would add a term to every density and draw the best bandwidth to zero.
The bandwidth is the one under which the points are likeliest. Mutual information uses the bandwidth
of the joint density for all three entropies, so that their smoothing errors cancel in part; each
variable is whitened on its own, because a joint whitening would mix their axes.
B. Silverman, Density Estimation (1986), sections 3.4 and 4.3.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Ints, PairedSamples, Samples, threads_for
from harness_classics import kernel, prepare, settings, tree
from harness_classics.neighbours import SHARE
from harness_classics.prepare import Diagnostics
from harness_classics.uncertainty import measured

_TOLERANCE = 0.01
_LEAST, _GREATEST = 0.01, 2.0
"""Multiples of n^(-1/(d + 4)) that the search covers: that is the order of the best bandwidth of
data with unit variance."""
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class _Points:
    """Points ``(n, d)`` in a tree, with their leave-one-out densities under any bandwidth."""

    def __init__(self, x: Floats, where: str) -> None:
        self.n, self.d = x.shape
        self._tree: tuple[Floats, Ints, Floats, Floats] = tree.build(x)
        with threads_for(x.size, SHARE):
            self._near = tree.nearest(*self._tree, 1, tree.EUCLIDEAN)[:, 0]
        zero = self._near == 0.0
        self.notes = prepare.refuse_ties(np.zeros(self.n, bool), zero, where)

    def log_density(self, h: float) -> Floats:
        """ln p_i ``(n,)``."""
        with threads_for(10 * self.n, SHARE):  # an exp costs as ten coordinates
            sums: Floats = kernel.log_sums(*self._tree, self._near, h)
        sums -= math.log(self.n - 1) + self.d * math.log(h) + 0.5 * self.d * math.log(2.0 * math.pi)
        return sums

    def best_bandwidth(self) -> tuple[float, bool]:
        """The likeliest bandwidth, to 1 % (golden section in ln h), and whether it lies inside the
        range of the search.
        """
        rule = self.n ** (-1.0 / (self.d + 4))
        a, b = start, end = math.log(_LEAST * rule), math.log(_GREATEST * rule)
        left, right = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        at_left, at_right = self._likelihood(left), self._likelihood(right)
        while b - a > _TOLERANCE:
            if at_left > at_right:
                b, right, at_right = right, left, at_left
                left = b - _GOLDEN * (b - a)
                at_left = self._likelihood(left)
            else:
                a, left, at_left = left, right, at_right
                right = a + _GOLDEN * (b - a)
                at_right = self._likelihood(right)
        best = 0.5 * (a + b)
        return math.exp(best), start + _TOLERANCE < best < end - _TOLERANCE

    def _likelihood(self, log_h: float) -> float:
        return float(self.log_density(math.exp(log_h)).mean())


class _Kernel(settings.Kernel):
    def warm_up(self) -> None:
        """Compile the sums, or load them compiled, on a handful of points."""
        _Points(np.random.default_rng(0).normal(size=(64, 2)), "warm-up").log_density(0.5)

    def _choose(self, points: _Points) -> tuple[float, Diagnostics]:
        if self.bandwidth is not None:
            return self.bandwidth, {"bandwidth": self.bandwidth}
        h, inside = points.best_bandwidth()
        notes: Diagnostics = {"bandwidth": h}
        return h, notes if inside else notes | {"bandwidth_at_limit": True}


class KDE(_Kernel):
    """Leave-one-out kernel entropy of whitened ``Samples.x (n, d)``."""

    def estimate(self, data: Samples, *, rng: np.random.Generator | None = None) -> Estimate:
        """h(X) in nats, with -ln p_i and a standard error.

        Raises
        ------
        Incompatible : fewer than three samples, a singular covariance, or discrete data.
        DataError : constant data.
        """
        return measured(self.stderr, data.evaluated(), self._entropy)

    def _entropy(self, data: Samples) -> tuple[Floats, Diagnostics]:
        x = data.x
        prepare.enough(len(x), 2)
        white, volume = prepare.whitened(x, "Samples.x")
        points = _Points(white, "Samples.x")
        h, notes = self._choose(points)
        return volume - points.log_density(h), notes | points.notes


class KDE3H(_Kernel, settings.ThreeKernels):
    """Mutual information as three leave-one-out kernel entropies: ``x (n, dx)``, ``y (n, dy)``."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I(X;Y) in nats, with pointwise values and a standard error. Raises as `KDE.estimate`."""
        pair = data.evaluated()
        prepare.refuse_codes(pair, "xy", prepare.advice(pair))
        return measured(self.stderr, pair, self._information)

    def _information(self, pair: PairedSamples) -> tuple[Floats, Diagnostics]:
        prepare.enough(pair.n, 2)
        sides = [prepare.whitened(getattr(pair, side), f"PairedSamples.{side}")[0] for side in "xy"]
        joint = np.hstack(sides)
        prepare.whitened(joint, "PairedSamples.x and y")  # refuses a singular covariance
        both = _Points(joint, "PairedSamples.x and y")
        h, notes = self._choose(both)
        local = both.log_density(h)
        for name, white in zip("xy", sides, strict=True):
            points = _Points(white, f"PairedSamples.{name}")
            own, found = (h, {}) if self.shared else self._choose(points)
            local = local - points.log_density(own)
            notes |= {f"{key}_{name}": value for key, value in (found | points.notes).items()}
        return local, notes | both.notes
