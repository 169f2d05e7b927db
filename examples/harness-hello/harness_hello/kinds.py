"""A kind of our own: nothing registers it, being a subclass of `Kind` is enough."""

from __future__ import annotations

from typing import Self

import numpy as np

from harness import DataError, Ints, Kind, array


class SpinChains(Kind):
    """n chains of ``length`` spins, each -1 or 1: ``spins (n, length)``."""

    spins: Ints = array("n length", np.int64)

    def check(self) -> None:
        """Refuse what is no spin, and chains without a neighbour."""
        wrong = np.argwhere(np.abs(self.spins) != 1)
        if wrong.size:
            row, column = wrong[0]
            raise DataError(
                "SpinChains.spins", f"the value {self.spins[row, column]}", "-1 or 1", int(row)
            )
        if self.spins.shape[1] < 2:
            raise DataError("SpinChains.spins", "chains of one spin", "at least two")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Random chains of eight spins: the conformance suite tries plugins on them."""
        return cls(rng.choice([-1, 1], size=(n, 8)))
