"""From molecules and pairs to what networks and tables read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness import Floats, Incompatible, Ints, Molecules, RelationPairs, Split
from harness_moleblend import settings

SMALLEST = 50
"""Molecules below which an interval over molecules means little."""


class Parts(NamedTuple):
    """Positions of the molecules that train, validate and test."""

    train: Ints
    valid: Ints
    test: Ints


def parts_of(split: Split | None, kind: str) -> Parts:
    """Without a validation part, the training part validates. `Incompatible` without a split."""
    if split is None:
        raise Incompatible(f"needs data with a train/test split; this {kind} has none")
    return Parts(split.train, split.valid if split.valid.size else split.train, split.test)


@dataclass(frozen=True, eq=False)
class Labels:
    """Classes of relations, and the shares that they have in training.

    ``hops (pairs,)`` from 0 up, ``bins (pairs,)``; ``null`` holds the logarithms of the shares.
    """

    hops: Ints
    bins: Ints
    edges: Floats
    null: tuple[Floats, Floats]

    @classmethod
    def of(cls, pairs: RelationPairs, train: Ints, how: settings.Classes) -> Labels:
        """Bins and shares by the pairs of training molecules; shares by those that may be hidden.

        Raises `Incompatible` where training molecules have no pair.
        """
        rows = np.isin(pairs.owners(), train)
        if not rows.any():
            raise Incompatible("training molecules without a pair of atoms")
        quantiles = np.arange(1, how.bins) / how.bins
        edges = np.unique(np.quantile(pairs.distance[rows], quantiles))
        hops = np.minimum(pairs.hops, how.hop_classes) - 1
        bins = np.searchsorted(edges, pairs.distance, side="right")
        free = [rows, rows]
        if pairs.shown is not None:
            free = [rows & (pairs.shown != hidden) for hidden in (0, 1)]
        null = tuple(
            _shares(y[kept], classes)
            for y, kept, classes in ((hops, free[0], how.hop_classes), (bins, free[1], how.bins))
        )
        return cls(hops, bins, edges, (null[0], null[1]))

    @property
    def both(self) -> tuple[Ints, Ints]:
        """The classes of hops and of distances."""
        return self.hops, self.bins


def _shares(y: Ints, classes: int) -> Floats:
    """Logarithms of the shares, with half a count for what never occurs."""
    counts = np.maximum(np.bincount(y, minlength=classes), 0.5)
    found: Floats = np.log(counts / counts.sum())
    return found


@dataclass(frozen=True, eq=False)
class Atoms:
    """The atoms of each molecule beside its pairs: ``numbers``, cut by ``offsets``."""

    numbers: Ints
    offsets: Ints
    pairs: RelationPairs

    @classmethod
    def of(cls, data: Molecules | RelationPairs) -> Atoms:
        """Raises `Incompatible` for molecules without positions."""
        if isinstance(data, Molecules):
            if not data.located.any():
                raise Incompatible("molecules without positions")
            return cls(data.numbers, data.offsets, RelationPairs.of(data))
        owner = data.owners()
        sizes = np.ones(data.n, np.int64)
        np.maximum.at(sizes, owner, data.ends.max(1) + 1)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        numbers = np.zeros(offsets[-1], np.int64)
        numbers[data.ends + offsets[owner][:, None]] = data.types
        return cls(np.minimum(numbers, 118), offsets, data)

    @property
    def sizes(self) -> Ints:
        """Number of atoms of each molecule."""
        return np.diff(self.offsets)


@dataclass(frozen=True, eq=False)
class Batch:
    """Some molecules: ``numbers (b, n)`` with 0 where there is no atom, and their pairs flat.

    ``rows (p,)`` are positions among all pairs; ``unit``, ``i``, ``j`` (p,) where a pair lies.
    """

    molecules: Ints
    numbers: Ints
    rows: Ints
    unit: Ints
    i: Ints
    j: Ints


def batch(atoms: Atoms, molecules: Ints, padding: int = 0) -> Batch:
    """The molecules at these positions, as wide as the largest of them and ``padding``."""
    sizes = atoms.sizes[molecules]
    numbers = np.zeros((len(molecules), int(sizes.max()) + padding), np.int64)
    for row, (m, size) in enumerate(zip(molecules, sizes, strict=True)):
        numbers[row, :size] = atoms.numbers[atoms.offsets[m] : atoms.offsets[m] + size]
        # 0 is no atom, so codes from 0 up become codes from 1 up.
    numbers[np.arange(numbers.shape[1]) < sizes[:, None]] += 1
    cuts = atoms.pairs.offsets
    counts = np.diff(cuts)[molecules]
    unit = np.repeat(np.arange(len(molecules)), counts)
    starts = np.cumsum(counts) - counts
    rows = np.arange(counts.sum()) + (cuts[molecules] - starts)[unit]
    i, j = atoms.pairs.ends[rows].T
    return Batch(molecules, numbers, rows, unit, i, j)


def epoch(sizes: Ints, molecules: Ints, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Each molecule once, those of about the same size together, in batches of random order."""
    order = rng.permutation(molecules)
    order = order[np.argsort((sizes[order] + 3) // 4, kind="stable")]
    batches = np.array_split(order, max(1, round(len(order) / size)))
    for which in rng.permutation(len(batches)):
        yield batches[which]
