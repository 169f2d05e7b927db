"""Handwritten digits of scikit-learn, cut into halves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Modalities, Split, stream
from harness_multimodal import settings

WIDTH = 8


class DigitHalves(settings.Halves):
    """The first modality is the left half of each of 1,797 pictures, the second the right half with
    normal noise. Ink is 0 to 1. A random 3/5 trains, 1/5 each validates and tests.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per standard deviation of the noise; all have the same parts."""
        for noise in self.noise:
            yield Case(
                id=f"noise-{noise:g}",
                data=self._draw(noise, seed),
                facts={"noise": noise},
                stamp="",
            )

    def _draw(self, noise: float, seed: int) -> Callable[[], Modalities]:
        def draw() -> Modalities:
            from sklearn.datasets import load_digits

            pictures, labels = load_digits(return_X_y=True)
            ink = pictures.reshape(-1, WIDTH, WIDTH) / 16.0
            n = len(ink)
            left, right = (
                half.reshape(n, -1) for half in (ink[..., : WIDTH // 2], ink[..., WIDTH // 2 :])
            )
            right = right + noise * stream(seed, "digit-halves", "noise").normal(size=right.shape)
            order = stream(seed, "digit-halves", "parts").permutation(n)
            a, b = 3 * n // 5, 4 * n // 5
            return Modalities(
                left,
                right,
                labels.astype(np.int64),
                tuple(str(c) for c in range(10)),
                split=Split(order[:a], order[b:], order[a:b]),
            )

        return draw
