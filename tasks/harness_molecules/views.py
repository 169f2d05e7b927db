"""Molecules as the kinds that estimators of other fields read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import (
    ConditionedSamples,
    Incompatible,
    Kind,
    Molecules,
    PairedSamples,
    RelationPairs,
    Split,
    Structures,
)
from harness_molecules import settings


@dataclass(frozen=True)
class Relations:
    """The relations of all pairs of atoms."""

    def transform(
        self, data: Molecules, *, to: type[Kind], rng: np.random.Generator
    ) -> RelationPairs:
        """The connected pairs, molecule by molecule, split alike.

        Raises `Incompatible` for molecules without positions.
        """
        if not data.located.any():
            raise Incompatible("molecules without positions")
        return RelationPairs.of(data)


class Pairs(settings.Pairs):
    """I(distance; hops): x is the distance, y the hops, with many as one class.

    Pairs of one molecule depend on each other: standard errors of estimators that take them for
    independent draws are too small.
    """

    def transform(
        self, data: Molecules | RelationPairs, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples | ConditionedSamples:
        """Columns ``(pairs, 1)``, in the parts of their molecules; where conditions are wanted, z
        is a code of the two elements.

        Raises `Incompatible` for molecules without positions, or a part of them without pairs.
        """
        if isinstance(data, Molecules):
            data = Relations().transform(data, to=RelationPairs, rng=rng)
        x, y = data.distance[:, None], np.minimum(data.hops, self.most_hops)[:, None].astype(float)
        if self.jitter:
            x = x + self.jitter * rng.normal(size=x.shape)
        split = None if data.split is None else _split(data, data.split)
        if to is not ConditionedSamples:
            return PairedSamples(x, y, y_kind="discrete", split=split)
        z = np.unique(np.sort(data.types, axis=1), axis=0, return_inverse=True)[1].reshape(-1, 1)
        return ConditionedSamples(
            x, y, z.astype(float), y_kind="discrete", z_kind="discrete", split=split
        )


def _split(data: RelationPairs, split: Split) -> Split:
    """The pairs of the molecules of each part."""
    owner = data.owners()
    rows = {name: np.flatnonzero(np.isin(owner, part)) for name, part in split.parts()}
    if not (rows["train"].size and rows["test"].size):
        raise Incompatible("molecules of the training or test part without a pair")
    return Split(**rows)


@dataclass(frozen=True)
class Atoms:
    """Molecules as structures that are not periodic."""

    def transform(self, data: Molecules, *, to: type[Kind], rng: np.random.Generator) -> Structures:
        """The same atoms, without bonds. Raises `Incompatible` for atoms without a position."""
        if data.positions is None or not data.located.all():
            raise Incompatible("atoms without a position")
        return Structures(
            data.numbers,
            data.positions,
            data.offsets,
            np.zeros((data.n, 3, 3)),
            np.zeros((data.n, 3), bool),
            sizes=data.sizes,
            split=data.split,
        )
