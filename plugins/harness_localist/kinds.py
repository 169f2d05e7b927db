"""Data of this plugin alone: the parts of a matrix of weights between groups."""

from __future__ import annotations

from typing import Self

import numpy as np

from harness import DataError, Floats, Ints, Kind, array


class GroupedWeights(Kind):
    """The norms of the parts of a bilinear form: n groups of queries by k groups of keys.

    Attributes
    ----------
    norms (n, k) : Frobenius norms of the parts.
    gradients (n, k) : those of the gradient of the loss without the penalty, after training.
    own (n,) : the group of keys that is the group of the queries itself, which has no penalty.
    weight : of the penalty.
    threshold : the largest gradient of a penalized part during training.
    bound : what such a gradient can be at most, whatever the weights of the layer.
    """

    norms: Floats = array("n k")
    gradients: Floats = array("n k")
    own: Ints = array("n", np.int64)
    weight: float
    threshold: float
    bound: float

    def check(self) -> None:
        """Refuse negative numbers, and own groups that do not exist."""
        for name in ("norms", "gradients"):
            if getattr(self, name).min() < 0:
                row = int(np.argwhere(getattr(self, name) < 0)[0][0])
                raise DataError(f"GroupedWeights.{name}", "a negative norm", "norms from 0 up", row)
        if self.own.min() < 0 or self.own.max() >= self.norms.shape[1]:
            raise DataError("GroupedWeights.own", "no such group", "columns of the norms")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Four groups of keys; most parts between groups are zero."""
        own = rng.integers(4, size=n)
        norms = np.where(np.eye(4)[own] > 0, 2.0, rng.integers(2, size=(n, 4)) * 0.5)
        return cls(norms, np.full((n, 4), 0.125), own, 0.25, 0.25, 8.0)
