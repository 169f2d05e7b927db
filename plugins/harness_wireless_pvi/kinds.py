"""The kinds of this plugin."""

from __future__ import annotations

from typing import Self

import numpy as np

from harness import Bools, Floats, Kind, LabelledText, Split, array, strings


class GuidedText(LabelledText):
    """Labelled texts with the held-out PVI of the training texts.

    Attributes
    ----------
    pvi (n,)    nats, by predictors that did not see the text; 0 where it was not scored
    rated (n,)  whether it was scored: the training part
    """

    pvi: Floats = array("n", default=None)
    rated: Bools = array("n", np.bool_, default=None)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 60) -> Self:
        """Two classes with a word each; two thirds of the texts are for training, and rated."""
        y = rng.permutation(np.arange(n) % 2)
        texts = tuple(f"{['up', 'down'][c]} it goes {i}" for i, c in enumerate(y))
        rated = np.arange(n) < 2 * n // 3
        split = Split(np.flatnonzero(rated), np.flatnonzero(~rated))
        pvi = np.where(rated, rng.normal(0.4, 0.3, n), 0.0)
        return cls(texts, y, ("up", "down"), pvi=pvi, rated=rated, split=split)


class GeneratedText(Kind):
    """What was written for n texts, perhaps nothing, and what was wanted.

    ``written (n)``, ``references (n)``.
    """

    written: tuple[str, ...] = strings("n")
    references: tuple[str, ...] = strings("n")
    groups: tuple[str, ...] | None = strings("n", default=None)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Numbers, about half of them right."""
        wanted = rng.integers(10, 99, size=n)
        written, groups = wanted + rng.integers(0, 2, size=n), tuple("ab"[i % 2] for i in range(n))
        said, right = (tuple(f"It is {a}." for a in numbers) for numbers in (written, wanted))
        return cls(said, right, groups)
