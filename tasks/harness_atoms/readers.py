"""Files of atomic structures: extended XYZ, ColabFit's Parquet, rMD17's and our own ``.npz``.

Every reader gives `harness.Structures` in Å, eV and eV/Å, or raises `harness.UsageError` with the
file, what is wrong with it, and what would be right.
"""

from __future__ import annotations

import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import DataError, Structures, UsageError, needs
from harness_atoms.rows import Row, assemble

KCAL_PER_MOL = 4184.0 / 96485.33212331
"""In eV: joules per thermochemical kilocalorie (exact) over the Faraday constant, for rMD17."""
INSTALL = "infoharness[atoms]"

COLUMNS = (
    "atomic_numbers",
    "positions",
    "cell",
    "pbc",
    "energy",
    "atomic_forces",
    "labels",
    "names",
)
"""The columns of ColabFit's schema that are read; of these the first two must be there."""

FORCES = ("forces", "force", "REF_forces", "dft_forces", "DFT_forces")
ENERGIES = ("energy", "Energy", "energies", "REF_energy", "dft_energy", "DFT_energy", "free_energy")
LABELS = ("config_type", "label", "labels", "group")


def read_xyz(path: Path) -> Structures:
    """Extended XYZ, through ASE: energy and forces in arrays, info or a calculator."""
    iread = needs("ase.io", INSTALL).iread
    rows: list[Row] = []
    try:
        for atoms in iread(path, index=":", format="extxyz"):
            rows.append(_of_atoms(atoms))
    except Exception as error:  # ASE raises nearly anything on a broken file
        what = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"{path}: cannot be read as extended XYZ at structure {len(rows)}: {what}; wanted "
            "whole frames: a count, a comment line with Lattice and Properties, one line per atom"
        ) from error
    return assemble(rows, str(path))


def xyz_labels(path: Path) -> tuple[str, ...]:
    """The configuration types in an extended XYZ file, sorted, from its comment lines alone."""
    found = set()
    line = 0
    try:
        with path.open(encoding="utf-8") as file:
            while count := file.readline().strip():
                line += 1
                match = _CONFIG_TYPE.search(file.readline())
                found.add((match[1] or match[2]) if match else "")
                skipped = sum(1 for _ in itertools.islice(file, int(count)))
                line += 1 + skipped
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: line {line}: {error}; wanted extended XYZ: a count, a comment line, one line "
            "per atom"
        ) from error
    return tuple(sorted(found))


_CONFIG_TYPE = re.compile(r'(?:^|\s)config_type=(?:"([^"]*)"|(\S+))')


def _of_atoms(atoms: Any) -> Row:
    known = {} if atoms.calc is None else atoms.calc.results
    places: tuple[Mapping[str, Any], ...] = (known, atoms.arrays, atoms.info)
    forces = _first(places, FORCES)
    energy = _first(places, ENERGIES)
    return Row(
        numbers=atoms.numbers,
        positions=atoms.positions,
        cell=atoms.cell[:],
        pbc=atoms.pbc,
        energy=None if energy is None or np.size(energy) != 1 else float(np.ravel(energy)[0]),
        forces=None if forces is None else np.asarray(forces, np.float64).reshape(-1, 3),
        group=str(_first((atoms.info,), LABELS) or ""),
    )


def _first(places: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Any:
    for name in names:
        for place in places:
            if place.get(name) is not None:
                return place[name]
    return None


def read_parquet(paths: Sequence[Path]) -> Structures:
    """The parts of one ColabFit data set (``co/co_0.parquet`` ...), in the order given."""
    pa, pq = needs("pyarrow", INSTALL), needs("pyarrow.parquet", INSTALL)
    rows: list[Row] = []
    for path in paths:
        try:
            have = pq.read_schema(path).names
            check_columns(have, str(path))
            columns = [c for c in COLUMNS if c in have]
            for batch in pq.ParquetFile(path).iter_batches(columns=columns):
                rows += rows_of(batch.to_pylist(), str(path), len(rows))
        except (OSError, pa.ArrowException) as error:
            what = " ".join(str(error).split())
            raise UsageError(
                f"{path}: cannot be read as Parquet: {what}; wanted a whole Parquet file"
            ) from error
    return assemble(rows, str(paths[0]))


def check_columns(have: Iterable[str], where: str) -> None:
    """Raise `UsageError` where a table is not in ColabFit's schema."""
    missing = [c for c in COLUMNS[:2] if c not in set(have)]
    if missing:
        raise UsageError(
            f"{where}: no column {missing[0]!r}; wanted ColabFit's schema "
            f"({', '.join(COLUMNS[:6])} ...)"
        )


def rows_of(records: Iterable[Mapping[str, Any]], where: str, start: int = 0) -> list[Row]:
    """Records in ColabFit's schema, as `Row`s; ``start`` is the number of the first."""
    return [of_record(record, f"{where}: row {i}") for i, record in enumerate(records, start)]


def of_record(record: Mapping[str, Any], where: str) -> Row:
    """One record in ColabFit's schema. Missing and null columns are left out."""
    try:
        forces, cell, pbc = (
            _array(record.get(name), float) for name in ("atomic_forces", "cell", "pbc")
        )
        return Row(
            numbers=np.array(record["atomic_numbers"], np.int64),
            positions=np.array(record["positions"], np.float64),
            cell=cell,
            pbc=None if pbc is None else pbc.astype(bool),
            energy=record.get("energy"),
            forces=forces,
            group=_label(record.get("labels")),
        )
    except (TypeError, ValueError) as error:
        what = " ".join(str(error).split())
        raise UsageError(
            f"{where}: {what}; wanted numbers in lists, as in ColabFit's schema"
        ) from error


def _array(value: Any, dtype: type) -> NDArray[Any] | None:
    """An array; None for a null, and for a list that begins with one."""
    if isinstance(value, str):
        value = json.loads(value)
    if value is None or (len(value) and value[0] is None):
        return None
    return np.array(value, dtype)


def _label(value: Any) -> str:
    return ",".join(str(v) for v in value) if isinstance(value, list) else str(value or "")


def read_npz(path: Path) -> Structures:
    """rMD17 (kcal/mol, made eV), or what `Structures.save` wrote."""
    try:
        # Opened here, for np.load leaves a broken archive open.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            names = set(file.files)
            if "__header__" not in names:
                return _rmd17({name: file[name] for name in _RMD17 if name in names}, str(path))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path}: cannot be read as .npz: {error}; wanted a whole archive of plain arrays"
        ) from error
    return Structures.load(path)


_RMD17 = ("nuclear_charges", "coords", "energies", "forces")


def _rmd17(arrays: Mapping[str, NDArray[Any]], where: str) -> Structures:
    missing = [name for name in _RMD17[:2] if name not in arrays]
    if missing:
        raise UsageError(
            f"{where}: no array {missing[0]!r}; wanted rMD17's arrays ({', '.join(_RMD17)})"
        )
    coords, charges = arrays["coords"], arrays["nuclear_charges"]
    frames, atoms = coords.shape[0], len(charges)
    forces, energies = arrays.get("forces"), arrays.get("energies")
    for name, value, shape in (
        ("coords", coords, (frames, atoms, 3)),
        ("forces", forces, (frames, atoms, 3)),
        ("energies", energies, (frames,)),
    ):
        if value is not None and value.shape != shape:
            raise UsageError(f"{where}: {name} of shape {value.shape}; wanted {shape}")
    return Structures(
        numbers=np.tile(charges.astype(np.int64), frames),
        positions=coords.reshape(-1, 3),
        offsets=np.arange(frames + 1) * atoms,
        cells=np.zeros((frames, 3, 3)),
        pbc=np.zeros((frames, 3), bool),
        energies=None if energies is None else energies * KCAL_PER_MOL,
        forces=None if forces is None else forces.reshape(-1, 3) * KCAL_PER_MOL,
    )


SUFFIXES: dict[str, Callable[[Path], Structures]] = {
    ".extxyz": read_xyz,
    ".xyz": read_xyz,
    ".parquet": lambda path: read_parquet([path]),
    ".npz": read_npz,
}


def read(path: Path, *parts: Path) -> Structures:
    """Any file of structures, by its suffix; further parts are Parquet files of the same set."""
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path}: unknown kind of file {path.suffix!r}; wanted one of {', '.join(SUFFIXES)}"
        )
    try:
        return read_parquet([path, *parts]) if parts else reader(path)
    except DataError as error:
        raise UsageError(f"{path}: {error}") from error
