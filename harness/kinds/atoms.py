"""Atomic structures and the environments of their atoms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np

from harness import mapped
from harness.arrays import Bools, Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import alternating, on_grid
from harness.kinds.fields import array, offsets, strings

_NAMES = (
    "X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
SYMBOLS = _NAMES.split()
"""Of the elements, by atomic number."""


class Structures(Kind):
    """n atomic structures; ``items`` are their atoms, one structure after the other.

    Attributes
    ----------
    numbers (items,)       atomic numbers
    positions (items, 3)   Cartesian, Å
    offsets (n+1,)         structure s owns the atoms ``offsets[s]:offsets[s+1]``
    cells (n, 3, 3)        lattice vectors as rows, Å; zero where not periodic
    pbc (n, 3)             which lattice directions are periodic; mixed ones are allowed
    energies (n,)          total energies, eV, where known
    forces (items, 3)      eV/Å, where known
    groups (n)             a label per structure (configuration type, source ...)
    sizes                  subset sizes that the task will ask a selector for, in structures
    """

    coordinates: ClassVar[tuple[str, ...]] = ("positions",)
    scaled_too: ClassVar[tuple[str, ...]] = ("cells",)

    numbers: Ints = array("items", np.int64)
    positions: Floats = array("items 3")
    offsets: Ints = offsets()
    cells: Floats = array("n 3 3")
    pbc: Bools = array("n 3", np.bool_)
    energies: Floats | None = array("n", default=None)
    forces: Floats | None = array("items 3", default=None)
    groups: tuple[str, ...] | None = strings("n", default=None)
    sizes: tuple[int, ...] = ()

    def identify(self) -> dict[str, Any]:
        """Number of atoms and group of each structure."""
        groups = {} if self.groups is None else {"group": self.groups}
        return {"atoms": np.diff(self.offsets), **groups}

    def identify_items(self) -> dict[str, Any]:
        """Structure, place within it, and element of each atom; the group of its structure."""
        elements = [SYMBOLS[number] for number in self.numbers]
        return {**_items(self.offsets, self.groups), "element": elements}

    def check(self) -> None:
        """Refuse impossible elements and flat periodic cells."""
        if self.numbers.min() < 1 or self.numbers.max() > 118:
            row = int(((self.numbers < 1) | (self.numbers > 118)).argmax())
            found = f"atomic number {self.numbers[row]}"
            raise DataError("Structures.numbers", found, "1 to 118", row)
        # The volume that the periodic vectors span, in their own dimension.
        for part in mapped.blocks_of(self.cells):
            periodic = self.cells[part] * self.pbc[part, :, None]
            gram = periodic @ periodic.transpose(0, 2, 1)
            gram[:, range(3), range(3)] += ~self.pbc[part]
            flat = np.flatnonzero(np.linalg.det(gram) < 1e-12)
            if flat.size:
                raise DataError(
                    "Structures.cells",
                    "periodic directions that span no volume",
                    "linearly independent lattice vectors",
                    part.start + int(flat[0]),
                )
        check_sizes(self.sizes, "Structures.sizes")

    @classmethod
    def of_atoms(cls, frames: Iterable[Any]) -> Self:
        """From ASE's atoms, or whatever has ``numbers``, ``positions``, ``cell`` and ``pbc``.

        Energies and forces are those of the calculators' results, where all frames have them.
        Raises `DataError` for what are no atoms, and for none.
        """
        atoms = list(frames)
        for row, frame in enumerate(atoms):
            if not all(hasattr(frame, name) for name in ("numbers", "positions", "cell", "pbc")):
                raise DataError(f"{cls.__name__}.of_atoms", type(frame).__name__, "atoms", row)
        if not atoms:
            raise DataError(f"{cls.__name__}.of_atoms", "no atoms", "at least one structure")
        results = [getattr(getattr(frame, "calc", None), "results", {}) for frame in atoms]
        energies = [found.get("energy") for found in results]
        forces: list[Any] = [found.get("forces") for found in results]
        return cls(
            numbers=np.concatenate([frame.numbers for frame in atoms]),
            positions=np.concatenate([frame.positions for frame in atoms]),
            offsets=np.concatenate([[0], np.cumsum([len(frame.numbers) for frame in atoms])]),
            cells=np.array([np.asarray(frame.cell[:]) for frame in atoms], np.float64),
            pbc=np.array([frame.pbc for frame in atoms], bool),
            energies=None if None in energies else np.array(energies, np.float64),
            forces=None if any(f is None for f in forces) else np.concatenate(forces),
        )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Face-centred cells of copper, strained and rattled, with smooth energies and forces."""
        corner = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
        edges = 3.6 * (1.0 + 0.05 * rng.normal(size=(n, 1, 1)))
        rattle = 0.08 * rng.normal(size=(n, 4, 3))
        return cls(
            numbers=np.full(4 * n, 29),
            positions=on_grid((edges * corner + rattle).reshape(-1, 3)),
            offsets=4 * np.arange(n + 1),
            cells=on_grid(edges * np.eye(3)),
            pbc=np.ones((n, 3), bool),
            energies=(rattle**2).sum((1, 2)) - 14.0,
            forces=(-2.0 * rattle).reshape(-1, 3),
            groups=alternating(n),
            sizes=_sizes(n),
        )


class Environments(Kind):
    """Descriptors of atomic environments, in sets: structure s owns ``x[offsets[s]:offsets[s+1]]``.

    Any bags of vectors fit: a unit is a set, and selections name units.

    Attributes
    ----------
    x (items, p)    one descriptor per environment
    offsets (n+1,)  the cuts between structures
    groups (n)      a label per structure, where known
    sizes           subset sizes that the task will ask a selector for, in structures
    """

    coordinates: ClassVar[tuple[str, ...]] = ("x",)

    x: Floats = array("items p")
    offsets: Ints = offsets()
    groups: tuple[str, ...] | None = strings("n", default=None)
    sizes: tuple[int, ...] = ()

    def check(self) -> None:
        """Refuse sizes that are no sizes."""
        check_sizes(self.sizes, "Environments.sizes")

    def identify_items(self) -> dict[str, Any]:
        """Structure of each environment, and its place within it; the group of its structure."""
        return _items(self.offsets, self.groups)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Bags of 2 to 6 vectors around a few centres, and a few far from all."""
        counts = rng.integers(2, 7, size=n)
        total = int(counts.sum())
        x = 0.02 * rng.normal(size=(total, 3)) + 0.1 * rng.integers(0, 3, size=(total, 1))
        x[rng.random(total) < 0.05] += 1.0
        cuts = np.concatenate([[0], np.cumsum(counts)])
        return cls(on_grid(x), cuts, groups=alternating(n), sizes=_sizes(n))


def _items(cuts: Ints, groups: tuple[str, ...] | None) -> dict[str, Any]:
    sizes = np.diff(cuts)
    structure = np.repeat(np.arange(len(sizes)), sizes)
    found: dict[str, Any] = {"structure": structure, "atom": np.arange(cuts[-1]) - cuts[structure]}
    return found if groups is None else {**found, "group": [groups[s] for s in structure]}


def check_sizes(sizes: tuple[int, ...], where: str) -> None:
    """Sizes are increasing integers from 1 up; `take` may leave fewer than n units."""
    if any(not isinstance(m, int) or m < 1 for m in sizes) or list(sizes) != sorted(set(sizes)):
        raise DataError(where, repr(sizes), "increasing positive integers")


def _sizes(n: int) -> tuple[int, ...]:
    """An eighth, a quarter and half of the units."""
    return tuple(sorted({max(1, n // 8), max(1, n // 4), max(1, n // 2)}))
