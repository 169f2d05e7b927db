"""Whose modality a unit is given in place of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness import Bools, Floats, Incompatible, Ints, Modalities
from harness_mcr import settings

ROWS = 512
"""Units whose distances to all others are held at a time."""


def drawn(
    how: settings.Donors, rest: Floats, y: Ints, count: int, rng: np.random.Generator
) -> Ints:
    """Donors ``(n, count)`` of each unit, as positions among the n.

    Parameters
    ----------
    rest (n, d) : the other modalities, scaled; read by the scheme ``neighbours`` alone.
    y (n,) : classes; read by the scheme ``class`` alone.

    A permutation leaves one unit in place on average (Kontras et al. 2025); ``derange`` none. The
    donors of a unit are uniform: over all units, all others, its class, or the nearest others.

    Raises `Incompatible` for fewer than two units.
    """
    n = len(y)
    if n < 2:
        raise Incompatible(f"{n} unit; a donor is another one, so wants two or more")
    if how.scheme == "neighbours":
        near = _nearest(rest, min(how.near, n - 1), rng)
        return np.take_along_axis(near, rng.integers(near.shape[1], size=(n, count)), axis=1)
    found = np.empty((n, count), np.int64)
    for k in range(count):
        found[:, k] = _permutation(how.scheme, y, rng)
    return found


def _permutation(scheme: str, y: Ints, rng: np.random.Generator) -> Ints:
    n = len(y)
    if scheme == "permute":
        return rng.permutation(n)
    found = np.empty(n, np.int64)
    order = rng.permutation(n)
    if scheme == "derange":
        found[order] = np.roll(order, int(rng.integers(1, n)))
    else:
        found[np.argsort(y, kind="stable")] = order[np.argsort(y[order], kind="stable")]
    return found


def _nearest(rest: Floats, near: int, rng: np.random.Generator) -> Ints:
    """The nearest others ``(n, near)``; which of those equally near is left to chance."""
    n = len(rest)
    shuffle = rng.permutation(n)
    others = rest[shuffle]
    found = np.empty((n, near), np.int64)
    squares = (others**2).sum(1)
    for start in range(0, n, ROWS):
        rows = rest[start : start + ROWS]
        distance = squares - 2 * rows @ others.T
        distance[shuffle == np.arange(start, start + len(rows))[:, None]] = np.inf
        closest = np.argsort(np.round(distance, 9), axis=1, kind="stable")[:, :near]
        found[start : start + len(rows)] = shuffle[closest]
    return found


def cells(data: Modalities) -> tuple[Ints, Ints] | None:
    """A code for each value of the first modality and of the second, where both are discrete."""
    if data.x3 is not None or {data.x1_kind, data.x2_kind} != {"discrete"}:
        return None
    one, two = (np.unique(x, axis=0, return_inverse=True)[1].ravel() for x in (data.x1, data.x2))
    return one, two


def exchanged(one: Ints, two: Ints, donors: Ints) -> Iterator[tuple[Ints, Ints]]:
    """For each modality, the codes of both ``(n, k)`` once it is the donor's ``(n, m, k)``."""
    own_one, own_two = (np.broadcast_to(c[:, None], donors[:, 0].shape) for c in (one, two))
    yield one[donors[:, 0]], own_two
    yield own_one, two[donors[:, 1]]


def off_support(data: Modalities, units: Ints, donors: Ints) -> Bools | None:
    """Which exchanged pairs ``(n, m, k)`` occur nowhere in the data; None for what has no cells."""
    codes = cells(data)
    if codes is None:
        return None
    one, two = codes
    seen = np.zeros((one.max() + 1, two.max() + 1), bool)
    seen[one, two] = True
    pairs = exchanged(one[units], two[units], donors)
    return np.stack([~seen[a, b] for a, b in pairs], axis=1)
