"""Splits and label noise."""

from __future__ import annotations

import numpy as np

from harness import Bools, Ints, Split, UsageError


def stratified(y: Ints, share: float, rng: np.random.Generator) -> Split:
    """A random split with ``share`` of each class, rounded, for testing.

    At least one text of each class is for training. Raises `UsageError` where no text is for
    testing.
    """
    test = []
    for c in np.unique(y):
        member = rng.permutation(np.flatnonzero(y == c))
        test.append(member[: min(round(share * len(member)), len(member) - 1)])
    chosen = np.sort(np.concatenate(test))
    if not chosen.size:
        raise UsageError(
            f"a test share of {share} of {len(y)} texts leaves no test text; "
            "wanted more texts or a larger share"
        )
    return Split(np.setdiff1d(np.arange(len(y)), chosen), chosen)


def flipped(y: Ints, k: int, share: float, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Labels (n,) of k classes, some of them made wrong, and a mask (n,) of those.

    Each becomes one of the others, all equally likely, with the probability ``share``.
    """
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, k, size=len(y))) % k, y), wrong
