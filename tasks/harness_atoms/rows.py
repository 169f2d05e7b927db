"""From rows, one per structure, to `harness.Structures`."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Split, Structures, UsageError

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


def assemble(rows: Sequence[Row], where: str) -> Structures:
    """Put rows together.

    Rows without forces are left out where other rows have them, then rows without an energy
    where others have one, so that a set is either complete or says that it has none.

    Raises
    ------
    UsageError : no row at all, or rows whose arrays do not fit together.
    """
    rows = _complete(_complete(rows, "forces", where), "energy", where)
    if not rows:
        raise UsageError(f"{where}: no structures in it; wanted at least one")
    for i, row in enumerate(rows):
        n = len(row.numbers)
        if n == 0:
            raise UsageError(f"{where}: structure {i} has no atoms; wanted at least one")
        for name in ("positions", "forces"):
            value = getattr(row, name)
            if value is not None and value.shape != (n, 3):
                raise UsageError(
                    f"{where}: structure {i}: {name} of shape {value.shape}; wanted ({n}, 3)"
                )
    groups = tuple(row.group for row in rows)
    return Structures(
        numbers=np.concatenate([row.numbers for row in rows]),
        positions=np.concatenate([row.positions for row in rows]),
        offsets=np.concatenate([[0], np.cumsum([len(row.numbers) for row in rows])]),
        cells=np.array(
            [np.zeros((3, 3)) if row.cell is None else row.cell for row in rows], np.float64
        ),
        pbc=np.array([np.zeros(3, bool) if row.pbc is None else row.pbc for row in rows], bool),
        energies=None
        if rows[0].energy is None
        else np.array([row.energy for row in rows], np.float64),
        forces=None if rows[0].forces is None else np.concatenate([row.forces for row in rows]),
        groups=groups if any(groups) else None,
    )


def _complete(rows: Sequence[Row], name: str, where: str) -> Sequence[Row]:
    """The rows that have ``name``, if any has it; otherwise all."""
    having = [row for row in rows if getattr(row, name) is not None]
    if not having or len(having) == len(rows):
        return rows
    LOG.warning(
        "%s: %d of %d structures have no %s and are left out",
        where,
        len(rows) - len(having),
        len(rows),
        name,
    )
    return having


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
