"""What the output layer of a language model reads, and its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid
from harness.kinds.fields import array, offsets

ROUNDING = 1e-6
"""How far the sum of a true law may stand off one."""


class HeadStates(Kind):
    """The states that an output layer turns into laws of the next token, and that layer.

    The law of token i is the softmax of ``h[i] @ w.T + bias``.

    Attributes
    ----------
    h (items, d) : the state from which each token was predicted: what the output layer read.
    w (v, d) : a row for each token of the vocabulary.
    ids (items,) : the tokens, from 0 to v - 1.
    bias (v,) : of the output layer, where it has one.
    true (items, v) : the law that each token was drawn from, where it is known.
    weights (items,) : how often each item comes, up to a common factor; all alike where left out.
    """

    whole: ClassVar[tuple[str, ...]] = ("v",)

    h: Floats = array("items d")
    w: Floats = array("v d")
    ids: Ints = array("items", np.int64)
    offsets: Ints = offsets()
    bias: Floats | None = array("v", default=None)
    true: Floats | None = array("items v", default=None)
    weights: Floats | None = array("items", default=None)

    def check(self) -> None:
        """Refuse tokens that do not exist, true laws that are not distributions, and weights
        without mass.
        """
        if self.weights is not None and (self.weights.min() < 0 or not self.weights.any()):
            row = int(self.weights.argmin())
            raise DataError(
                "HeadStates.weights",
                f"{self.weights[row]:g}",
                "weights from 0 up, and some mass",
                row,
            )
        v = len(self.w)
        wrong = (self.ids < 0) | (self.ids >= v)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError("HeadStates.ids", str(self.ids[row]), f"tokens from 0 to {v - 1}", row)
        if self.true is not None:
            off = (np.abs(self.true.sum(1) - 1) > ROUNDING) | (self.true < 0).any(1)
            if off.any():
                row = int(np.argmax(off))
                found = f"probabilities from {self.true[row].min():.6g}"
                found += f", with the sum {self.true[row].sum():.6g}"
                raise DataError("HeadStates.true", found, "a distribution", row)

    def log_laws(self, first: int = 0, last: int | None = None) -> Floats:
        """ln of the laws of items ``first`` to ``last`` (exclusive) ``(items, v)``, in nats."""
        z = self.h[first:last] @ self.w.T
        if self.bias is not None:
            z += self.bias
        z -= z.max(1, keepdims=True)
        return np.asarray(z - np.log(np.exp(z).sum(1, keepdims=True)))

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """States of three dimensions and a vocabulary of five."""
        cuts = np.concatenate([[0], np.cumsum(rng.integers(6, 12, size=n))])
        h, w = (on_grid(rng.normal(size=(count, 3))) for count in (cuts[-1], 5))
        return cls(h, w, rng.integers(5, size=cuts[-1]), cuts)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """States alone; and with the laws of the data, and weights."""
        yield cls.example(rng, n)
        plain = cls.example(rng, n)
        items = len(plain.h)
        true = rng.dirichlet(np.ones(len(plain.w)), size=items)
        yield dataclasses.replace(plain, true=true, weights=1 + rng.random(items))

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """Laws that are certain or uniform, half each: half of ln 4 nats."""
        h = np.where(rng.random((n, 1)) < 0.5, 1e3, 0.0) * np.eye(4)[rng.integers(4, size=n)]
        yield "entropy", float(np.log(4)) / 2, cls(h, np.eye(4), np.zeros(n, int), np.arange(n + 1))
