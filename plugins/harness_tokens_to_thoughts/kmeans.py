"""k-means from many starts, on the products of rows: the number of columns does not matter."""

from __future__ import annotations

import logging

import numpy as np

from harness import ConceptVectors, Floats, Incompatible, Ints, Kind, Partitions
from harness_tokens_to_thoughts.settings import Clustering

LOG = logging.getLogger("harness.tokens_to_thoughts")
MOST_ITEMS = 10_000
"""More would need more than 800 MB for the products."""
SWEEPS = 300


class KMeans(Clustering):
    """The partitions of items by k-means (Lloyd's sweeps after greedy k-means++ starts).

    The starts at the number of categories are all kept, so that agreement can be given with its
    spread; of other numbers of clusters the best. The start at the categories' means guarantees a
    distortion that is not above theirs, and is marked as informed: agreement does not count it.
    """

    def transform(
        self, data: ConceptVectors, *, to: type[Kind], rng: np.random.Generator
    ) -> Partitions:
        """Partitions of all items, whatever their split: nothing is learnt from categories.

        Raises `Incompatible` for fewer different vectors than categories, for more items than
        `MOST_ITEMS`, and for a zero vector that is to be scaled to length one.
        """
        if data.n > MOST_ITEMS:
            raise Incompatible(f"{data.n} items; k-means takes at most {MOST_ITEMS} here")
        x = scaled(data.x, self.rows)
        k, different = data.n_classes, len(np.unique(x, axis=0))
        if different < k:
            raise Incompatible(
                f"{different} different vectors; wanted one for each of {k} clusters"
            )
        products = Products(x)
        columns = list(products.restarts(k, self.n_init, rng))
        sizes, informed = [k] * self.n_init, [False] * self.n_init
        if self.human_start:
            codes = np.unique(data.y, return_inverse=True)[1]
            columns.append(products.lloyd(codes, k))
            sizes.append(k)
            informed.append(True)
        for other in self.clusters:
            if other == k:
                continue
            if other > different:
                LOG.warning("%d clusters left out: %d different vectors", other, different)
                continue
            found = products.restarts(other, self.n_init, rng)
            columns.append(found[int(np.argmin([products.inertia(c, other) for c in found]))])
            sizes.append(other)
            informed.append(False)
        return Partitions(
            np.stack(columns, 1), np.array(sizes), np.array(informed), x, data.y, data.classes
        )


def scaled(x: Floats, how: str) -> Floats:
    """Vectors as they are, with length one, or with columns of variance one (constant ones zero).

    Raises `Incompatible` for a zero vector that should have length one.
    """
    if how == "unit":
        norms = np.linalg.norm(x, axis=1, keepdims=True)
        if (norms == 0).any():
            raise Incompatible(f"item {int(np.argmin(norms))} has a zero vector; wanted rows=none")
        return np.asarray(x / norms)
    if how == "standardize":
        spread = x.std(0)
        return np.asarray((x - x.mean(0)) / np.where(spread > 0, spread, 1.0))
    return x


class Products:
    """The products ``(n, n)`` of centred vectors, and what k-means needs of them.

    The squared distance of item i to the mean of a cluster c with n_c items is
    G_ii - 2 S_ic / n_c + (sum of S_jc over j in c) / n_c^2 with S_ic the sum of G_ij over j in c.
    A sweep changes S by the items that moved alone.
    """

    def __init__(self, x: Floats) -> None:
        centred = x - x.mean(0)
        self.n, self.gram = len(x), centred @ centred.T
        self.norms = np.diag(self.gram).copy()
        self.distances = np.maximum(0.0, self.norms[:, None] + self.norms - 2 * self.gram)
        np.fill_diagonal(self.distances, 0.0)

    def restarts(self, k: int, count: int, rng: np.random.Generator) -> list[Ints]:
        """Labels ``(n,)`` of so many runs, each from its own start."""
        seeds = self._seeds(k, count, rng)
        return [self.lloyd(self.distances[:, s].argmin(1), k) for s in seeds]

    def _seeds(self, k: int, count: int, rng: np.random.Generator) -> Ints:
        """Greedy k-means++ ``(count, k)``: of a few draws the one that lowers the sum most."""
        trials = 2 + int(np.log(k))
        seeds = np.empty((count, k), np.int64)
        seeds[:, 0] = rng.integers(self.n, size=count)
        nearest = self.distances[seeds[:, 0]]
        runs = np.arange(count)
        for j in range(1, k):
            heights = nearest.cumsum(1)
            u = rng.random((count, trials)) * heights[:, -1:]
            drawn = np.stack(
                [np.searchsorted(row, at, side="right") for row, at in zip(heights, u, strict=True)]
            ).clip(max=self.n - 1)
            lowered = np.minimum(nearest[:, None], self.distances[drawn])
            choice = lowered.sum(2).argmin(1)
            seeds[:, j], nearest = drawn[runs, choice], lowered[runs, choice]
        return seeds

    def lloyd(self, labels: Ints, k: int) -> Ints:
        """Sweeps from these labels until no item gets nearer by moving; no cluster is empty."""
        labels, items = labels.copy(), np.arange(self.n)
        one = np.zeros((self.n, k))
        one[items, labels] = 1.0
        sums = self.gram @ one
        least = 1e-12 * max(float(self.norms.max()), 1e-300)
        for _ in range(SWEEPS):
            counts = one.sum(0)
            if (empty := np.flatnonzero(counts == 0)).size:
                new = self._filled(labels, sums, counts, empty)
            else:
                squares = np.einsum("nk,nk->k", one, sums) / counts**2
                away = squares - 2 * sums / counts
                new = away.argmin(1)
                new = np.where(away[items, new] < away[items, labels] - least, new, labels)
            moved = np.flatnonzero(new != labels)
            if not moved.size:
                break
            change = np.zeros((len(moved), k))
            change[np.arange(len(moved)), new[moved]] = 1.0
            change[np.arange(len(moved)), labels[moved]] -= 1.0
            sums += self.gram[:, moved] @ change
            one[moved] += change
            labels = new
        return labels

    def _filled(self, labels: Ints, sums: Floats, counts: Floats, empty: Ints) -> Ints:
        """Labels where every empty cluster gets the item that is farthest from its own mean."""
        own = counts[labels]
        squares = (
            np.bincount(labels, sums[np.arange(self.n), labels], len(counts))
            / np.maximum(counts, 1.0) ** 2
        )
        away = self.norms - 2 * sums[np.arange(self.n), labels] / own + squares[labels]
        labels, counts = labels.copy(), counts.copy()
        for cluster in empty:
            item = int(np.where(counts[labels] > 1, away, -np.inf).argmax())
            counts[labels[item]] -= 1
            counts[cluster] += 1
            labels[item], away[item] = cluster, 0.0
        return labels

    def inertia(self, labels: Ints, k: int) -> float:
        """The sum of squared distances to the means of clusters, of which none is empty."""
        one = np.zeros((self.n, k))
        one[np.arange(self.n), labels] = 1.0
        between = np.einsum("nk,nk->k", one, self.gram @ one) / one.sum(0)
        return float(self.norms.sum() - between.sum())
