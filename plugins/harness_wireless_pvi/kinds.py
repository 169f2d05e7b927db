"""A kind of this plugin."""

from __future__ import annotations

import numpy as np

from harness import LabelledText, Split, array
from harness_wireless_pvi.arrays import Bools, Floats


class GuidedText(LabelledText):
    """Labelled texts with the held-out PVI of the training texts.

    Attributes
    ----------
    pvi (n,)    nats, by predictors that did not see the text; 0 where it was not scored
    rated (n,)  whether it was scored: the training part
    """

    pvi: Floats = array("n", optional=True)
    rated: Bools = array("n", np.bool_, optional=True)

    @classmethod
    def example(cls, rng: np.random.Generator) -> GuidedText:
        """Small valid data: the conformance suite tries plugins on them."""
        n = 60
        y = rng.permutation(np.arange(n) % 2)
        texts = tuple(f"{['up', 'down'][c]} it goes {i}" for i, c in enumerate(y))
        rated = np.arange(n) < 40
        split = Split(np.flatnonzero(rated), np.flatnonzero(~rated))
        return cls(
            texts,
            y,
            ("up", "down"),
            pvi=np.where(rated, rng.normal(0.4, 0.3, n), 0.0),
            rated=rated,
            split=split,
        )
