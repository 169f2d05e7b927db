"""Topologies of preference data: which responses of a source are compared."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from harness import (
    Floats,
    Incompatible,
    Ints,
    Kind,
    Preferences,
    PreferenceSource,
    Split,
)
from harness_rlhf_topology import settings
from harness_rlhf_topology.exact import Posterior, contrasts
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.shortest import path_distances

JUDGED = (16, 16)
"""Sources, and partners of each, in the pairs on which a depth is judged."""
FEWEST, MOST = 1 / 32, 2
"""Responses of a tree, as a share of the comparisons, between which the best depth is sought."""


@dataclass(frozen=True)
class Chain:
    """Independent pairs: each comparison is of two random responses to one prompt."""

    def transform(
        self, data: PreferenceSource, *, to: type[Kind], rng: np.random.Generator
    ) -> Preferences:
        """As many comparisons as the budget. Raises as `random_pairs` and `annotated`."""
        forest = Forest(data.parent, data.variance)
        pairs = random_pairs(np.unique(data.leaves), forest, data.budget, rng)
        return annotated(data, pairs, rng)


class Reused(settings.Reuse):
    """Random pairs among few random responses, so that each is compared several times."""

    def transform(
        self, data: PreferenceSource, *, to: type[Kind], rng: np.random.Generator
    ) -> Preferences:
        """As many comparisons as the budget. Raises as `random_pairs` and `annotated`."""
        forest, leaves = Forest(data.parent, data.variance), np.unique(data.leaves)
        size = min(self.leaves or data.budget, len(leaves))
        chosen = rng.choice(leaves, size, replace=False)
        return annotated(data, random_pairs(chosen, forest, data.budget, rng), rng)


class PrefixTree(settings.Tree):
    """Random pairs among one response for each prefix of a depth.

    The best depth is the one whose data have the least mean distance on random pairs other than
    those of the test, among depths with between 1/32 and twice as many responses as comparisons.
    """

    def transform(
        self, data: PreferenceSource, *, to: type[Kind], rng: np.random.Generator
    ) -> Preferences:
        """As many comparisons as the budget. Raises as `random_pairs` and `annotated`."""
        forest, leaves = Forest(data.parent, data.variance), np.unique(data.leaves)
        deepest = int(forest.depth[leaves].max())
        if self.depth or self.leaves:
            depth = min(self.depth, deepest) if self.depth else deepest
            if self.leaves and not self.depth:
                counts = [len(self._spread(forest, leaves, k, rng)) for k in range(1, deepest + 1)]
                depth = 1 + int(np.argmax(np.array(counts) >= min(self.leaves, counts[-1])))
            chosen = self._spread(forest, leaves, depth, rng)
            if self.leaves and len(chosen) > self.leaves:
                chosen = rng.choice(chosen, self.leaves, replace=False)
            return annotated(data, random_pairs(chosen, forest, data.budget, rng), rng)
        judged = grid(leaves, forest, rng)
        best: tuple[float, Ints] | None = None
        for depth in range(1, deepest + 1):
            chosen = self._spread(forest, leaves, depth, rng)
            size, last = len(chosen), depth == deepest
            few, many = size < max(2, FEWEST * data.budget), size > MOST * data.budget
            if (few and not last) or (many and best is not None):
                continue
            pairs = random_pairs(chosen, forest, data.budget, rng)
            distance = self._judge(data, forest, pairs, judged)
            if best is None or distance < best[0]:
                best = distance, pairs
        assert best is not None
        return annotated(data, best[1], rng)

    def _judge(self, data: PreferenceSource, forest: Forest, pairs: Ints, judged: Ints) -> float:
        if self.judged_by == "path":
            return float(path_distances(forest, pairs, data.noise, judged).mean())
        return float(Posterior(joined(data, pairs, judged)).variance.mean())

    def _spread(self, forest: Forest, leaves: Ints, depth: int, rng: np.random.Generator) -> Ints:
        """A random response under each prefix of the depth, of ``branching`` siblings at most."""
        kept = rng.permutation(leaves)
        if self.branching:
            for level in range(1, depth + 1):
                heads = np.unique(forest.ancestors(kept, level))
                heads = rng.permutation(heads)
                order = np.argsort(forest.parent[heads], kind="stable")
                up = forest.parent[heads][order]
                rank = np.arange(len(up)) - np.searchsorted(up, up)
                open_ = heads[order][(rank < self.branching) | (up < 0)]
                kept = kept[np.isin(forest.ancestors(kept, level), open_)]
        first = np.unique(forest.ancestors(kept, depth), return_index=True)[1]
        found: Ints = kept[first]
        return found


class ActiveGreedy(settings.Active):
    """The next comparison is the one of which least is known: of the largest posterior variance.

    It is the greedy maximum of the information gain, and knows the prior and the noise.
    """

    def transform(
        self, data: PreferenceSource, *, to: type[Kind], rng: np.random.Generator
    ) -> Preferences:
        """As many comparisons as the budget. Raises as `random_pairs` and `annotated`."""
        forest = Forest(data.parent, data.variance)
        pairs = random_pairs(np.unique(data.leaves), forest, self.candidates, rng)
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        prior = contrasts(forest, pairs, pairs[:0])[0]
        return annotated(data, pairs[greedy(prior, data.noise, data.budget)], rng)


def greedy(prior: Floats, noise: float, steps: int) -> Ints:
    """Positions of the largest posterior variances, one after another, repeats allowed.

    ``prior (m, m)`` is the covariance of the differences; a step takes O(m steps).
    """
    variance, told = np.diag(prior).copy(), np.zeros((steps, len(prior)))
    chosen = np.zeros(steps, np.int64)
    for step in range(steps):
        best = chosen[step] = int(np.argmax(variance))
        left = prior[best] - told[:step, best] @ told[:step]
        scale = max(variance[best], 0.0) + noise
        if scale > 0:
            told[step] = left / math.sqrt(scale)
        variance -= told[step] ** 2
    return chosen


def random_pairs(leaves: Ints, forest: Forest, n: int, rng: np.random.Generator) -> Ints:
    """n random pairs (n, 2) of different leaves of one tree, each first one equally likely.

    Raises `Incompatible` where no tree has two leaves.
    """
    root = forest.root[leaves]
    order = np.argsort(root, kind="stable")
    counts = np.bincount(root, minlength=len(forest.parent))
    starts = np.cumsum(counts) - counts
    able = np.flatnonzero(counts[root[order]] > 1)
    if not able.size:
        raise Incompatible("no prompt has two different responses; wanted at least two to compare")
    first = rng.choice(able, n)
    tree = root[order][first]
    shift = rng.integers(1, counts[tree])
    second = starts[tree] + (first - starts[tree] + shift) % counts[tree]
    return np.column_stack([leaves[order][first], leaves[order][second]])


def grid(leaves: Ints, forest: Forest, rng: np.random.Generator) -> Ints:
    """Random pairs that share their first nodes, so that few shortest-path trees are needed."""
    pairs = random_pairs(leaves, forest, JUDGED[0] * JUDGED[1], rng)
    sources = np.repeat(pairs[: JUDGED[0], 0], JUDGED[1])
    same = forest.root[sources] == forest.root[pairs[:, 1]]
    asked = np.column_stack([sources, pairs[:, 1]])[same & (sources != pairs[:, 1])]
    return asked if len(asked) else pairs


def joined(data: PreferenceSource, pairs: Ints, test: Ints) -> Preferences:
    """Comparisons for training and test pairs, without margins."""
    both = np.concatenate([pairs, test])
    split = Split(np.arange(len(pairs)), np.arange(len(pairs), len(both)))
    return Preferences(
        data.parent,
        data.variance,
        both,
        np.zeros(len(both)),
        data.noise,
        data.reward,
        data.texts,
        data.law,
        split=split,
    )


def annotated(data: PreferenceSource, pairs: Ints, rng: np.random.Generator) -> Preferences:
    """The comparisons with margins from the rewards, for training; then the test pairs.

    Raises `Incompatible` where the rewards are not known.
    """
    if data.reward is None:
        raise Incompatible(
            "the rewards of these responses are not known; wanted a source with rewards, "
            "such as hf-tree with a judge"
        )

    found = joined(data, pairs, data.test_pairs)
    margin = data.reward[found.pairs[:, 0]] - data.reward[found.pairs[:, 1]]
    noise = rng.logistic(size=found.n) * math.sqrt(3) / math.pi
    if data.law == "normal":
        noise = rng.normal(size=found.n)
    return dataclasses.replace(found, y=margin + math.sqrt(data.noise) * noise)
