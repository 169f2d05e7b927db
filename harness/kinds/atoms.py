"""Atomic structures and the environments of their atoms."""

from __future__ import annotations

import numpy as np

from harness.errors import DataError
from harness.kinds.base import BoolArray, FloatArray, IntArray, Kind, array, offsets, strings


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

    numbers: IntArray = array("items", np.int64)
    positions: FloatArray = array("items 3")
    offsets: IntArray = offsets()
    cells: FloatArray = array("n 3 3")
    pbc: BoolArray = array("n 3", np.bool_)
    energies: FloatArray | None = array("n", optional=True)
    forces: FloatArray | None = array("items 3", optional=True)
    groups: tuple[str, ...] | None = strings("n", optional=True)
    sizes: tuple[int, ...] = ()

    def check(self) -> None:
        """Refuse impossible elements and flat periodic cells."""
        wrong = np.flatnonzero((self.numbers < 1) | (self.numbers > 118))
        if wrong.size:
            raise DataError(
                "Structures.numbers",
                f"atomic number {self.numbers[wrong[0]]}",
                "1 to 118",
                int(wrong[0]),
            )
        # The volume that the periodic vectors span, in their own dimension.
        periodic = self.cells * self.pbc[:, :, None]
        gram = periodic @ periodic.transpose(0, 2, 1)
        gram[:, range(3), range(3)] += ~self.pbc
        flat = np.flatnonzero(np.linalg.det(gram) < 1e-12)
        if flat.size:
            raise DataError(
                "Structures.cells",
                "periodic directions that span no volume",
                "linearly independent lattice vectors",
                int(flat[0]),
            )
        check_sizes(self.sizes, self.n, "Structures.sizes")


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

    x: FloatArray = array("items p")
    offsets: IntArray = offsets()
    groups: tuple[str, ...] | None = strings("n", optional=True)
    sizes: tuple[int, ...] = ()

    def check(self) -> None:
        """Refuse sizes that are no sizes."""
        check_sizes(self.sizes, self.n, "Environments.sizes")


def check_sizes(sizes: tuple[int, ...], n: int, where: str) -> None:
    """Sizes are increasing integers from 1 up; `take` may leave fewer than n units."""
    if any(not isinstance(m, int) or m < 1 for m in sizes) or list(sizes) != sorted(set(sizes)):
        raise DataError(where, repr(sizes), "increasing positive integers")
