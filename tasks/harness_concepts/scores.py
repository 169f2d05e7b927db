"""What the tasks on categories share: truth, facts, split, and the score of a curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from harness import Case, ConceptItems, Curve, Ints, Split, stream

RATE, SHARE = "rate, nats", "distortion, share of the variance"
"""The axes of the curve that is scored."""


def complexity(y: Ints) -> float:
    """I(X;C) in nats of uniform items and their categories: the entropy of the sizes."""
    p = np.unique(y, return_counts=True)[1] / len(y)
    return float(-(p * np.log(p)).sum())


def stratified(y: Ints, rng: np.random.Generator) -> Split:
    """Of every category about a fifth to validate, a fifth to test, and at least one to train."""
    train, valid, test = [], [], []
    for category in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == category))
        fifth = min(max(1, round(len(rows) / 5)), (len(rows) - 1) // 2)
        test.append(rows[:fifth])
        valid.append(rows[fifth : 2 * fifth])
        train.append(rows[2 * fifth :])
    return Split(*(np.sort(np.concatenate(part)) for part in (train, test, valid)))


class Categories:
    """Base of the tasks: how a case is made, and how a curve is scored."""

    task: ClassVar[str]

    def case(
        self,
        name: str,
        y: Ints,
        load: Callable[[Split], ConceptItems],
        facts: dict[str, str | int | float],
        *,
        seed: int,
        stamp: str,
    ) -> Case:
        """The case of items whose categories are known beforehand."""
        rate = complexity(y)
        split = stratified(y, stream(seed, self.task, name, "split"))
        about = {"categories": len(np.unique(y)), "items": len(y), "ceiling": rate}
        return Case(
            name,
            lambda: load(split),
            truth={"concept_complexity": rate},
            facts={**facts, **about},
            stamp=stamp,
        )

    def score(self, case: Case, output: Curve) -> dict[str, float]:
        """Of a rate-distortion curve the distortion at the rate of the categories.

        Of other curves the position of their lowest point. A rate-distortion curve that does not
        reach the rate has no score.
        """
        if (output.name_x, output.name_y) != (SHARE, RATE):
            return {"lowest_at": float(output.x[output.y.argmin()])}
        rate = case.truth["concept_complexity"]
        if not output.y.min() <= rate <= output.y.max():
            return {}
        return {"least_distortion": float(np.interp(rate, output.y[::-1], output.x[::-1]))}
