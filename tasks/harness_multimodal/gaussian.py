"""Two noisy readings of one normal number, with closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Modalities, stream
from harness_multimodal import settings
from harness_multimodal.parts import split, total


class GaussianModalities(settings.Gaussians):
    """X_m = Y + N_m with Y standard normal and N_m of variance s. The class is the sign of Y.

    I(X1;Y|X2) = ln[(1 + 2/s) / (1 + 1/s)] / 2, I(X1,X2;Y) = ln(1 + 2/s) / 2, and X1 and X2, whose
    correlation is 1 / (1 + s), share -ln(1 - 1/(1 + s)^2) / 2; Y is the target here.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per variance."""
        for s in self.noise:
            alone = 0.5 * math.log((1 + 2 / s) / (1 + 1 / s))
            shared = -0.5 * math.log(1 - 1 / (1 + s) ** 2)
            yield Case(
                id=f"noise-{s:g}",
                data=self._draw(s, seed),
                truth={
                    "conditional_mutual_information": alone,
                    "mutual_information": 0.5 * math.log(1 + 2 / s),
                    "contrastive_information": 2 * (alone + shared),
                },
                facts={"noise": s, "shared": shared, "n": self.n},
                stamp="",
            )

    def _draw(self, s: float, seed: int) -> Callable[[], Modalities]:
        def draw() -> Modalities:
            rng = stream(seed, "gaussian-modalities", repr(s))
            y, *noise = rng.normal(size=(3, total(self)))
            x1, x2 = (np.asarray(y + math.sqrt(s) * e)[:, None] for e in noise)
            signs = (y > 0).astype(np.int64)
            return Modalities(
                x1, x2, signs, ("below", "above"), target=np.asarray(y), split=split(self)
            )

        return draw
