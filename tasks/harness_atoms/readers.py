"""Files of atomic structures: what ASE reads, ColabFit's Parquet, rMD17's and our own ``.npz``,
DeePMD's folders.

Every reader gives `harness.Structures` in Å, eV and eV/Å, or raises `harness.UsageError` with the
file, what is wrong with it, and what would be right.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import DataError, Structures, UsageError, needs
from harness.files import first_line, parquet_rows, read_arrays, read_text, unpacked
from harness.kinds import HEADER, whole_numbers
from harness_atoms.frames import (
    FORMATS,
    INSTALL,
    Keys,
    format_of,
    read_other,
    read_xyz,
    xyz_labels,
)
from harness_atoms.rows import Row, assemble

__all__ = ["Keys", "read", "reader_of", "rows_of", "xyz_labels"]

KCAL_PER_MOL = 4184.0 / 96485.33212331
"""In eV: joules per thermochemical kilocalorie (exact) over the Faraday constant, for rMD17."""

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


def read_parquet(paths: Sequence[Path], keys: Keys) -> list[Row]:
    """The parts of one ColabFit data set (``co/co_0.parquet`` ...), in the order given."""
    parquet = needs("pyarrow.parquet", INSTALL)
    rows: list[Row] = []
    for path in paths:
        try:
            have = parquet.read_schema(path).names
        except Exception as error:  # pyarrow raises nearly anything on a broken file
            raise UsageError(
                f"{path}: cannot be read as Parquet: {first_line(error)}; wanted a whole Parquet "
                "file"
            ) from error
        check_columns([*have], str(path))
        own = [key for key in (keys.energy, keys.forces) if key]
        for key in own:
            if key not in have:
                raise UsageError(f"{path}: no column {key!r}; it has {', '.join(have)}")
        columns = [c for c in dict.fromkeys((*COLUMNS, *own)) if c in have]
        found = parquet_rows(path, INSTALL, columns)
        rows += rows_of(found, str(path), len(rows), keys)
    return rows


def check_columns(have: Iterable[str], where: str) -> None:
    """Raise `UsageError` where a table is not in ColabFit's schema."""
    missing = [c for c in COLUMNS[:2] if c not in set(have)]
    if missing:
        raise UsageError(
            f"{where}: no column {missing[0]!r}; wanted ColabFit's schema "
            f"({', '.join(COLUMNS[:6])} ...)"
        )


def rows_of(
    records: Iterable[Mapping[str, Any]], where: str, start: int = 0, keys: Keys | None = None
) -> list[Row]:
    """Records in ColabFit's schema, as `Row`s; ``start`` is the number of the first."""
    names = keys or Keys()
    return [
        of_record(record, f"{where}: row {i}", names) for i, record in enumerate(records, start)
    ]


def of_record(record: Mapping[str, Any], where: str, keys: Keys) -> Row:
    """One record in ColabFit's schema. Missing and null columns are left out."""
    try:
        forces, cell, pbc = (
            _array(record.get(name), float)
            for name in (keys.forces or "atomic_forces", "cell", "pbc")
        )
        energy = record.get(keys.energy or "energy")
        return Row(
            numbers=whole_numbers(record["atomic_numbers"], "atomic_numbers").reshape(-1),
            positions=np.array(record["positions"], np.float64),
            cell=cell,
            pbc=None if pbc is None else pbc.astype(bool),
            energy=None if energy is None else float(energy),
            forces=forces,
            group=_label(record.get("labels")),
        )
    except (TypeError, ValueError, KeyError, RecursionError, DataError) as error:
        raise UsageError(
            f"{where}: {first_line(error)}; wanted numbers in lists, as in ColabFit's schema"
        ) from error


def _array(value: Any, dtype: type) -> NDArray[Any] | None:
    """An array; None for a null, and for a list that begins with one."""
    if isinstance(value, str):
        value = json.loads(value)
    if value is None or (len(value) and value[0] is None):
        return None
    return np.array(value, dtype)


def _label(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(v) for v in value)
    return "" if value is None else str(value)


def read_npz(path: Path, keys: Keys) -> Structures | list[Row]:
    """rMD17 (kcal/mol, made eV), or what `Structures.save` wrote."""
    arrays = read_arrays(path)
    if HEADER in arrays:
        return Structures.load(path)
    names = {
        "nuclear_charges": "nuclear_charges",
        "coords": "coords",
        "energies": keys.energy or "energies",
        "forces": keys.forces or "forces",
    }
    given = {name: arrays[key] for name, key in names.items() if key in arrays}
    for name, key in names.items():
        if name not in given and (key != name or name in ("nuclear_charges", "coords")):
            raise UsageError(
                f"{path}: no array {key!r} among {', '.join(arrays)}; wanted rMD17's arrays "
                f"({', '.join(names)})"
            )
    return _rmd17(given, str(path))


def _rmd17(arrays: Mapping[str, NDArray[Any]], where: str) -> list[Row]:
    for key, given in arrays.items():
        if given.dtype.kind not in "iuf" or given.ndim == 0:
            raise UsageError(f"{where}: {key} of type {given.dtype}; wanted an array of numbers")
    coords = arrays["coords"]
    numbers = whole_numbers(arrays["nuclear_charges"], f"{where}: nuclear_charges").reshape(-1)
    forces, energies = arrays.get("forces"), arrays.get("energies")
    frames, atoms = coords.shape[0], len(numbers)
    for name, value, shape in (
        ("coords", coords, (frames, atoms, 3)),
        ("forces", forces, (frames, atoms, 3)),
        ("energies", energies, (frames,)),
    ):
        if value is not None and value.shape != shape:
            raise UsageError(f"{where}: {name} of shape {value.shape}; wanted {shape}")
    return [
        Row(
            numbers,
            np.asarray(coords[i], np.float64),
            energy=None if energies is None else float(energies[i]) * KCAL_PER_MOL,
            forces=None if forces is None else np.asarray(forces[i], np.float64) * KCAL_PER_MOL,
        )
        for i in range(frames)
    ]


def is_deepmd(folder: Path) -> bool:
    """Whether a folder is a system of DeePMD-kit: types of atoms, and sets of arrays."""
    return (folder / "type.raw").is_file() and any(folder.glob("set.*/coord.npy"))


def read_deepmd(folder: Path, keys: Keys) -> list[Row]:
    """A system of DeePMD-kit: ``type.raw``, ``type_map.raw`` and ``set.*/coord.npy`` ..., Å and eV.

    ``keys`` are other names for ``energy.npy`` and ``force.npy``.
    """
    if not (folder / "type_map.raw").is_file():
        raise UsageError(f"{folder}: no type_map.raw; wanted the elements of the types, one a line")
    symbols = needs("ase.data", INSTALL).atomic_numbers
    elements = read_text(folder / "type_map.raw").split()
    types = read_text(folder / "type.raw").split()
    try:
        numbers = np.array([symbols[elements[int(t)]] for t in types], np.int64)
    except (KeyError, IndexError, ValueError) as error:
        raise UsageError(
            f"{folder}: type.raw and type_map.raw do not fit ({error!r}); wanted numbers from 0 of "
            "elements"
        ) from None
    pbc = np.full(3, not (folder / "nopbc").exists())
    rows: list[Row] = []
    for part in sorted(folder.glob("set.*")):
        wanted = {"coord": 3 * len(numbers), "box": 9, "force": 3 * len(numbers), "energy": 1}
        files = {"force": keys.forces or "force", "energy": keys.energy or "energy"}
        held = {}
        for name, width in wanted.items():
            file = part / f"{files.get(name, name)}.npy"
            if not file.exists() and name in ("force", "energy") and files[name] == name:
                continue
            if not file.exists() and name == "box" and not pbc.any():
                continue
            array = read_arrays(file).get("")
            if array is None or array.dtype.kind not in "iuf" or array.size % width:
                raise UsageError(f"{file}: wanted an array of numbers, {width} a frame")
            held[name] = array.astype(np.float64).reshape(-1, width)
        counts = {name: len(array) for name, array in held.items()}
        if len(set(counts.values())) > 1:
            raise UsageError(f"{part}: frames {counts}; wanted as many in every array")
        rows += [
            Row(
                numbers,
                held["coord"][i].reshape(-1, 3),
                held["box"][i].reshape(3, 3) if "box" in held else None,
                pbc,
                float(held["energy"][i, 0]) if "energy" in held else None,
                held["force"][i].reshape(-1, 3) if "force" in held else None,
            )
            for i in range(counts["coord"])
        ]
    return rows


SUFFIXES: dict[str, Callable[[Path, Keys], Structures | list[Row]]] = {
    ".extxyz": read_xyz,
    ".xyz": read_xyz,
    ".parquet": lambda path, keys: read_parquet([path], keys),
    ".npz": read_npz,
    **dict.fromkeys(FORMATS, read_other),
}
_PACKED = ".extxyz", ".xyz", *(s for s, form in FORMATS.items() if form != "db")
"""Formats that are read compressed too."""


def reader_of(path: Path) -> Callable[[Path, Keys], Structures | list[Row]] | None:
    """What reads a file or a folder of DeePMD-kit; None for one that nothing reads."""
    if path.is_dir():
        return read_deepmd if is_deepmd(path) else None
    inner = unpacked(path)
    if inner != path and inner.suffix.lower() not in _PACKED and not format_of(inner):
        return None
    return SUFFIXES.get(inner.suffix.lower()) or (read_other if format_of(inner) else None)


def read(path: Path, *parts: Path, keys: Keys | None = None) -> Structures:
    """Any file of structures, by its name; further parts are Parquet files of the same set."""
    reader, names = reader_of(path), keys or Keys()
    if reader is None:
        raise UsageError(
            f"{path}: unknown kind of file {path.suffix!r}; wanted one of "
            f"{', '.join(SUFFIXES)} (or .xyz.gz ...), vasprun.xml, OUTCAR, POSCAR"
        )
    try:
        found = read_parquet([path, *parts], names) if parts else reader(path, names)
        return found if isinstance(found, Structures) else assemble(found, str(path))
    except DataError as error:
        raise UsageError(f"{path}: {error}") from error
