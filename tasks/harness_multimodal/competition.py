"""A modality that is learnt quickly and tells little beside one that is learnt slowly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Modalities, stream
from harness_multimodal import settings
from harness_multimodal.information import truths
from harness_multimodal.parts import split, total

NODES = 20_001
"""Points at which the density of the first modality is summed, over 10 standard deviations."""


class ModalityCompetition(settings.Competition):
    """Two classes s = -1, 1. The quick modality is a number about ``shift`` s among ``noise``
    columns of noise. The slow one is pairs of normal numbers whose product has the sign s with
    probability ``truth``, so that no single number tells anything and networks need many steps.

    Joint training lets the quick one, and what it learns by heart, lower the loss first. The number
    of products of positive sign is sufficient, so that truths are sums over a fine grid and a
    binomial.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per modality that stands first, with the accuracy of the best predictors of
        both together, of the first and of the second.
        """
        grid = np.linspace(-10 - self.shift, 10 + self.shift, NODES)
        quick = np.stack([np.exp(-0.5 * (grid - s * self.shift) ** 2) for s in (-1, 1)])
        quick /= quick.sum(1, keepdims=True)
        votes = np.arange(self.pairs + 1)
        ways = np.array([math.comb(self.pairs, int(v)) for v in votes])
        right = ways * self.truth**votes * (1 - self.truth) ** (self.pairs - votes)
        slow = np.stack([right[::-1], right])
        table = 0.5 * np.einsum("ya,yb->aby", quick, slow)
        for ask in self.asks:
            placed = table if ask == "quick" else table.transpose(1, 0, 2)
            yield Case(
                id=f"{ask}-first",
                data=self._draw(ask, seed),
                truth=truths(placed),
                facts={
                    "first": ask,
                    "best_accuracy": float(placed.max(2).sum()),
                    "best_of_first": float(placed.sum(1).max(1).sum()),
                    "best_of_second": float(placed.sum(0).max(1).sum()),
                    "n": self.n,
                },
                stamp="",
            )

    def _draw(self, ask: str, seed: int) -> Callable[[], Modalities]:
        def draw() -> Modalities:
            rng = stream(seed, "modality-competition")
            n = total(self)
            y = rng.integers(2, size=n)
            y[:2] = 0, 1  # both classes are in the training part
            sign = 2 * y - 1
            quick = rng.normal(size=(n, 1 + self.noise))
            quick[:, 0] += self.shift * sign
            left, right = rng.normal(size=(2, n, self.pairs))
            wanted = sign[:, None] * np.where(rng.random((n, self.pairs)) < self.truth, 1, -1)
            slow = np.hstack([left, np.abs(right) * np.sign(left) * wanted])
            x1, x2 = (quick, slow) if ask == "quick" else (slow, quick)
            return Modalities(x1, x2, y, ("minus", "plus"), split=split(self))

        return draw
