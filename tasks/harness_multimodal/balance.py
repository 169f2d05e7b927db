"""The generator of Kontras et al. (2025): some units tell their class in one modality alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Floats, Modalities, UsageError, stream
from harness_multimodal import settings
from harness_multimodal.parts import split, total

DRAWS = 50_000
"""Units from which truths are averaged; their standard error is about 0.002 nats."""


class ModalityBalance(settings.Balance):
    """The class Y is uniform. Behind each modality are normal numbers N_m; X_m is a fixed random
    transform of N_m + v_Y where the unit carries its class in m, and of N_m elsewhere.

    Units carry it in both (share S), in the first (U1) or in the second alone (U2). The paper does
    not state the class vectors v (here orthogonal, of length ``strength``), the transform (here
    uniform numbers from 0 to 1, as in the authors' code, which lose nothing where ``width`` is at
    least ``latent``) and the sizes. Truths are means over draws of the exact posteriors.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per ratio U1/S, with the accuracy of the best predictor among its facts.

        Raises `UsageError` for fewer numbers behind a modality than classes.
        """
        if self.latent < self.classes:
            raise UsageError(
                f"modality-balance.latent: {self.latent}; wanted {self.classes} or more, as many "
                "as there are classes"
            )
        for ratio in self.ratios:
            both = (1 - self.second) / (1 + ratio)
            shares = (both, ratio * both, self.second)
            truth, best = _truths(shares, self.classes, self.strength)
            yield Case(
                id=f"ratio-{ratio:g}",
                data=self._draw(ratio, shares, seed),
                truth=truth,
                facts={"ratio": ratio, "best_accuracy": best, "n": self.n},
                stamp="",
            )

    def _draw(self, ratio: float, shares: tuple[float, ...], seed: int) -> Callable[[], Modalities]:
        def draw() -> Modalities:
            rng = stream(seed, "modality-balance", repr(ratio))
            n = total(self)
            y = rng.integers(self.classes, size=n)
            y[: self.classes] = np.arange(self.classes)  # every class is in the training part
            carries = CARRIES[rng.choice(3, size=n, p=shares)]
            views = []
            for m in range(2):
                directions = np.linalg.qr(rng.normal(size=(self.latent, self.classes)))[0].T
                behind = rng.normal(size=(n, self.latent))
                behind += self.strength * directions[y] * carries[:, m : m + 1]
                views.append(behind @ rng.random((self.latent, self.width)))
            names = tuple(str(c) for c in range(self.classes))
            return Modalities(views[0], self.scale * views[1], y, names, split=split(self))

        return draw


CARRIES = np.array([[1, 1], [1, 0], [0, 1]])
"""Which modalities carry the class, for units of the three sorts."""


@functools.lru_cache(maxsize=32)
def _truths(
    shares: tuple[float, ...], classes: int, strength: float
) -> tuple[dict[str, float], float]:
    """Information by quantity, and the accuracy of the best predictor.

    Only the components of N_m + v_Y along the class vectors matter: in them, a class multiplies the
    density by exp(strength * component - strength^2 / 2).
    """
    rng = stream(0, "modality-balance truths", repr((shares, classes, strength)))
    y = rng.integers(classes, size=DRAWS)
    carries = CARRIES[rng.choice(3, size=DRAWS, p=shares)]
    ratios = []
    for m in range(2):
        along = rng.normal(size=(DRAWS, classes))
        along[np.arange(DRAWS), y] += strength * carries[:, m]
        ratios.append(np.exp(strength * along - strength**2 / 2))
    one, two = ratios
    both, first, second = shares
    left = _left(both * one * two + first * one + second * two)
    left_one = _left((both + first) * one + second)
    left_two = _left((both + second) * two + first)
    # p(x1, x2) over p(x1) p(x2): what the modalities share.
    joint = both * (one * two).mean(1) + first * one.mean(1) + second * two.mean(1)
    apart = ((both + first) * one.mean(1) + second) * ((both + second) * two.mean(1) + first)
    shared = float(np.log(joint / apart).mean())
    posterior = both * one * two + first * one + second * two
    best = float((posterior.max(1) / posterior.sum(1)).mean())
    truth = {
        "conditional_mutual_information": left_two - left,
        "mutual_information": float(np.log(classes)) - left,
        "contrastive_information": left_one + left_two - 2 * left + 2 * shared,
    }
    return truth, best


def _left(weights: Floats) -> float:
    """Mean entropy of the class given weights ``(draws, classes)``, in nats."""
    p = weights / weights.sum(1, keepdims=True)
    return float(-(p * np.log(np.maximum(p, 1e-300))).sum(1).mean())
