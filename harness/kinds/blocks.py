"""Blocks of meaning: documents as counts of words, and block sequences."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid, shuffled_labels
from harness.kinds.fields import array, strings


class BlockCounts(Kind):
    """How often each of v words occurs in each of n documents: ``counts (n, v)``.

    ``blocks (n,)`` is the block that a document belongs to, where it is known; ``words (v,)`` are
    the words, where they have names.
    """

    judged: ClassVar[tuple[str, ...]] = ("blocks",)
    whole: ClassVar[tuple[str, ...]] = ("v",)

    counts: Ints = array("n v", np.int64)
    blocks: Ints | None = array("n", np.int64, default=None)
    words: tuple[str, ...] | None = strings("v", default=None)

    def check(self) -> None:
        """Refuse negative counts, empty documents, and negative blocks."""
        if self.counts.min() < 0:
            row = int(np.argwhere(self.counts < 0)[0][0])
            raise DataError("BlockCounts.counts", "a negative count", "counts from 0 up", row)
        empty = np.flatnonzero(self.counts.sum(1) == 0)
        if empty.size:
            raise DataError(
                "BlockCounts.counts", "a document without words", "one at least", int(empty[0])
            )
        if self.blocks is not None and self.blocks.min() < 0:
            row = int(self.blocks.argmin())
            raise DataError("BlockCounts.blocks", "a negative block", "blocks from 0 up", row)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Documents of twelve words out of eight, from two blocks that share two words."""
        blocks = shuffled_labels(rng, n, 2)
        laws = np.array([[3, 3, 3, 3, 1, 1, 0, 0], [0, 0, 1, 1, 3, 3, 3, 3]]) / 14
        return cls(rng.multinomial(12, laws[blocks]), blocks, tuple("abcdefgh"))


class BlockSequences(Kind):
    """n sequences of t tokens whose types belong to blocks: ``ids (n, t)``.

    Every place has a value ``values (n, t, classes)``, which attention carries, and a label
    ``labels (n, t)``, which is to be found. ``embedding (types, d)`` has a row for each type of
    token and ``blocks (types,)`` its block; ``groups (d,)`` is the block that a dimension of the
    embedding belongs to. ``dial``, from 0 (distributed) to 1 (localist), is the weight of the
    penalty that a model is to be trained with.
    """

    judged: ClassVar[tuple[str, ...]] = ("labels",)
    whole: ClassVar[tuple[str, ...]] = ("types", "d")

    ids: Ints = array("n t", np.int64)
    values: Floats = array("n t classes")
    labels: Ints = array("n t", np.int64)
    embedding: Floats = array("types d")
    blocks: Ints = array("types", np.int64)
    groups: Ints = array("d", np.int64)
    dial: float = 0.0

    def check(self) -> None:
        """Refuse tokens, labels and blocks that do not exist, and a dial outside 0 .. 1."""
        n_blocks = int(self.blocks.max()) + 1
        for name, limit in (
            ("ids", len(self.blocks)),
            ("labels", self.values.shape[2]),
            ("groups", n_blocks),
        ):
            found = getattr(self, name)
            wrong = np.argwhere((found < 0) | (found >= limit))
            if wrong.size:
                value = found[tuple(wrong[0])]
                raise DataError(
                    f"BlockSequences.{name}", str(value), f"0 to {limit - 1}", int(wrong[0][0])
                )
        if not np.array_equal(np.unique(self.blocks), np.arange(n_blocks)):
            raise DataError(
                "BlockSequences.blocks", "a block without types", "blocks 0, 1, ... all in use"
            )
        if not 0 <= self.dial <= 1:
            raise DataError("BlockSequences.dial", str(self.dial), "a number from 0 to 1")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Sequences of six tokens of two blocks, each of two types; the label is the block's."""
        ids = rng.integers(4, size=(n, 6))
        blocks = np.array([0, 0, 1, 1])
        labels = np.take_along_axis(rng.integers(2, size=(n, 2)), blocks[ids], 1)
        values = on_grid(np.eye(2)[labels] + 0.5 * rng.normal(size=(n, 6, 2)))
        return cls(ids, values, labels, np.eye(4), blocks, blocks)
