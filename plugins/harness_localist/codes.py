"""Documents coded by mixtures of blocks, and by experts that are such mixtures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import BlockCounts, Floats, Ints, progress
from harness_localist import mixture
from harness_localist.kinds import CodeLengths
from harness_localist.mixture import LN2, Blocks, Fitting
from harness_localist.recruitment import threshold
from harness_localist.settings import BlockMixture, Experts, Mixture

STEP = 0.01
"""Hysteresis of the blocks within an expert, as in the default of `recruited-blocks`."""


def parameters(k: int, words: int) -> int:
    """Free parameters of k blocks over so many words."""
    return k * (words - 1) + k - 1


def _fitting(settings: Mixture) -> Fitting:
    return Fitting(settings.restarts, settings.steps, settings.smoothing)


def _units(settings: Mixture, data: BlockCounts) -> int:
    return data.n if settings.units == "documents" else int(data.counts.sum())


def series(
    counts: Any, largest: int, fitting: Fitting, rng: np.random.Generator
) -> Iterator[Blocks]:
    """Fits of 1, 2, ... blocks, each grown from the one before; never more than documents."""
    blocks = mixture.one(counts, fitting.smoothing)
    yield blocks
    for _ in range(2, min(largest, counts.shape[0]) + 1):
        blocks = mixture.grown(counts, blocks, fitting, rng)
        yield blocks


class BlockCodes(BlockMixture):
    """J(K) = -sum_d log2 p_K(d) + (k / 2) log2 N + log2(K + 1) for K = 1, 2, ... blocks.

    A block is a law of words; k = K (v - 1) + K - 1. The length of documents, and how the words of
    a document could be ordered, are not coded: they are the same for all K.
    """

    def transform(
        self, data: BlockCounts, *, to: type[CodeLengths], rng: np.random.Generator
    ) -> CodeLengths:
        """The code lengths, until ``beyond`` blocks in a row did not shorten the code."""
        counts, units = mixture.sparse(data.counts), _units(self, data)
        price, refused = 0.5 * math.log2(max(units, 2)), 0
        rows: list[tuple[float, int, int, float]] = []
        for blocks in series(counts, self.largest, _fitting(self), rng):
            misfit = -float(mixture.documents(counts, blocks).sum()) / LN2
            free, index = parameters(blocks.k, counts.shape[1]), math.log2(blocks.k + 1)
            bits = misfit + price * free + index
            refused = refused + 1 if rows and bits >= min(row[0] for row in rows) else 0
            rows.append((bits, blocks.k, free, index))
            progress(blocks.k, self.largest, "blocks")
            if refused == self.beyond:
                break
        return _lengths(rows, price, units, data)


@dataclass(frozen=True)
class Expert:
    """A mixture of blocks over ``words``, its own part of the vocabulary, for ``documents``."""

    documents: Ints
    words: Ints
    blocks: Blocks

    @property
    def parameters(self) -> int:
        """Free parameters."""
        return parameters(self.blocks.k, len(self.words))

    def index(self, vocabulary: int) -> float:
        """Bits that say how many blocks there are, and which words they are about."""
        return math.log2(self.blocks.k + 1) + naming(len(self.words), vocabulary)

    def log_p(self, counts: Any) -> Floats:
        """ln p of every document; minus infinity where it has a word that this expert lacks."""
        own = counts[:, self.words]
        strange = counts.sum(1) > own.sum(1)
        return np.where(strange, -np.inf, mixture.documents(own, self.blocks))


def naming(words: int, vocabulary: int) -> float:
    """Bits that name a part of a vocabulary: its size, and then the part."""
    ways = (
        math.lgamma(vocabulary + 1) - math.lgamma(words + 1) - math.lgamma(vocabulary - words + 1)
    )
    return ways / LN2 + math.log2(vocabulary + 1)


class ExpertCodes(Experts):
    """J(E) = sum_d min_e(-log2 p_e(d) - log2 pi_e) + sum_e L(e) + log2(E + 1) for E = 1, 2, ...

    An expert is a mixture of blocks over words of its own. L(e) are the bits of its trainable
    parameters, and those that say how many blocks and which words it has (our R5; the lists of
    words are ours). Blocks are recruited first within every expert; then the expert whose division
    shortens the code most is divided, by the blocks that it has, and both halves recruit anew.
    """

    def transform(
        self, data: BlockCounts, *, to: type[CodeLengths], rng: np.random.Generator
    ) -> CodeLengths:
        """The code lengths, up to the first division that does not shorten the code."""
        counts, units = mixture.sparse(data.counts), _units(self, data)
        price = self.bits_per_parameter or 0.5 * math.log2(max(units, 2))
        experts = [self._expert(counts, np.arange(data.n), price, rng)]
        rows, blocks = [_whole(counts, experts, price)], [experts[0].blocks.k]
        while len(experts) < self.most:
            progress(len(experts), self.most, "experts")
            divided = _division(counts, experts, price)
            if divided is None:
                break
            which, halves = divided
            new = [self._expert(counts, half, price, rng) for half in halves]
            experts = experts[:which] + new + experts[which + 1 :]
            rows.append(_whole(counts, experts, price))
            blocks.append(sum(e.blocks.k for e in experts))
            if rows[-1][0] >= rows[-2][0]:
                break
        return _lengths(rows, price, units, data, np.array(blocks))

    def _expert(
        self, counts: Any, documents: Ints, price: float, rng: np.random.Generator
    ) -> Expert:
        """An expert for these documents, with as many blocks as pay."""
        words = np.flatnonzero(np.asarray(counts[documents].sum(0)).ravel())
        own = counts[documents][:, words]
        best, least = None, math.inf
        for blocks in series(own, self.largest, _fitting(self), rng):
            model = price * parameters(blocks.k, len(words)) + math.log2(blocks.k + 1)
            bits = model - float(mixture.documents(own, blocks).sum()) / LN2
            if best is not None and not bits < least - threshold(model, STEP):
                break
            best, least = blocks, bits
        assert best is not None  # one block can always be had
        return Expert(documents, words, best)


def _whole(counts: Any, experts: list[Expert], price: float) -> tuple[float, int, int, float]:
    """Bits of the whole code, number of experts, their parameters, bits of the index."""
    shares = np.array([len(e.documents) for e in experts]) / counts.shape[0]
    each = np.stack([e.log_p(counts) for e in experts]) + np.log(shares)[:, None]
    misfit = -float(each.max(0).sum()) / LN2
    free = sum(e.parameters for e in experts)
    index = sum(e.index(counts.shape[1]) for e in experts) + math.log2(len(experts) + 1)
    return misfit + price * free + index, len(experts), free, index


def _division(
    counts: Any, experts: list[Expert], price: float
) -> tuple[int, tuple[Ints, Ints]] | None:
    """The expert to divide, and the documents of its two halves; None where each has one block.

    Every way to part the blocks of every expert is compared by what the two halves would cost.
    """
    vocabulary, best, least = counts.shape[1], None, math.inf
    for which, expert in enumerate(experts):
        own = counts[expert.documents]
        owner = mixture.responsibilities(own[:, expert.words], expert.blocks).argmax(1)
        present = np.unique(owner)
        used = np.stack([np.asarray(own[owner == k].sum(0)).ravel() > 0 for k in present])
        whole = price * expert.parameters + expert.index(vocabulary)
        for chosen in _halves(len(present)):
            saved = -whole
            for part in (chosen, ~chosen):
                words, k = int(used[part].any(0).sum()), int(part.sum())
                saved += price * parameters(k, words) + math.log2(k + 1)
                saved += naming(words, vocabulary)
            if saved < least:
                first = np.isin(owner, present[chosen])
                best, least = (which, (expert.documents[first], expert.documents[~first])), saved
    return best


def _halves(k: int) -> Iterator[Any]:
    """Every way to part k things into two, once each; the first is always in the first half."""
    for rest in itertools.product((False, True), repeat=k - 1):
        if not all(rest):
            yield np.array((True, *rest))


def _lengths(
    rows: list[tuple[float, int, int, float]],
    price: float,
    units: int,
    data: BlockCounts,
    blocks: Ints | None = None,
) -> CodeLengths:
    bits, k, free, index = (np.array(column) for column in zip(*rows, strict=True))
    tokens, level = int(data.counts.sum()), "blocks" if blocks is None else "experts"
    return CodeLengths(bits, k, free, index, price, units, tokens, level, blocks=blocks)
