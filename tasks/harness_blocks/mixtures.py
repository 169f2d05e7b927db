"""Documents drawn from a known number of blocks, and of kinds of source with blocks each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import BlockCounts, Case, Floats, stream
from harness_blocks.settings import Documents, Mixtures, Sources


class _Drawn(Documents):
    def draw(self, laws: Floats, documents: int, rng: np.random.Generator) -> BlockCounts:
        """Documents from blocks with these laws of words ``(K, v)``, drawn uniformly."""
        blocks = rng.integers(len(laws), size=documents)
        return BlockCounts(rng.multinomial(self.length, laws[blocks]), blocks)

    def facts(self, name: str, number: int, documents: int) -> dict[str, str | int | float]:
        """The coordinates of a case."""
        return {name: number, "documents": documents, "length": self.length}


class BlockMixtures(Mixtures, _Drawn):
    """Blocks whose laws of words are drawn from a Dirichlet law; a document is from one block."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per number of blocks, which is the truth, and of documents."""
        for k, documents in itertools.product(self.blocks, self.documents):
            yield Case(
                f"blocks{k}-documents{documents}",
                partial(self._load, k, documents, seed),
                truth={"recruited_blocks": float(k)},
                facts=self.facts("blocks", k, documents),
                stamp="",
            )

    def _load(self, k: int, documents: int, seed: int) -> BlockCounts:
        rng = stream(seed, "block-mixtures", str(k))
        laws = rng.dirichlet(np.full(self.words, self.concentration), k)
        return self.draw(laws, documents, rng)


class ExpertMixtures(Sources, _Drawn):
    """Kinds of source that share no word, each with blocks as in `block-mixtures`.

    Blocks of one kind use nearly all of its words, so that what they share is worth naming once.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per number of kinds of source and of documents.

        The truths are the number of kinds and that of the blocks of all.
        """
        for experts, documents in itertools.product(self.experts, self.documents):
            yield Case(
                f"experts{experts}-documents{documents}",
                partial(self._load, experts, documents, seed),
                truth={
                    "recruited_experts": float(experts),
                    "recruited_blocks": float(experts * self.blocks),
                },
                facts=self.facts("experts", experts, documents),
                stamp="",
            )

    def _load(self, experts: int, documents: int, seed: int) -> BlockCounts:
        rng = stream(seed, "expert-mixtures", str(experts))
        laws = np.zeros((experts, self.blocks, experts, self.words))
        for e in range(experts):
            laws[e, :, e] = rng.dirichlet(np.full(self.words, self.concentration), self.blocks)
        return self.draw(laws.reshape(experts * self.blocks, -1), documents, rng)
