"""Responses in a prefix tree, and comparisons between them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import classes_first, parts
from harness.kinds.fields import array, strings

LAWS = ("logistic", "normal")


class PreferenceSource(Kind):
    """Responses that may be compared; a unit is a response, a leaf of a forest of prefixes.

    The reward of a node is that of its parent and an independent increment, so that responses that
    share a prefix share a part of their reward. A tree per prompt; roots have no increment.

    Attributes
    ----------
    parent (v,)       parent of each node, which comes before its children; -1 for a root
    variance (v,)     variance of the increment of each node, above 0; 0 for a root
    leaves (n,)       the nodes that are responses
    test_pairs (t, 2) responses whose difference of rewards is in question
    noise             variance of the noise of a comparison
    budget            number of comparisons that a data set may have
    reward (v,)       the reward of each node, where it is known: what labels are made from
    texts (v)         what each node adds to the text of its parent, where there are texts
    law               distribution of the noise, ``logistic`` (Bradley-Terry labels) or ``normal``
    """

    whole: ClassVar[tuple[str, ...]] = ("v", "t")

    parent: Ints = array("v", np.int64)
    variance: Floats = array("v")
    leaves: Ints = array("n", np.int64)
    test_pairs: Ints = array("t 2", np.int64)
    noise: float
    budget: int
    reward: Floats | None = array("v", default=None)
    texts: tuple[str, ...] | None = strings("v", default=None)
    law: str = "logistic"

    def check(self) -> None:
        """Refuse what is no forest, variances that are not positive, and nodes out of range."""
        check_forest(self.parent, self.variance, "PreferenceSource")
        check_noise(self.noise, self.law, "PreferenceSource")
        check_pairs(self.test_pairs, len(self.parent), "PreferenceSource.test_pairs")
        wrong = np.flatnonzero((self.leaves < 0) | (self.leaves >= len(self.parent)))
        if wrong.size:
            raise DataError(
                "PreferenceSource.leaves",
                f"the node {self.leaves[wrong[0]]}",
                f"nodes from 0 to {len(self.parent) - 1}",
                int(wrong[0]),
            )
        if self.budget < 1:
            raise DataError("PreferenceSource.budget", str(self.budget), "at least one comparison")

    @staticmethod
    def by_depth(parent: Ints, leaves: Ints, alpha: float) -> Floats:
        """Variances (v,) by which what remains below depth k is 2^(-alpha k), from 1 at a root.

        A leaf takes what remains, so that every response has the prior variance 1.
        """
        depth = np.zeros(len(parent), np.int64)
        for node, up in enumerate(parent.tolist()):
            depth[node] = depth[up] + 1 if up >= 0 else 0
        left = 2.0 ** (-alpha * np.maximum(depth - 1, 0))
        variance: Floats = left * (1.0 - 2.0**-alpha)
        variance[leaves] = left[leaves]
        variance[parent < 0] = 0.0
        return variance

    @staticmethod
    def drawn(parent: Ints, variance: Floats, rng: np.random.Generator) -> Floats:
        """Rewards (v,) with independent normal increments of these variances."""
        step = np.sqrt(variance) * rng.normal(size=len(parent))
        reward = step.tolist()
        for node, up in enumerate(parent.tolist()):
            if up >= 0:
                reward[node] += reward[up]
        return np.array(reward)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """A tree of random shape with n responses."""
        parent, variance, leaves = _tree(rng, n)
        reward = cls.drawn(parent, variance, rng)
        pairs = _pairs(rng, leaves, 12)
        return cls(parent, variance, leaves, pairs, 0.1, 2 * n, reward)


class Preferences(Kind):
    """n comparisons of responses; the split is over comparisons, those for training are annotated.

    Attributes
    ----------
    parent, variance, reward, texts, law
                      as in `PreferenceSource`
    pairs (n, 2)      the two nodes of each comparison
    y (n,)            the margin, reward of the first less reward of the second and noise; its sign
                      says which is preferred
    noise             variance of that noise; a reward model of Bradley and Terry takes it for
                      logistic with the scale sqrt(3 noise) / pi
    signs             whether only the sign of ``y`` means anything, as with labels of people
    """

    whole: ClassVar[tuple[str, ...]] = ("v",)

    parent: Ints = array("v", np.int64)
    variance: Floats = array("v")
    pairs: Ints = array("n 2", np.int64)
    y: Floats = array("n")
    noise: float
    reward: Floats | None = array("v", default=None)
    texts: tuple[str, ...] | None = strings("v", default=None)
    law: str = "logistic"
    signs: bool = False

    def check(self) -> None:
        """Refuse what is no forest, variances that are not positive, and self-comparisons."""
        check_forest(self.parent, self.variance, "Preferences")
        check_noise(self.noise, self.law, "Preferences")
        check_pairs(self.pairs, len(self.parent), "Preferences.pairs")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Comparisons between random responses of a random tree."""
        parent, variance, leaves = _tree(rng, max(4, n // 2))
        reward = PreferenceSource.drawn(parent, variance, rng)
        pairs = _pairs(rng, leaves, n)
        margin = reward[pairs[:, 0]] - reward[pairs[:, 1]]
        y = margin + math.sqrt(0.3) / math.pi * rng.logistic(size=n)
        return cls(parent, variance, pairs, y, 0.1, reward)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Margins from known rewards; and labels of texts, without rewards."""
        data = cls.example(rng, n)
        yield data
        texts = tuple(f" word{node}" for node in range(len(data.parent)))
        yield dataclasses.replace(data, y=np.sign(data.y), reward=None, texts=texts, signs=True)

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with both answers in the training part."""
        order = rng.permutation(self.n)
        order = classes_first(order, (self.y > 0).astype(np.int64))
        return dataclasses.replace(self, split=parts(order))


def check_forest(parent: Ints, variance: Floats, kind: str) -> None:
    """Raise `DataError` where parents do not come first, or a variance is not positive."""
    late = np.flatnonzero((parent >= np.arange(len(parent))) | (parent < -1))
    if late.size:
        node = int(late[0])
        found = f"the parent {parent[node]} of the node {node}"
        raise DataError(
            f"{kind}.parent", found, "a parent before its child, or -1 for a root", node
        )
    wrong = np.flatnonzero(np.where(parent < 0, variance != 0, variance <= 0))
    if wrong.size:
        node = int(wrong[0])
        wanted = "0 for a root" if parent[node] < 0 else "a variance above 0"
        raise DataError(f"{kind}.variance", f"{variance[node]:g}", wanted, node)


def check_noise(noise: float, law: str, kind: str) -> None:
    """Raise `DataError` for a variance of the noise below 0, and for an unknown law."""
    if not 0 <= noise < math.inf:
        raise DataError(f"{kind}.noise", f"{noise:g}", "a variance from 0 up")
    if law not in LAWS:
        raise DataError(f"{kind}.law", repr(law), "one of " + ", ".join(LAWS))


def check_pairs(pairs: Ints, nodes: int, where: str) -> None:
    """Raise `DataError` for a node out of range, and for a response compared with itself."""
    outside = ((pairs < 0) | (pairs >= nodes)).any(1)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(where, f"nodes {pairs[row].tolist()}", f"nodes from 0 to {nodes - 1}", row)
    own = pairs[:, 0] == pairs[:, 1]
    if own.any():
        row = int(np.argmax(own))
        raise DataError(
            where, f"the node {pairs[row, 0]} compared with itself", "two different nodes", row
        )


def _tree(rng: np.random.Generator, n: int) -> tuple[Ints, Floats, Ints]:
    """Parents and variances of a tree of n leaves below n // 2 inner nodes, and its leaves."""
    inner = max(1, n // 2)
    above = [int(rng.integers(max(0, i // 2), i)) if i else -1 for i in range(inner)]
    parent = np.array(above + [int(i) for i in rng.integers(inner, size=n)], np.int64)
    variance = 0.5 + rng.random(inner + n)
    variance[0] = 0.0
    return parent, variance, np.arange(inner, inner + n)


def _pairs(rng: np.random.Generator, leaves: Ints, n: int) -> Ints:
    first = rng.integers(len(leaves), size=n)
    second = (first + rng.integers(1, len(leaves), size=n)) % len(leaves)
    return np.column_stack([leaves[first], leaves[second]])
