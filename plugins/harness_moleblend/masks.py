"""Which relation of each pair is shown: the selector S of the paper, and the patterns around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Bools, Ints, UsageError
from harness_moleblend import settings

SLACK = 1e-6
HOPS, BOND, DISTANCE = range(3)
TRAINED = 6
"""Ways in which `mixed` shows relations."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown of p pairs from i to j, and from j to i: ``(p, 2)`` for each relation."""

    hops: Bools
    bonds: Bools
    distance: Bools

    @property
    def flat(self) -> Bools:
        """Whether anything of the graph is shown."""
        return self.hops | self.bonds

    def tells(self, modality: int) -> Bools:
        """Whether a modality (0 hops, 1 distance) is shown, ``(p, 2)``."""
        return self.distance if modality else self.flat

    def key(self) -> bytes:
        """The same for equal masks alone."""
        return b"".join(part.tobytes() for part in (self.hops, self.bonds, self.distance))

    def only(self, flat: Bools | bool, space: Bools | bool) -> Shown:
        """The same where ``flat`` relations, or those in ``space``, may be shown at all."""
        return Shown(self.hops & flat, self.bonds & flat, self.distance & space)

    @classmethod
    def every(cls, pairs: int, flat: bool, space: bool) -> Shown:
        """All relations of one sort, or of both."""
        full = np.ones((pairs, 2), bool)
        return cls(full & flat, full & flat, full & space)


def check(p: tuple[float, ...]) -> tuple[float, float, float]:
    """Three probabilities. Raises `UsageError` for any other number of them, or another sum."""
    if len(p) != 3 or min(p) < 0 or abs(sum(p) - 1) > SLACK:
        raise UsageError(
            f"p={p}, whose sum is {sum(p):g}; wanted three probabilities that sum to 1, such as "
            "0.2,0.2,0.6: of showing hops, bond, distance"
        )
    a, b, c = p
    return a, b, c


def drawn(
    pairs: int, how: settings.Blending, rng: np.random.Generator, prescribed: Ints | None = None
) -> Shown:
    """One relation of each pair: drawn with ``p``, or as prescribed (0 hops, 1 distance).

    Both directions of a pair alike, unless ``mirrored`` is false.
    """
    p = check(how.p)
    if prescribed is not None:
        chosen = np.where(prescribed == 1, DISTANCE, HOPS)[:, None].repeat(2, axis=1)
    else:
        chosen = np.searchsorted(np.cumsum(p)[:2] / sum(p), rng.random((pairs, 2)), side="right")
        if how.mirrored:
            chosen[:, 1] = chosen[:, 0]
    return Shown(chosen == HOPS, chosen == BOND, chosen == DISTANCE)


def patterned(shown: Shown, modality: int, pattern: str) -> Shown:
    """What is left of a blend for a pattern, when a modality (0 hops, 1 distance) is predicted.

    ``both`` is the blend; ``own`` shows only the modality that is predicted, where the blend shows
    it; ``other`` only the other one, there; ``all`` the other one of every pair; ``none`` nothing.
    """
    n = len(shown.hops)
    if pattern == "all":
        return Shown.every(n, flat=modality == 1, space=modality == 0)
    flat = pattern == "both" or pattern == ("own", "other")[modality]
    space = pattern == "both" or pattern == ("other", "own")[modality]
    return shown.only(flat, space)


def mixed(blend: Shown, role: Ints) -> Shown:
    """What training shows, by the role ``(p,)`` of the molecule: the blend, all of the graph, all
    distances, what the blend shows of the graph, what it shows of distances, nothing.
    """
    column = role[:, None]
    partly = {name: np.isin(column, roles) for name, roles in (("2d", (0, 3)), ("3d", (0, 4)))}
    return Shown(
        (blend.hops & partly["2d"]) | (column == 1),
        (blend.bonds & partly["2d"]) | (column == 1),
        (blend.distance & partly["3d"]) | (column == 2),
    )
