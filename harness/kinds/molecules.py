"""Molecules, and the relations of their pairs of atoms."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.errors import DataError
from harness.kinds.atoms import check_sizes
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid
from harness.kinds.fields import added, array, strings
from harness.kinds.fields import offsets as cut

ORDERS = ("none", "single", "double", "triple", "aromatic")
"""What the order of a bond may be, by its number."""
CLOSE = 0.1
"""Å; atoms that are nearer to each other are told."""


class Molecules(Kind):
    """n molecules; ``items`` are their atoms and ``bonds`` their bonds, one molecule after another.

    Attributes
    ----------
    numbers (items,)     atomic numbers
    offsets (n+1,)       molecule m owns the atoms ``offsets[m]:offsets[m+1]``
    bonds (bonds, 3)     the two atoms of a bond, numbered from 0 within the molecule, and its order
                         (a position in `ORDERS`: 1 single, 2 double, 3 triple, 4 aromatic)
    bond_offsets (n+1,)  the cuts between the bonds of molecules, of which there may be none
    positions (items, 3) Cartesian, Å, where known
    placed (items,)      which atoms have a position, where not all have: a position at the origin
                         is one
    labels (n,)          a property of each molecule, where known
    names (n)            a name for each, the same for equal molecules (canonical SMILES, say)
    sizes                subset sizes that the task will ask a selector for, in molecules
    """

    judged: ClassVar[tuple[str, ...]] = ("labels",)
    coordinates: ClassVar[tuple[str, ...]] = ("positions",)

    numbers: Ints = array("items", np.int64)
    offsets: Ints = cut()
    bonds: Ints = array("bonds 3", np.int64)
    bond_offsets: Ints = cut("bonds", min_items=0)
    positions: Floats | None = array("items 3", default=None)
    placed: Bools | None = array("items", np.bool_, default=None)
    labels: Floats | None = array("n", default=None)
    names: tuple[str, ...] | None = strings("n", default=None)
    sizes: tuple[int, ...] = added(default=())

    @property
    def located(self) -> Bools:
        """Which atoms have a position."""
        if self.positions is None:
            return np.zeros(len(self.numbers), bool)
        return np.ones(len(self.numbers), bool) if self.placed is None else self.placed

    def check(self) -> None:
        """Refuse impossible elements, bonds and orders, and molecules of training seen again."""
        wrong = np.flatnonzero((self.numbers < 1) | (self.numbers > 118))
        if wrong.size:
            found = f"atomic number {self.numbers[wrong[0]]}"
            raise DataError("Molecules.numbers", found, "1 to 118", int(wrong[0]))
        if self.placed is not None and self.positions is None:
            raise DataError("Molecules.placed", "a mask without positions", "positions, too")
        check_sizes(self.sizes, "Molecules.sizes")
        self._check_bonds()
        if self.split is not None and self.names is not None:
            self._check_leaks(self.names)

    def _check_bonds(self) -> None:
        ends, order = self.bonds[:, :2], self.bonds[:, 2]
        sizes = np.repeat(np.diff(self.offsets), np.diff(self.bond_offsets))
        outside = ((ends < 0) | (ends >= sizes[:, None])).any(1)
        loops = ends[:, 0] == ends[:, 1]
        owner = np.repeat(np.arange(self.n), np.diff(self.bond_offsets))
        key = np.column_stack([owner, ends.min(1), ends.max(1)]) if len(ends) else ends
        twice = np.ones(len(ends), bool)
        twice[np.unique(key, axis=0, return_index=True)[1]] = False
        for broken, found, wanted in (
            (outside, "an end that is no atom of the molecule", "atoms numbered from 0 within it"),
            (loops, "a bond of an atom with itself", "two different atoms"),
            (twice, "the same bond again", "each bond once"),
            ((order < 1) | (order >= len(ORDERS)), "an order out of range", "1, 2, 3, or 4"),
        ):
            if broken.any():
                row = int(broken.argmax())
                raise DataError("Molecules.bonds", f"{found}: {self.bonds[row]}", wanted, row)

    def _check_leaks(self, names: tuple[str, ...]) -> None:
        assert self.split is not None
        seen = {names[row] for row in self.split.train}
        for row in (*self.split.test, *self.split.valid):
            if names[row] in seen:
                found = f"{names[row]!r} of the training part again"
                wanted = "molecules that training does not have"
                raise DataError("Molecules.split", found, wanted, int(row))

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Trees of 3 to 7 atoms in a plane, with the number of oxygen atoms as label."""
        sizes = rng.integers(3, 8, size=n)
        cuts = np.concatenate([[0], np.cumsum(sizes)])
        bonds, positions = [], []
        for size in sizes:
            spots = np.zeros((size, 3))
            for atom in range(1, size):
                parent, angle = int(rng.integers(atom)), 2 * np.pi * rng.random()
                spots[atom] = spots[parent] + 1.5 * np.array([np.cos(angle), np.sin(angle), 0])
                spots[atom, 2] = 0.3 * atom  # no two atoms in one place
                bonds.append((parent, atom, 1 + int(rng.integers(2))))
            positions.append(spots)
        numbers = rng.choice([6, 7, 8], size=cuts[-1])
        return cls(
            numbers,
            cuts,
            np.array(bonds),
            np.concatenate([[0], np.cumsum(sizes - 1)]),
            on_grid(np.concatenate(positions)),
            labels=np.add.reduceat((numbers == 8).astype(float), cuts[:-1]),
        )

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Placed and labelled molecules; some without all positions; graphs alone."""
        first = cls.example(rng, n)
        yield first
        some = rng.random(len(first.numbers)) < 0.9
        yield dataclasses.replace(first, placed=some, labels=None)
        yield dataclasses.replace(first, positions=None)

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """Atoms without a bond, and all atoms in one place."""
        none = np.zeros((0, 3), np.int64)
        cuts = np.zeros(self.n + 1, np.int64)
        yield "no bonds", dataclasses.replace(self, bonds=none, bond_offsets=cuts)
        if self.positions is not None:
            yield "one place", dataclasses.replace(self, positions=np.zeros_like(self.positions))


class RelationPairs(Kind):
    """The relations of pairs of atoms: steps along bonds and distance in space; n molecules.

    Attributes
    ----------
    hops (items,)      number of bonds on the shortest path between the two atoms, from 1 up
    distance (items,)  Å
    types (items, 2)   atomic numbers of the two, or other codes from 0 up
    ends (items, 2)    the two atoms, numbered from 0 within the molecule
    offsets (n+1,)     molecule m owns the pairs ``offsets[m]:offsets[m+1]``; there may be none
    orders (items,)    order of the bond between the two, 0 without one, where known
    shown (items,)     which relation predictors may see, where the data prescribe it: 0 hops,
                       1 distance
    """

    hops: Ints = array("items", np.int64)
    distance: Floats = array("items")
    types: Ints = array("items 2", np.int64)
    ends: Ints = array("items 2", np.int64)
    offsets: Ints = cut(min_items=0)
    orders: Ints | None = array("items", np.int64, default=None)
    shown: Ints | None = array("items", np.int64, default=None)

    @classmethod
    def of(cls, molecules: Molecules) -> Self:
        """All pairs of atoms that bonds connect and that both have a position, with the split.

        Pairs of atoms in different fragments are left out. Atoms of one molecule that are nearer
        than 0.1 Å are logged as a warning under ``harness.molecules``.

        Raises
        ------
        DataError : molecules without any such pair.
        """
        found = [_related(molecules, m) for m in range(molecules.n)]
        ends, hops, orders = (np.concatenate(part) for part in zip(*found, strict=True))
        sizes = [len(part[0]) for part in found]
        if not sum(sizes):
            wanted = "at least one pair of atoms, connected by bonds and both with a position"
            raise DataError("Molecules", "no related pair", wanted)
        atoms = ends + np.repeat(molecules.offsets[:-1], sizes)[:, None]
        assert molecules.positions is not None
        spots = molecules.positions[atoms]
        distance = np.sqrt(((spots[:, 1] - spots[:, 0]) ** 2).sum(1))
        close = distance < CLOSE
        if close.any():
            logging.getLogger("harness.molecules").warning(
                "%d pairs of atoms are nearer than %g Å, the nearest %.3g Å",
                *(close.sum(), CLOSE, distance.min()),
            )
        cuts = np.concatenate([[0], np.cumsum(sizes)])
        types = molecules.numbers[atoms]
        return cls(hops, distance, types, ends, cuts, orders, split=molecules.split)

    def check(self) -> None:
        """Refuse what are no hops, distances, pairs or prescriptions."""
        for name, least, most in (
            *(("hops", 1, None), ("distance", 0, None), ("types", 0, None), ("ends", 0, None)),
            *(("orders", 0, len(ORDERS) - 1), ("shown", 0, 1)),
        ):
            value = getattr(self, name)
            if value is None or not value.size:
                continue
            broken = (value < least) | (value > (math.inf if most is None else most))
            if broken.any():
                row = int(np.argwhere(broken)[0][0])
                wanted = f"{least} or more" if most is None else f"{least} to {most}"
                raise DataError(f"RelationPairs.{name}", f"{value[broken][0]}", wanted, row)
        if not len(self.hops):
            raise DataError("RelationPairs", "no pairs", "at least one")
        same = self.ends[:, 0] == self.ends[:, 1]
        if same.any():
            found = "a pair of an atom with itself"
            raise DataError("RelationPairs.ends", found, "two different", int(same.argmax()))

    def owners(self) -> Ints:
        """The molecule of each pair."""
        return np.repeat(np.arange(self.n), np.diff(self.offsets))

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """The pairs of `Molecules.example`."""
        return cls.of(Molecules.example(rng, n))

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Pairs of molecules, and pairs whose shown relation is prescribed."""
        first = cls.example(rng, n)
        yield first
        yield dataclasses.replace(first, shown=np.arange(len(first.hops)) % 2)


def _related(molecules: Molecules, m: int) -> tuple[Ints, Ints, Ints]:
    """Ends, hops and orders of the pairs of molecule m: breadth-first search from all atoms."""
    a, b = molecules.offsets[m : m + 2]
    size = int(b - a)
    bonds = molecules.bonds[slice(*molecules.bond_offsets[m : m + 2])]
    order = np.zeros((size, size), np.int64)
    order[bonds[:, 0], bonds[:, 1]] = order[bonds[:, 1], bonds[:, 0]] = bonds[:, 2]
    linked = (order > 0).astype(np.float32)
    hops = np.zeros((size, size), np.int64)
    reached, front = np.eye(size, dtype=bool), np.eye(size, dtype=np.float32)
    for step in range(1, size):
        new = (front @ linked > 0) & ~reached
        if not new.any():
            break
        hops[new] = step
        reached |= new
        front = new.astype(np.float32)
    here = molecules.located[a:b]
    i, j = np.nonzero(np.triu(reached & here[:, None] & here, 1))
    return np.column_stack([i, j]), hops[i, j], order[i, j]
