"""The paper's other subsamplers, each a `Selection` of structures from their environments.

Nested methods select up to the largest of ``data.sizes`` (all structures where none is asked for);
clustering gives one set per size, by default at 5, 10, 20 and 50 % of the structures.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from harness import Environments, Floats, Ints, Selection
from harness_msc import cloud, greedy
from harness_msc.compiled import Compiled
from harness_msc.cover import structure_entropies
from harness_msc.settings import Kernel

FRACTIONS = (0.05, 0.1, 0.2, 0.5)


def _largest(data: Environments) -> int:
    return min(max(data.sizes, default=data.n), data.n)


def _means(data: Environments) -> Floats:
    """The mean environment of each structure ``(n, p)``."""
    sums: Floats = np.add.reduceat(data.x, data.offsets[:-1], axis=0)
    return sums / np.diff(data.offsets)[:, None]


@dataclass(frozen=True)
class Random:
    """Structures drawn uniformly, without replacement."""

    def estimate(self, data: Environments, *, rng: np.random.Generator) -> Selection:
        """A random order."""
        return Selection(rng.permutation(data.n)[: _largest(data)])


class MaxEntropy(Kernel, Compiled):
    """Structures by decreasing entropy H_s of their own environments; ties in data order."""

    h: float = 0.015

    def estimate(self, data: Environments, *, rng: np.random.Generator | None = None) -> Selection:
        """The order, with H_s in nats as scores."""
        entropies = structure_entropies(data, self.h)
        order = np.argsort(-entropies, kind="stable")[: _largest(data)]
        return Selection(order, entropies[order])


@dataclass(frozen=True)
class MeanFarthest:
    """Farthest-point sampling of the structures' mean environments, from a random start."""

    def estimate(self, data: Environments, *, rng: np.random.Generator) -> Selection:
        """The order; ``scores`` are distances to the nearest mean picked before. Time O(m n p)."""
        means, count = _means(data), _largest(data)
        order, scores = np.empty(count, np.int64), np.empty(count)
        least = np.full(data.n, np.inf)
        at = int(rng.integers(data.n))
        for step in range(count):
            order[step], scores[step] = at, least[at]
            least = np.minimum(least, np.linalg.norm(means - means[at], axis=1))
            least[order[: step + 1]] = -1.0
            at = int(least.argmax())
        return Selection(order, scores)


class Farthest(Kernel, Compiled):
    """Farthest-point sampling by the mean distance over all pairs of environments.

    Starts from the structure with the greatest entropy H_s at bandwidth ``h``. Exact, with pruning:
    `greedy.farthest`.
    """

    h: float = 0.015

    def estimate(self, data: Environments, *, rng: np.random.Generator | None = None) -> Selection:
        """The order; ``scores`` are the distances to the nearest structure picked before."""
        first = int(structure_entropies(data, self.h).argmax())
        # A bandwidth of 1/sqrt(2) leaves distances in the unit of the data.
        frame = cloud.Frame.of(data.x, 0.5**0.5)
        rows, means = frame.place(data.x), frame.place(_means(data))
        order, scores = greedy.farthest(rows, data.offsets, means, first, _largest(data))
        return Selection(order, scores)


@dataclass(frozen=True)
class KMeans(Compiled):
    """A random member of each cluster of mean environments, of as many as are asked for."""

    def estimate(self, data: Environments, *, rng: np.random.Generator) -> Selection:
        """One set per size; each size has a random stream of its own, whatever the others are."""
        return _clustered(data, rng, None)


class KMeansEntropy(Kernel, Compiled):
    """The member of greatest entropy H_s of each cluster of mean environments."""

    h: float = 0.015

    def estimate(self, data: Environments, *, rng: np.random.Generator) -> Selection:
        """One set per size, as in `KMeans`."""
        return _clustered(data, rng, structure_entropies(data, self.h))


def _clustered(data: Environments, rng: np.random.Generator, entropies: Floats | None) -> Selection:
    sizes = data.sizes or sorted({max(1, round(data.n * fraction)) for fraction in FRACTIONS})
    means, root = _means(data), int(rng.integers(2**63))
    sets = {}
    for size in sorted({min(size, data.n) for size in sizes}):
        sets[size] = _members(means, size, np.random.default_rng([root, size]), entropies)
    return Selection(sets[max(sets)], sets=sets)


def _members(means: Floats, size: int, rng: np.random.Generator, entropies: Floats | None) -> Ints:
    """One structure of each cluster, filled up to ``size`` at random where means are equal."""
    from sklearn.cluster import KMeans as Clusters
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Fewer distinct means than clusters: filled up below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = Clusters(size, n_init=1, random_state=int(rng.integers(2**31))).fit(means).labels_

    def choose(members: Ints) -> int:
        return int(
            rng.choice(members) if entropies is None else members[entropies[members].argmax()]
        )

    chosen = [choose(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    rest = np.setdiff1d(np.arange(len(means)), chosen)
    return np.concatenate([chosen, rng.permutation(rest)[: size - len(chosen)]]).astype(np.int64)
