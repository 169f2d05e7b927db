"""Words that stand for a block, chosen by their information about it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from harness import BlockCounts, Bools, Estimate, Floats, Incompatible, Ints
from harness_localist.settings import Anchors


class AnchorInformation(Anchors):
    """I(A; B) in nats: what the anchors of a document say of its block.

    Candidates for a block are the words with ``support`` whose pointwise mutual information with it
    leads that with any other block by ``margin``; the best by I(word in document; document in
    block) are its anchors. A is the block with most anchors in the document (the first of equals),
    or none. Anchors are chosen on one half of the documents and used on the other, both ways, so
    that rare words that fit by chance count for nothing. The bias of the plug-in estimate is taken
    off (Miller-Madow).
    """

    def estimate(self, data: BlockCounts, *, rng: np.random.Generator) -> Estimate:
        """The information; in the diagnostics its share of H(B), the anchors of all documents with
        their purity p(block | word), and p of as much by chance.

        Raises `Incompatible` where the blocks are not known, or are fewer than two.
        """
        if data.blocks is None:
            raise Incompatible("the blocks of the documents are not known")
        names, block = np.unique(data.blocks, return_inverse=True)
        if len(names) < 2 or data.n < 4:
            raise Incompatible(
                f"{data.n} documents of {len(names)} block; wanted four of two at least"
            )
        present = data.counts > 0
        half = rng.permutation(data.n) % 2 == 0
        said = np.full(data.n, len(names))
        for seen in (half, ~half):
            said[~seen] = self._said(
                present[~seen], self._anchors(present[seen], block[seen], len(names))
            )
        value, top = _information(said, block), _entropy(np.bincount(block))
        chance = [_information(said, rng.permutation(block)) for _ in range(self.shuffles)]
        notes: dict[str, Any] = {
            "separability": value / top,
            "entropy_of_blocks": top,
            "silent": float((said == len(names)).mean()),
            "p": (1 + sum(c >= value for c in chance)) / (1 + self.shuffles),
        }
        return Estimate(value, diagnostics=notes | self._listed(data, present, block, len(names)))

    def _anchors(self, present: Bools, block: Ints, blocks: int) -> list[Ints]:
        """The anchors of each block: positions of words, best first."""
        joint = np.eye(blocks)[block].T @ present
        documents, sizes = joint.sum(0), np.bincount(block, minlength=blocks).astype(np.float64)
        n = len(block)
        with np.errstate(divide="ignore", invalid="ignore"):
            pmi = np.log(joint * n / (sizes[:, None] * documents))
        pmi[~np.isfinite(pmi)] = -math.inf
        found = []
        for g in range(blocks):
            others = np.delete(pmi, g, 0).max(0)
            fit = (documents >= self.support) & np.isfinite(pmi[g]) & (pmi[g] > 0)
            fit &= pmi[g] >= np.where(np.isfinite(others), others, -math.inf) + self.margin
            places = np.flatnonzero(fit)
            worth = _pairs(joint[g, places], documents[places], sizes[g], n)
            found.append(places[np.argsort(-worth, kind="stable")][: self.per_block])
        return found

    def _said(self, present: Bools, anchors: list[Ints]) -> Ints:
        """The block with most anchors in each document; the number of blocks where it has none."""
        votes = np.stack([present[:, words].sum(1) for words in anchors], 1)
        return np.where(votes.max(1) > 0, votes.argmax(1), len(anchors))

    def _listed(
        self, data: BlockCounts, present: Bools, block: Ints, blocks: int
    ) -> dict[str, str]:
        shown, purity = [], []
        for g, words in enumerate(self._anchors(present, block, blocks)):
            shown.append([data.words[w] if data.words else int(w) for w in words])
            purity.append([round(float((block[present[:, w]] == g).mean()), 3) for w in words])
        return {"anchors": json.dumps(shown), "purity": json.dumps(purity)}


def _pairs(both: Floats, word: Floats, block: float, n: int) -> Floats:
    """I(word in document; document in block) in nats, from counts of documents."""
    total = np.zeros(len(both))
    for joint, a, b in (
        (both, word, block),
        (word - both, word, n - block),
        (block - both, n - word, block),
        (n - word - block + both, n - word, n - block),
    ):
        with np.errstate(divide="ignore", invalid="ignore"):
            total += np.where(joint > 0, joint / n * np.log(joint * n / (a * b)), 0.0)
    return total


def _entropy(counts: Ints) -> float:
    """Of the shares, by Miller and Madow."""
    seen = counts[counts > 0]
    shares = seen / seen.sum()
    return float(-(shares * np.log(shares)).sum() + (len(seen) - 1) / (2 * seen.sum()))


def _information(a: Ints, b: Ints) -> float:
    both = np.bincount(a * (int(b.max()) + 1) + b)
    return _entropy(np.bincount(a)) + _entropy(np.bincount(b)) - _entropy(both)
