"""Markov kernels as tables, and states with the tokens that follow them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import as_column, on_grid
from harness.kinds.fields import array
from harness.kinds.sequences import refuse_outside, refuse_unnormalized
from harness.kinds.vectors import check_exact

LETTERS = 4
"""Of example kernels."""


class Kernels(Kind):
    """The law of the next token in each of n contexts.

    Attributes
    ----------
    k (n, v) : rows that sum to one.
    weights (n,) : how often each context comes, up to a common factor.
    data (n, v) : the law of the data in the same contexts, where ``k`` is that of a model.
    """

    k: Floats = array("n v")
    weights: Floats = array("n")
    data: Floats | None = array("n v", default=None)

    @property
    def shares(self) -> Floats:
        """The weights as probabilities ``(n,)``."""
        return np.asarray(self.weights / self.weights.sum())

    def check(self) -> None:
        """Refuse rows that are no distributions, negative weights, and contexts without mass."""
        for name in ("k", "data"):
            if getattr(self, name) is not None:
                refuse_unnormalized(getattr(self, name), f"Kernels.{name}")
        if self.weights.min() < 0:
            row = int(self.weights.argmin())
            raise DataError("Kernels.weights", "a negative weight", "weights from 0 up", row)
        if self.weights.sum() <= 0:
            raise DataError("Kernels.weights", "no mass", "at least one positive weight")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Random rows of a model that is too sure, and those of the data."""
        data = rng.dirichlet(np.ones(LETTERS), size=n)
        return cls(data**2 / (data**2).sum(1, keepdims=True), np.ones(n), data)

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """Rows that are certain or uniform, half each: half of ln 4 nats."""
        sure = rng.random(n) < 0.5
        rows = np.where(sure[:, None], np.eye(LETTERS)[0], 1 / LETTERS)
        yield "entropy", float(np.log(LETTERS)) / 2, cls(rows, np.ones(n))


class StateFutures(Kind):
    """n states, each with the token that follows and the k tokens after that one.

    Attributes
    ----------
    state (n, s) : codes (``state_kind`` "discrete") or a vector ("continuous").
    next (n,) : the token that follows, from 0 to ``vocab_size`` - 1.
    future (n, k) : the tokens after it.
    joint (states, v, f) : where it is known, the joint law of state, next token and the
        f = v^k futures, which are numbered with their last token fastest.
    """

    whole: ClassVar[tuple[str, ...]] = ("states",)

    state: Floats = array("n s")
    next: Ints = array("n", np.int64)
    future: Ints = array("n k", np.int64)
    vocab_size: int
    state_kind: str = "continuous"
    joint: Floats | None = array("states v f", default=None)

    def check(self) -> None:
        """Refuse tokens that do not exist, codes that are none, and joint laws that do not fit."""
        for name in ("next", "future"):
            tokens = getattr(self, name).reshape(self.n, -1)
            wild = np.where((tokens < 0) | (tokens >= self.vocab_size), tokens, 0)
            most = wild[np.arange(self.n), np.abs(wild).argmax(1)]
            refuse_outside(most, self.vocab_size, f"StateFutures.{name}", "tokens")
        if self.state_kind not in ("continuous", "discrete"):
            raise DataError(
                "StateFutures.state_kind", repr(self.state_kind), "continuous or discrete"
            )
        if self.state_kind == "discrete":
            broken = self.state != np.rint(self.state)
            if broken.any():
                row = int(np.argwhere(broken)[0][0])
                raise DataError("StateFutures.state", "a fraction", "integer codes", row)
            check_exact(self.state, "StateFutures.state")
        if self.joint is None:
            return
        v, k = self.vocab_size, self.future.shape[1]
        if self.joint.shape[1:] != (v, v**k):
            raise DataError(
                "StateFutures.joint",
                f"{self.joint.shape[1]} tokens and {self.joint.shape[2]} futures",
                f"{v} and {v}^{k} = {v**k}",
            )
        refuse_unnormalized(self.joint.reshape(1, -1), "StateFutures.joint")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """A number about a bit; each of three tokens is that bit, with errors."""
        bit = rng.integers(2, size=n)
        tokens = bit[:, None] ^ (rng.random((n, 3)) < 0.2)
        state = on_grid(as_column(bit) + 0.3 * rng.normal(size=(n, 1)))
        return cls(state, tokens[:, 0], tokens[:, 1:], 2)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Vectors; and codes with their joint law."""
        yield cls.example(rng, n)
        noise = np.array([[0.8, 0.2], [0.2, 0.8]])
        joint = np.einsum("sa,sb->sab", noise, noise) / 2
        cells = rng.choice(joint.size, size=n, p=joint.ravel())
        state, first, second = np.unravel_index(cells, joint.shape)
        yield cls(as_column(state), first, second[:, None], 2, "discrete", joint)

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """A state of its own for every unit."""
        if self.state_kind == "discrete":
            own = as_column(np.arange(self.n))
            yield "no state twice", dataclasses.replace(self, state=own)
