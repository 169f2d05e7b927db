"""Gaussian laws of latent log odds, whose entropy and mutual information are integrals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness import Case, Floats, LatentPixels, stream
from harness_images import settings

LAWS = ((0.0, 0.0), (0.0, 1.0), (0.0, 1.693), (2.0, 1.0), (-1.0, 25.0))
"""Mean and variance, a case for each; the last one, ``mixed``, has draws of both."""


def entropies(mean: Floats, var: Floats, points: int = 4001) -> tuple[Floats, Floats]:
    """H[E p] and E H[p] of p = 1 / (1 + exp(-f)), f ~ N(mean, var), by the rule of trapezoids."""
    z = np.linspace(-9.0, 9.0, points)
    weights = np.exp(-0.5 * z**2)
    weights /= weights.sum()
    f = mean[:, None] + np.sqrt(var)[:, None] * z
    yes, no = np.exp(-np.logaddexp(0.0, -f)), np.exp(-np.logaddexp(0.0, f))
    each = yes * np.logaddexp(0.0, -f) + no * np.logaddexp(0.0, f)
    p, q = yes @ weights, no @ weights
    return -p * np.log(p) - q * np.log(q), each @ weights


class LatentLaws(settings.Laws):
    """Pixels with known laws of their latent numbers, and labels drawn from them."""

    def cases(self, *, seed: int) -> Iterator[Case]:
        """A case for each law, and one with many."""
        for mean, var in LAWS:
            name = f"mean{mean:g}-var{var:g}"
            yield self._case(name, np.full(self.n, mean), np.full(self.n, var), seed)
        rng = stream(seed, "latent-laws", "mixed laws")
        yield self._case("mixed", 3.0 * rng.normal(size=self.n), rng.exponential(2.0, self.n), seed)

    def _case(self, name: str, mean: Floats, var: Floats, seed: int) -> Case:
        rng = stream(seed, "latent-laws", name)
        latent = mean + np.sqrt(var) * rng.normal(size=self.n)
        label = (rng.random(self.n) < 1.0 / (1.0 + np.exp(-latent))).astype(np.int64)
        marginal, conditional = entropies(mean, var)
        truth = {
            "predictive_entropy": float(marginal.mean()),
            "bald": max(0.0, float((marginal - conditional).mean())),
        }
        return Case(name, LatentPixels(mean, var, label), truth=truth)
