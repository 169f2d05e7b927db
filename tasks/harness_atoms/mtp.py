"""Files of moment tensor potentials (MLIP): ``.cfg`` with blocks from BEGIN_CFG to END_CFG.

Å, eV and eV/Å. Atoms have types from 0, whose elements the file does not say: the user does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness import UsageError, needs
from harness.files import opened
from harness_atoms.rows import Row

INSTALL = "infoharness[atoms]"
Lines = list[tuple[int, list[str]]]
"""Numbers of lines, and their fields."""


def is_mtp(path: Path) -> bool:
    """Whether a file begins as one of MLIP does (AtomEye's have the same suffix)."""
    with opened(path) as file:
        return next((line.strip() for line in file if line.strip()), b"") == b"BEGIN_CFG"


def read_mtp(path: Path, types: Sequence[str]) -> list[Row]:
    """The configurations of a file; ``types`` are the elements of the types, in order.

    Raises `UsageError`, with the line, for anything that is no whole configuration.
    """
    if not types:
        raise UsageError(
            f"{path}: atoms have types and no elements; wanted types=Cu,Zr ... (colabfit.types), "
            "the element of each type from 0 up"
        )
    known = needs("ase.data", INSTALL).atomic_numbers
    strange = [name for name in types if name not in known]
    if strange:
        raise UsageError(f"types: {strange[0]!r} is not the symbol of an element")
    numbers = np.array([known[name] for name in types], np.int64)
    rows = []
    for start, block in _blocks(path):
        try:
            rows.append(_row(block, numbers))
        except (ValueError, IndexError, KeyError) as error:
            raise UsageError(
                f"{path}: configuration {len(rows)} (line {start}): {error}; wanted Size, "
                "Supercell, AtomData with id, type and cartes_x ..., each type among "
                f"{len(types)} elements"
            ) from None
    return rows


def _blocks(path: Path) -> Iterator[tuple[int, Lines]]:
    block: Lines | None = None
    start = 0
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            fields = line.decode(errors="replace").split()
            if not fields:
                continue
            if block is None:
                if fields != ["BEGIN_CFG"]:
                    raise UsageError(f"{path}, line {number}: {fields[0]!r}; wanted BEGIN_CFG")
                block, start = [], number
            elif fields == ["END_CFG"]:
                yield start, block
                block = None
            else:
                block.append((number, fields))
    if block is not None:
        raise UsageError(f"{path}: ends before END_CFG of line {start}; wanted the whole file")


def _row(block: Lines, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Row:
    fields = [found for _, found in block]
    heads = {found[0].rstrip(":"): i for i, found in enumerate(fields) if found[0][0].isalpha()}
    n = int(fields[heads["Size"] + 1][0])
    names = fields[heads["AtomData"]][1:]
    data = fields[heads["AtomData"] + 1 : heads["AtomData"] + 1 + n]
    if len(data) < n or any(len(found) != len(names) for found in data):
        raise ValueError(f"{n} atoms announced, and other lines of AtomData")
    table = {name: np.array([float(f[i]) for f in data]) for i, name in enumerate(names)}
    types = table["type"].astype(np.int64)
    if types.min() < 0 or types.max() >= len(numbers):
        raise ValueError(f"type {types.max()}")
    cell = np.zeros((3, 3))
    vectors = 0
    if "Supercell" in heads:
        first = heads["Supercell"] + 1
        while vectors < 3 and first + vectors < len(fields) and _numeric(fields[first + vectors]):
            cell[vectors] = [float(f) for f in fields[first + vectors]]
            vectors += 1
    if "direct_x" in table:
        places = np.column_stack([table[f"direct_{axis}"] for axis in "xyz"]) @ cell
    else:
        places = np.column_stack([table[f"cartes_{axis}"] for axis in "xyz"])
    forces = [table[f"f{axis}"] for axis in "xyz" if f"f{axis}" in table]
    return Row(
        numbers[types],
        places,
        cell,
        np.arange(3) < vectors,
        float(fields[heads["Energy"] + 1][0]) if "Energy" in heads else None,
        np.column_stack(forces) if len(forces) == 3 else None,
    )


def _numeric(found: list[str]) -> bool:
    return len(found) == 3 and not found[0][0].isalpha()
