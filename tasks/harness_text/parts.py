"""Splits and label noise."""

from __future__ import annotations

import numpy as np

from harness import Bools, Ints, Split, UsageError


def stratified(y: Ints, share: float, rng: np.random.Generator) -> Split:
    """A random split with ``share`` of each class (rounded) for testing, and one text of each class left for training.

    Raises `UsageError` where a part would be empty.
    """
    test = []
    for c in np.unique(y):
        member = rng.permutation(np.flatnonzero(y == c))
        test.append(member[: min(round(share * len(member)), len(member) - 1)])
    chosen = np.sort(np.concatenate(test))
    if not chosen.size:
        raise UsageError(
            f"a test share of {share} of {len(y)} texts is none; wanted more texts or a larger share"
        )
    return Split(np.setdiff1d(np.arange(len(y)), chosen), chosen)


def flipped(y: Ints, k: int, share: float, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Labels of which each became another one, all equally likely, with the chance ``share``; and which did."""
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, k, size=len(y))) % k, y), wrong
