"""Clusters as codes: complexity, distortion, and the partition of least distortion."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Ints, Partitions


def complexity(labels: Ints) -> float:
    """I(X;C) in nats of a hard partition, X uniform over the items: the entropy of the sizes.

    Shani et al. 2025, equation 4: ln n - (1/n) sum_c n_c ln n_c.
    """
    p = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(p * np.log(p)).sum())


class Scatter:
    """Sums of squares of vectors ``(n, d)`` about the means of any partition of them.

    Where there are more columns than rows, it works with the products of rows, which are all that
    distances depend on.
    """

    def __init__(self, x: Floats) -> None:
        self.n = len(x)
        centred = x - x.mean(0)
        self.total = float((centred**2).sum())
        self._gram = centred @ centred.T if x.shape[1] > self.n else None
        self._x = centred

    def within(self, labels: Ints) -> float:
        """The sum of squared distances of items to the mean of their cluster."""
        codes, counts = np.unique(labels, return_inverse=True, return_counts=True)[1:]
        one = np.zeros((self.n, len(counts)))
        one[np.arange(self.n), codes] = 1.0
        if self._gram is not None:
            between = np.einsum("nk,nk->k", one, self._gram @ one) / counts
        else:
            between = ((one.T @ self._x) ** 2).sum(1) / counts
        return max(0.0, self.total - float(between.sum()))

    def distortion(self, labels: Ints) -> float:
        """D(X, C) of equation 5: the mean squared distance of an item to the mean of its cluster.

        It is the sum over dimensions, not their mean, and n D is the inertia of k-means.
        """
        return self.within(labels) / self.n

    @property
    def variance(self) -> float:
        """The total variance T: the distortion of a single cluster."""
        return self.total / self.n


def at_categories(data: Partitions, *, informed: bool) -> Ints:
    """The columns with as many clusters as there are categories.

    With ``informed`` those that were found with the help of the categories, too. Raises
    `Incompatible` where there are none.
    """
    wanted = data.k == data.n_classes
    if not informed:
        wanted &= ~data.informed
    if not wanted.any():
        raise Incompatible(
            f"no partition into {data.n_classes} clusters, the number of categories"
            + ("" if informed else ", that was found without them")
        )
    return np.flatnonzero(wanted)


def best(data: Partitions, scatter: Scatter, *, informed: bool = True) -> Ints:
    """The labels of least distortion among those of `at_categories`."""
    columns = at_categories(data, informed=informed)
    inertia = [scatter.within(data.labels[:, column]) for column in columns]
    labels: Ints = data.labels[:, columns[int(np.argmin(inertia))]]
    return labels
