"""Mixtures of unigram blocks, fitted by expectation and maximization with sparse products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Floats, Ints

LEAST = 1e-12
"""Smallest weight of a block."""
LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class Blocks:
    """K blocks: ``weights (K,)``, and ``words (K, v)``, the law of the words of each."""

    weights: Floats
    words: Floats

    @property
    def k(self) -> int:
        """Number of blocks."""
        return len(self.weights)


@dataclass(frozen=True)
class Fitting:
    """How blocks are fitted.

    Attributes
    ----------
    restarts : starts of each number of blocks; the best is kept.
    steps : steps of expectation and maximization.
    smoothing : count that is added to every word of every block.
    """

    restarts: int
    steps: int
    smoothing: float


def sparse(counts: Any) -> Any:
    """The counts as a sparse matrix of floats, by rows."""
    from scipy.sparse import csr_array

    return csr_array(np.asarray(counts, np.float64))


def joint(counts: Any, weights: Floats, words: Floats) -> Floats:
    """ln pi_k + sum_w c_dw ln theta_kw ``(documents, starts, K)``, of ``words (starts, K, v)``.

    One sparse product for all starts and blocks.
    """
    starts, k, v = words.shape
    logs = counts @ np.log(words).reshape(starts * k, v).T
    return np.asarray(logs.reshape(-1, starts, k) + np.log(weights))


def documents(counts: Any, blocks: Blocks) -> Floats:
    """ln p(document) ``(documents,)`` in nats: of the words in their order, given their number."""
    return _normalizer(joint(counts, blocks.weights[None], blocks.words[None]))[:, 0]


def responsibilities(counts: Any, blocks: Blocks) -> Floats:
    """p(block | document) ``(documents, K)``."""
    found = joint(counts, blocks.weights[None], blocks.words[None])
    return np.asarray(np.exp(found - _normalizer(found)[..., None])[:, 0])


def sweep(
    counts: Any, turned: Any, weights: Floats, words: Floats, smoothing: float
) -> tuple[Floats, Floats]:
    """One step of expectation and maximization from all starts: new weights and words.

    ``turned`` is the transpose of ``counts``.
    """
    found = joint(counts, weights, words)
    shares = np.exp(found - _normalizer(found)[..., None])
    n, starts, k = shares.shape
    mass = (turned @ shares.reshape(n, starts * k)).T.reshape(starts, k, -1) + smoothing
    weights = np.maximum(shares.mean(0), LEAST)
    weights /= weights.sum(-1, keepdims=True)
    return weights, mass / mass.sum(-1, keepdims=True)


def one(counts: Any, smoothing: float) -> Blocks:
    """The single block, in closed form."""
    mass = np.asarray(counts.sum(0)).ravel() + smoothing
    return Blocks(np.ones(1), (mass / mass.sum())[None])


def grown(counts: Any, blocks: Blocks, fitting: Fitting, rng: np.random.Generator) -> Blocks:
    """The best fit with one block more.

    Each start splits a block, the worst-coded one most often: its two halves begin at documents
    that k-means++ picks among its own; then all blocks are fitted together. Every second start
    begins at documents from everywhere.
    """
    shares = responsibilities(counts, blocks)
    nats = -documents(counts, blocks)
    owned, tokens = shares.T @ nats, shares.T @ np.asarray(counts.sum(1)).ravel()
    excess = owned / np.maximum(tokens, LEAST)
    ranks = np.argsort(-excess)
    weights, words = [], []
    for start in range(fitting.restarts):
        if start % 2 and blocks.k > 1:
            seeds = _spread(counts, np.ones(len(nats)), blocks.k + 1, rng)
            weights.append(np.full(blocks.k + 1, 1 / (blocks.k + 1)))
            words.append(_around(counts, seeds, one(counts, fitting.smoothing).words[0]))
            continue
        split = int(ranks[start // 2 % blocks.k])
        seeds = _spread(counts, shares[:, split], 2, rng)
        halves = _around(counts, seeds, blocks.words[split])
        weights.append(np.append(np.delete(blocks.weights, split), [blocks.weights[split] / 2] * 2))
        words.append(np.concatenate([np.delete(blocks.words, split, 0), halves]))
    at = np.maximum(np.stack(weights), LEAST), np.stack(words)
    turned = counts.T.tocsr()
    for _ in range(fitting.steps):
        at = sweep(counts, turned, *at, fitting.smoothing)
    best = int(_normalizer(joint(counts, *at)).sum(0).argmax())
    return Blocks(at[0][best], at[1][best])


def _normalizer(found: Floats) -> Floats:
    top = found.max(-1)
    return np.asarray(top + np.log(np.exp(found - top[..., None]).sum(-1)))


def _spread(counts: Any, weights: Floats, k: int, rng: np.random.Generator) -> Ints:
    """k documents by k-means++: ``weights`` times the squared Hellinger distance to the rest."""
    roots = counts.multiply(1 / counts.sum(1)[:, None]).tocsr().sqrt()
    chosen = [int(rng.choice(len(weights), p=weights / weights.sum()))]
    apart = np.full(len(weights), 1.0)
    for _ in range(k - 1):
        near = (roots @ roots[[chosen[-1]]].toarray().ravel()).ravel()
        apart = np.minimum(apart, np.maximum(1 - near, 0.0))
        chance = weights * apart
        if not chance.sum() > 0:  # all documents are alike
            chance = weights
        chosen.append(int(rng.choice(len(weights), p=chance / chance.sum())))
    return np.array(chosen)


def _around(counts: Any, chosen: Ints, law: Floats) -> Floats:
    """Laws half way between the chosen documents and ``law``."""
    seen = counts[chosen].toarray()
    return np.asarray(0.5 * seen / seen.sum(1, keepdims=True) + 0.5 * law)
