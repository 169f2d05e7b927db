"""From rows, one per structure, to `harness.Structures`."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Bools, Split, Structures, UsageError
from harness.mapped import Column, kept

LOG = logging.getLogger("harness.atoms")


@dataclass(frozen=True, slots=True)
class Row:
    """One structure as a file has it: Å, eV and eV/Å; None where the file does not say."""

    numbers: NDArray[Any]
    positions: NDArray[Any]
    cell: NDArray[Any] | None = None
    pbc: NDArray[Any] | None = None
    energy: float | None = None
    forces: NDArray[Any] | None = None
    group: str = ""


def assemble(rows: Iterable[Row], where: str) -> Structures:
    """Put rows together. Raises `UsageError` and `DataError` as `Collected` does."""
    collected = Collected(where)
    for row in rows:
        collected.add(row)
    return collected.structures()


class Collected:
    """Rows one after another, in arrays that lie in files where they are large.

    Rows without forces are left out where other rows have them, then rows without an energy
    where others have one, so that a set is either complete or says that it has none.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._numbers, self._sizes = Column(np.int64), Column(np.int64)
        self._positions, self._forces = Column(np.float64, 3), Column(np.float64, 3)
        self._cells, self._pbc = Column(np.float64, 3, 3), Column(np.bool_, 3)
        self._energies = Column(np.float64)
        self._having = {"forces": Column(np.bool_), "energy": Column(np.bool_)}
        self._groups: list[str] = []
        self._labels: dict[str, str] = {}
        self.known: set[str] = set()
        """Of ``forces`` and ``energy``, what any row has."""

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, row: Row) -> None:
        """Append a row. Raises `UsageError` for arrays that do not fit together, and no atoms."""
        n, s = len(row.numbers), len(self)
        if n == 0:
            raise UsageError(f"{self._where}: structure {s} has no atoms; wanted at least one")
        for name in ("positions", "forces"):
            value = getattr(row, name)
            if value is not None and value.shape != (n, 3):
                raise UsageError(
                    f"{self._where}: structure {s}: {name} of shape {value.shape}; wanted ({n}, 3)"
                )
        self._sizes.add(n)
        self._numbers.add(row.numbers)
        self._positions.add(row.positions)
        self._forces.add(np.zeros((n, 3)) if row.forces is None else row.forces)
        self._cells.add(np.zeros((3, 3)) if row.cell is None else row.cell)
        self._pbc.add(np.zeros(3, bool) if row.pbc is None else row.pbc)
        self._energies.add(0.0 if row.energy is None else row.energy)
        for name, column in self._having.items():
            column.add(getattr(row, name) is not None)
            self.known |= set() if getattr(row, name) is None else {name}
        self._groups.append(self._labels.setdefault(row.group, row.group))

    def structures(self) -> Structures:
        """All of them. Raises `UsageError` where there are none, and `DataError` as the kind."""
        if not len(self):
            raise UsageError(f"{self._where}: no structures in it; wanted at least one")
        rows = self._complete()
        sizes = self._sizes.array()
        atoms = np.repeat(rows, sizes)

        def of(column: Column, mask: Bools) -> NDArray[Any]:
            found = column.array() if rows.all() else kept(column.array(), mask)
            found.flags.writeable = False
            return found

        groups = tuple(itertools.compress(self._groups, rows))
        return Structures(
            numbers=of(self._numbers, atoms),
            positions=of(self._positions, atoms),
            offsets=np.concatenate([[0], np.cumsum(sizes[rows])]),
            cells=of(self._cells, rows),
            pbc=of(self._pbc, rows),
            energies=of(self._energies, rows) if "energy" in self.known else None,
            forces=of(self._forces, atoms) if "forces" in self.known else None,
            groups=groups if any(groups) else None,
        )

    def _complete(self) -> Bools:
        """Which rows have the forces, and then the energies, that any of them has."""
        rows = np.ones(len(self), bool)
        for name, column in self._having.items():
            having = column.array() & rows
            if not having.any():
                self.known.discard(name)
            elif having.sum() < rows.sum():
                LOG.warning(
                    "%s: %d of %d structures have no %s and are left out",
                    self._where,
                    rows.sum() - having.sum(),
                    rows.sum(),
                    name,
                )
                rows = having
        return rows


def join(first: Structures, second: Structures) -> Structures:
    """Both sets as one whose split says which is which: ``train`` the first, ``test`` the second.

    Energies, forces and groups stay where both have them; sizes are the second's.
    """

    def both(name: str) -> Any:
        a, b = getattr(first, name), getattr(second, name)
        if a is None or b is None:
            return None
        return a + b if isinstance(a, tuple) else np.concatenate([a, b])

    return dataclasses.replace(
        second,
        **{
            f: both(f)
            for f in ("numbers", "positions", "cells", "pbc", "energies", "forces", "groups")
        },
        offsets=np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        split=Split(train=np.arange(first.n), test=first.n + np.arange(second.n)),
    )
