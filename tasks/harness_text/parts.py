"""Splits and label noise."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence

import numpy as np

from harness import Bools, Ints, Split, UsageError

LOG = logging.getLogger("harness.text")


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


def together(y: Ints, prints: Sequence[Hashable], share: float, rng: np.random.Generator) -> Split:
    """`stratified`, with units of equal ``prints`` on one side; a note counts the copies.

    Where a class would be left without a training text, its first text is moved there, with its
    copies.
    """
    first: dict[Hashable, int] = {}
    owner = np.array([first.setdefault(mark, row) for row, mark in enumerate(prints)], np.int64)
    lead = np.unique(owner)
    if len(lead) == len(y):
        return stratified(y, share, rng)
    LOG.warning(
        "%d of %d texts repeat another; equal texts are kept on one side of the split",
        len(y) - len(lead),
        len(y),
    )
    tested = np.zeros(len(y), bool)
    tested[lead[stratified(y[lead], share, rng).test]] = True
    for c in np.unique(y):
        member = np.flatnonzero(y == c)
        if tested[owner[member]].all():
            tested[owner[member[0]]] = False
    tested = tested[owner]
    return Split(np.flatnonzero(~tested), np.flatnonzero(tested))


def flipped(y: Ints, k: int, share: float, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Labels (n,) of k classes, some of them made wrong, and a mask (n,) of those.

    Each becomes one of the others, all equally likely, with the probability ``share``.
    """
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, k, size=len(y))) % k, y), wrong
