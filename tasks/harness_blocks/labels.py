"""Sequences in which a token's label is that of its block."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import BlockSequences, Case, Split, stream
from harness_blocks.settings import BlockLabels


class BlockLabelSequences(BlockLabels):
    """Tokens of K blocks, uniform; in each sequence every block has a class, drawn uniformly.

    The label of a place is the class of its token's block, its value the label as a unit vector
    with noise. So the mean value over a block tells the label, and a single value does so poorly.
    The embedding of a token is a random unit vector within the dimensions of its block. All cases
    of a seed have the same sequences; they differ in the dial.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per dial, with a training and a test part."""
        for dial in self.dials:
            facts: dict[str, float | int | str] = {"dial": dial, "blocks": self.blocks}
            yield Case(f"dial{dial:g}", partial(self._draw, dial, seed), facts=facts, stamp="")

    def _draw(self, dial: float, seed: int) -> BlockSequences:
        rng, k, n = stream(seed, "block-labels"), self.blocks, 2 * self.sequences
        blocks = np.repeat(np.arange(k), self.types)
        vectors = rng.normal(size=(k, self.types, self.types))
        vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
        embedding = np.zeros((k, self.types, k, self.types))
        embedding[np.arange(k), :, np.arange(k)] = vectors
        ids = rng.integers(k * self.types, size=(n, self.tokens))
        labels = np.take_along_axis(rng.integers(self.classes, size=(n, k)), blocks[ids], 1)
        values = np.eye(self.classes)[labels]
        values += self.noise * rng.normal(size=values.shape)
        order = np.arange(n)
        return BlockSequences(
            ids,
            values,
            labels,
            embedding.reshape(k * self.types, -1),
            blocks,
            blocks,
            dial,
            split=Split(order[: self.sequences], order[self.sequences :]),
        )
