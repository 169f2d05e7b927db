"""Pictures whose hidden parameters carry a known mutual information.

Phi turns two Gaussian vectors with the wanted information into uniform numbers, which are the
parameters of one picture each; a picture shows its parameters, so the pictures share exactly the
information of the vectors. Butakov et al., ICLR 2024, section on synthetic data.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

import numpy as np

from harness import Case, Floats, PairedSamples, Split, stream
from harness_vectors import gauss, settings
from harness_vectors.special import normal_cdf


class _Images(settings.Pictures):
    name: ClassVar[str]
    latent: ClassVar[int]

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per information, as flat pictures: ``n_train`` pairs for fitting compressors and
        ``n`` to measure.
        """
        informations, n = self.grid
        sizes = {"n": n, "width": self.width, "latent": self.latent}
        for information in informations:
            yield Case(
                id=f"{information:g}",
                data=partial(self._draw, information, n, seed),
                truth={"mutual_information": information},
                facts={"information": information, **sizes},
                stamp="",
            )

    def _draw(self, information: float, n: int, seed: int) -> PairedSamples:
        rng = stream(seed, self.name, f"{information:g}")
        both = self.n_train + n
        x, y = map(normal_cdf, gauss.pair(rng, both, self.latent, information))
        split = Split(np.arange(self.n_train), np.arange(self.n_train, both))
        return PairedSamples(self._paint(x), self._paint(y), split=split)

    def _paint(self, u: Floats) -> Floats:
        raise NotImplementedError


class GaussianImages(_Images):
    """A bright spot on the unit square with its centre at two uniform numbers:
    ``exp(-10 |(X, Y) - u|^2)``.
    """

    name = "gaussian-images"
    latent = 2

    def _paint(self, u: Floats) -> Floats:
        axis = np.linspace(0.0, 1.0, self.width)
        across, down = (np.exp(-10.0 * (axis - u[:, [i]]) ** 2) for i in range(2))
        return (down[:, :, None] * across[:, None, :]).reshape(len(u), -1)


class RectangleImages(_Images):
    """A rectangle with edges between the pixels: a pixel is the share of its area that is covered.

    Two uniform numbers give a side ``[a, b]`` of at least two pixels, ``m = 2 / width``::

        a = (1 - m)(1 - sqrt(1 - u1)),        b = a + m + u2 (1 - m - a)
    """

    name = "rectangle-images"
    latent = 4

    def _paint(self, u: Floats) -> Floats:
        across, down = self._covered(u[:, 0], u[:, 1]), self._covered(u[:, 2], u[:, 3])
        return (down[:, :, None] * across[:, None, :]).reshape(len(u), -1)

    def _covered(self, u1: Floats, u2: Floats) -> Floats:
        """Share of each pixel's side that the segment covers ``(n, width)``."""
        least = 2.0 / self.width
        start = (1.0 - least) * (1.0 - np.sqrt(1.0 - u1))
        end = start + least + u2 * (1.0 - least - start)
        pixel = np.arange(self.width)
        right = np.minimum(end[:, None] * self.width, pixel + 1)
        left = np.maximum(start[:, None] * self.width, pixel)
        share: Floats = np.clip(right - left, 0.0, 1.0)
        return share
