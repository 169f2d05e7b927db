"""Data of this plugin alone: what fused predictors say, and with modalities of other units."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from harness import Bools, DataError, Floats, Ints, Kind, array

SLACK = 1e-6
"""How far the sum of probabilities may be from 1."""


class FusedPredictions(Kind):
    """What a predictor of the class says of n units, and says where one modality is another unit's.

    Log-probabilities are in nats.

    Attributes
    ----------
    clean (n, c)            given all modalities of the unit
    permuted (n, m, k, c)   given modality m of the k-th donor, and the unit's other modalities
    donors (n, m, k)        the position of each donor among these units; -1 for one that is not
                            among them, as after `take` of some
    y (n,)                  the class
    scheme                  how donors were drawn
    off_support (n, m, k)   whether such a pair never occurs, where that is known
    alone (n, m, c)         given modality m alone, where there is such a predictor
    """

    judged: ClassVar[tuple[str, ...]] = ("y",)

    clean: Floats = array("n c")
    permuted: Floats = array("n m k c")
    donors: Ints = array("n m k", np.int64)
    y: Ints = array("n", np.int64)
    scheme: str
    off_support: Bools | None = array("n m k", np.bool_, default=None)
    alone: Floats | None = array("n m c", default=None)

    def check(self) -> None:
        """Refuse what are no logarithms of probabilities, and labels without a column."""
        for name in ("clean", "permuted", "alone"):
            table, where = getattr(self, name), f"FusedPredictions.{name}"
            if table is None:
                continue
            off = np.abs(np.exp(table).sum(axis=-1) - 1.0) > SLACK
            if off.any():
                row = int(np.argwhere(off)[0][0])
                total = np.exp(table).sum(axis=-1)[off].flat[0]
                raise DataError(where, f"probabilities that sum to {total:.6g}", "a sum of 1", row)
        outside = np.flatnonzero((self.y < 0) | (self.y >= self.clean.shape[1]))
        if outside.size:
            row = int(outside[0])
            wanted = f"0 to {self.clean.shape[1] - 1}, a column of clean"
            raise DataError("FusedPredictions.y", f"label {self.y[row]}", wanted, row)
        beyond = np.argwhere((self.donors < -1) | (self.donors >= self.n))
        if beyond.size:
            found = f"position {self.donors[tuple(beyond[0])]}"
            wanted = f"0 to {self.n - 1}, or -1 for a unit that is not here"
            raise DataError("FusedPredictions.donors", found, wanted, int(beyond[0][0]))

    def take(self, indices: ArrayLike) -> Self:
        """As `Kind.take`; donors are where the taken units are now, -1 where they were not taken.

        What was predicted with a donor stays, whether the donor is taken or not. Of a unit that is
        taken several times, the first is meant; a unit that was its own donor stays its own.
        """
        bare = dataclasses.replace(self, donors=np.full_like(self.donors, -1))
        taken, idx = Kind.take(bare, indices), np.asarray(indices, np.int64)
        place = np.full(self.n + 1, -1)  # the last is where -1 points
        place[idx[::-1]] = np.arange(idx.size)[::-1]
        old = self.donors[idx]
        own = old == idx[:, None, None]
        donors = np.where(own, np.arange(idx.size)[:, None, None], place[old])
        return dataclasses.replace(taken, donors=donors)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """A sum of scores of two modalities, with three donors for each."""
        scores = rng.normal(size=(2, n, 3))
        donors = rng.integers(n, size=(n, 2, 3))
        clean = scores.sum(0)
        permuted = np.stack(
            [scores[m][donors[:, m]] + (clean - scores[m])[:, None] for m in range(2)], axis=1
        )
        y = clean.argmax(1)
        alone = _logs(np.moveaxis(scores, 0, 1))
        return cls(_logs(clean), _logs(permuted), donors, y, "permute", alone=alone)


def _logs(scores: Floats) -> Floats:
    """Logarithms of the softmax of moderate scores, over the last axis."""
    found: Floats = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    return found
