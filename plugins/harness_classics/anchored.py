"""Nearest neighbours anchored at a copula, in nats.

A fitted Student copula knows its own information in any dimension and is wrong about other shapes;
neighbours know every shape and are too low in many dimensions. So neighbours measure only what the
copula leaves, as the difference between the data and draws from the fitted copula, where their
bias is nearly the same::

    I(n) = I of the copula + ksg(scores of the data) - mean of ksg(scores of draws)
    I    = I(n) + [I(n) - I(n / 2)]

all at the normal scores of the ranks. This is a control variate, or one step of indirect inference
(Gourieroux, Monfort, Renault, J. Appl. Econometrics 8, 1993). The second line is Richardson's
extrapolation of a bias of order 1/n; what it adds, the trend, says how far the bias has not
vanished, and widens the interval.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Ints, PairedSamples
from harness_classics import ksg, neighbours, settings
from harness_classics.copula import Ranked, normal_scores
from harness_classics.prepare import Diagnostics
from harness_classics.uncertainty import dealt, with_error

ALLOWANCE = 3.0
"""Standard deviations of the bias that a trend of one nat stands for: see the plugin's page for the
shapes that it was chosen on."""


class AnchoredKSG(neighbours.Compiled, settings.Anchored):
    """Mutual information of ``x (n, dx)`` and ``y (n, dy)``, both continuous."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """I in nats. Its standard error is the root of the squares of that of repetitions
        (``sampling`` in the diagnostics) and of the bias allowed for (``allowance``).

        Raises as `copula.Ranked.of`, and `Incompatible` where the correlations are singular or a
        half has no more than k samples.
        """
        # One seed for the data and for all subsamples: their draws differ as their copulas do.
        seed = int(rng.integers(2**63))
        found = with_error(
            self.stderr, data.evaluated(), lambda pair: self._information(pair, seed)
        )
        notes = dict(found.diagnostics)
        notes["allowance"] = allowance = ALLOWANCE * abs(float(notes["trend"]))
        if found.stderr is None:
            return Estimate(found.value, None, diagnostics=notes)
        notes["sampling"] = found.stderr
        return Estimate(found.value, math.hypot(found.stderr, allowance), diagnostics=notes)

    def _information(self, pair: PairedSamples, seed: int) -> tuple[float, Diagnostics]:
        ranked, rng = Ranked.of(pair), np.random.default_rng(seed)
        dx = ranked.x.shape[1]
        fitted = ranked.student().without_excess(dx, pair.n)
        own = self._measured(normal_scores(ranked.x), normal_scores(ranked.y), dealt(pair, 2))
        draws = []
        for _ in range(self.draws):
            drawn = fitted.draw(rng, pair.n)
            theirs = Ranked.of(PairedSamples(drawn[:, :dx], drawn[:, dx:]))
            halves = np.array_split(np.arange(pair.n), 2)
            draws.append(self._measured(normal_scores(theirs.x), normal_scores(theirs.y), halves))
        left, left_in_halves = own - np.mean(draws, 0)
        anchor, trend = fitted.information(dx), float(left - left_in_halves)
        notes: Diagnostics = {
            "copula": anchor,
            "degrees_of_freedom": fitted.dof,
            "beyond_copula": float(left),
            "trend": trend,
        }
        return anchor + float(left) + trend, ranked.notes | notes

    def _measured(self, x: Floats, y: Floats, halves: list[Ints]) -> Floats:
        """``ksg`` of all points, and its mean over the halves."""
        near = ksg.KSG(k=self.k, stderr="none")
        whole = near.estimate(PairedSamples(x, y)).value
        parts = [near.estimate(PairedSamples(x[half], y[half])).value for half in halves]
        return np.array([whole, np.mean(parts)])
