"""Data of this plugin alone: parts of a matrix of weights between groups, and code lengths."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
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


LEVELS = ("blocks", "experts")


class CodeLengths(Kind):
    """The code lengths of one set of documents under n models of growing size, in bits.

    ``bits (n,)`` is the whole length: of the documents given the model, and of the model, which are
    ``per_parameter`` bits for each of its ``parameters (n,)`` and ``index (n,)`` bits for the rest.
    ``k (n,)`` counts the parts of each model at its ``level``, blocks or experts, and ``blocks
    (n,)`` the blocks of all its experts, where there are such. ``units`` are the exchangeable units
    that the models were fitted to, ``tokens`` the tokens that are coded.
    """

    bits: Floats = array("n")
    k: Ints = array("n", np.int64)
    parameters: Ints = array("n", np.int64)
    index: Floats = array("n")
    per_parameter: float
    units: int
    tokens: int
    level: str = "blocks"
    blocks: Ints | None = array("n", np.int64, default=None)

    def check(self) -> None:
        """Refuse models that take more bits than the whole code, and levels that are not known."""
        if (self.level == "experts") != (self.blocks is not None):
            found = "no number of blocks" if self.blocks is None else "a number of blocks"
            raise DataError("CodeLengths.blocks", found, "one for each model of experts alone")
        if self.level not in LEVELS:
            raise DataError("CodeLengths.level", repr(self.level), "one of " + ", ".join(LEVELS))
        for name in ("per_parameter", "units", "tokens"):
            if not getattr(self, name) > 0:
                raise DataError(f"CodeLengths.{name}", str(getattr(self, name)), "more than 0")
        if self.k.min() < 1:
            row = int(self.k.argmin())
            raise DataError("CodeLengths.k", f"{self.k[row]} parts", "one at least", row)
        wrong = np.flatnonzero(self.misfit < 0)
        if wrong.size:
            found = f"{self.bits[wrong[0]]:.6g} bits in all, fewer than the model alone takes"
            raise DataError("CodeLengths.bits", found, "documents and model", int(wrong[0]))

    @property
    def misfit(self) -> Floats:
        """Bits of the documents given each model ``(n,)``."""
        return np.asarray(self.bits - self.per_parameter * self.parameters - self.index)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Two blocks of 4,000 tokens are found; every further one costs more than it saves."""
        k = np.arange(1, n + 1)
        parameters, index = 9 * k + k - 1, np.log2(k + 1.0)
        misfit = np.where(k == 1, 12_000.0, 10_000.0 - 10 * np.minimum(k, 100)) + rng.random(n)
        bits = np.rint((misfit + 4 * parameters + index) * 1024) / 1024
        return cls(bits, k, parameters, index, 4.0, 256, 4_000, blocks=None)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Blocks, and experts of two blocks each."""
        found = cls.example(rng, n)
        yield found
        yield dataclasses.replace(found, level="experts", blocks=2 * found.k)
