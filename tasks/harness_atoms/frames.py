"""Structures through ASE: extended XYZ frame by frame, and the other formats that it reads."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import Structures, UsageError, needs
from harness.files import first_line, opened, unpacked
from harness_atoms.mtp import is_mtp, read_mtp
from harness_atoms.rows import LOG, Collected, Row, assemble

INSTALL = "infoharness[atoms]"
FORCES = ("forces", "force", "REF_forces", "dft_forces", "DFT_forces")
ENERGIES = ("energy", "Energy", "energies", "REF_energy", "dft_energy", "DFT_energy", "free_energy")
LABELS = ("config_type", "label", "labels", "group")
_ANY_FORCES = re.compile(r"(?:ref|dft)?[_-]?forces?", re.IGNORECASE)
_ANY_ENERGY = re.compile(r"(?:ref|dft)?[_-]?(?:tot(?:al)?)?[_-]?energy", re.IGNORECASE)
"""Tried after the names above: other capitals, numbers and joints of the same words."""
_NO_FORCES = re.compile(r"positions|pos|momenta|velocit|magmom|dipole|charge", re.IGNORECASE)
_COLUMNS = re.compile(r":[RISL]:\s*([^\s:\"}]+)")
_CONFIG_TYPE = re.compile(r'(?:^|\s)config_type=(?:"([^"]*)"|(\S+))')

FORMATS = {
    ".traj": "traj",
    ".db": "db",
    ".cif": "cif",
    ".cfg": "cfg",
    ".lammpstrj": "lammps-dump-text",
    ".dump": "lammps-dump-text",
}
"""ASE's format by suffix; none of them unpickles anything."""
NAMES = {
    "vasprun": "vasp-xml",
    "OUTCAR": "vasp-out",
    "XDATCAR": "vasp-xdatcar",
    "POSCAR": "vasp",
    "CONTCAR": "vasp",
}
"""And by a part of the file's name, as the programs write it: ``run1-vasprun.xml``."""


@dataclass(frozen=True)
class Keys:
    """Names that a user gives to energies and forces; empty for those that are known."""

    energy: str = ""
    forces: str = ""
    types: tuple[str, ...] = ()
    """Elements of numbered types, where a file has no symbols."""


def format_of(path: Path) -> str:
    """ASE's name for the format of a file; empty for one that is not read."""
    path = unpacked(path)
    known = FORMATS.get(path.suffix.lower(), "")
    named = (form for name, form in NAMES.items() if re.search(rf"(?<![A-Za-z]){name}", path.name))
    return known or next(named, "")


def xyz_frames(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The frames of an extended XYZ file: the line of the file that each begins at, and its lines.

    Blank lines between frames are passed over. Raises `UsageError` for anything that would end the
    frames before the end of the file.
    """
    with opened(path) as file:
        line, count = 0, 0
        for first in file:
            line += 1
            if not first.strip():
                continue
            where = f"{path}: structure {count} (line {line})"
            if not re.fullmatch(rb"[0-9]{1,12}", first.strip()):
                found = first.strip()[:40].decode(errors="replace")
                raise UsageError(f"{where}: {found!r} for the number of atoms; {_WHOLE}")
            atoms = int(first)
            lines = [first, *itertools.islice(file, atoms + 1)]
            if len(lines) < atoms + 2:
                raise UsageError(
                    f"{where}: {atoms} atoms announced, and the file ends after "
                    f"{max(0, len(lines) - 2)}; {_WHOLE}"
                )
            yield line, lines
            line, count = line + atoms + 1, count + 1


_WHOLE = (
    "wanted whole frames of extended XYZ: a count, a comment line with Lattice and Properties, one "
    "line per atom"
)


def read_xyz(path: Path, keys: Keys) -> Structures:
    """The structures of an extended XYZ file, all of them."""
    read = needs("ase.io", INSTALL).read
    rows = _Rows(path, keys)
    for line, lines in xyz_frames(path):
        where = f"{path}: structure {len(rows)} (line {line})"
        try:
            text = b"".join(lines).decode()
            _check_columns(lines[1].decode())
            atoms = read(io.StringIO(text), index=0, format="extxyz")
        except Exception as error:  # ASE raises nearly anything on a broken frame
            raise UsageError(f"{where}: {_reason(error)}") from error
        rows.take(atoms, config_type(lines[1].decode()))
    return rows.checked()


def _check_columns(comment: str) -> None:
    """Raise `ValueError` for columns that ASE would count for hours, or to the end of memory."""
    for found in _COLUMNS.finditer(comment):
        if len(found[1]) > 6 and found[1].replace("_", "").isdigit():
            raise ValueError(f"Properties with {found[1][:20]} columns")


def config_type(comment: str) -> str | None:
    """The configuration type in a comment line as it stands there; None where there is none."""
    match = _CONFIG_TYPE.search(comment)
    return None if match is None else match[1] if match[1] is not None else match[2]


def xyz_labels(path: Path) -> tuple[str, ...]:
    """The configuration types in an extended XYZ file, sorted, from its comment lines alone."""
    found = {config_type(lines[1].decode(errors="replace")) or "" for _, lines in xyz_frames(path)}
    return tuple(sorted(found))


def _reason(error: Exception) -> str:
    label = str(error).strip("'\"")
    if isinstance(error, KeyError) and re.fullmatch(r"[A-Za-z]+[0-9_+-]\S*", label):
        return (
            f"{label!r} is not the symbol of an element; wanted symbols such as "
            f"{re.split('[^A-Za-z]', label)[0]} (labels belong in a column of their own)"
        )
    return f"cannot be read: {first_line(error)}; {_WHOLE}"


def read_other(path: Path, keys: Keys) -> Structures:
    """The structures of any other file that ASE reads, see `FORMATS` and `NAMES`."""
    form = format_of(path)
    if form == "cfg" and is_mtp(path):
        return assemble(read_mtp(path, keys.types), str(path))
    iread = needs("ase.io", INSTALL).iread
    if form == "lammps-dump-text":
        _check_dump(path)
    if form == "vasp-xml":
        _check_end(path)
    rows = _Rows(path, keys)
    try:
        # A name beginning with a format's own would be taken for it: the format is stated.
        for atoms in iread(str(path), index=":", format=form):
            if form == "lammps-dump-text" and atoms.calc is not None:
                atoms.calc.results.pop("energy", None)  # a dump has none; ASE says 0
            rows.take(atoms)
    except Exception as error:  # ASE raises nearly anything on a broken file
        raise UsageError(
            f"{path}: cannot be read as {form} at structure {len(rows)}: "
            f"{first_line(error)}; wanted a whole file"
        ) from error
    return rows.checked()


def _check_dump(path: Path) -> None:
    """LAMMPS writes numbers of its own for elements, which ASE would take for atomic numbers."""
    with opened(path) as file:
        for line in file:
            if line.startswith(b"ITEM: ATOMS"):
                if b"element" not in line.split():
                    raise UsageError(
                        f"{path}: atoms with LAMMPS types and without elements; wanted a column "
                        "element (dump_modify ID element Cu Zr ...)"
                    )
                return


def _check_end(path: Path) -> None:
    """ASE reads what a run of VASP wrote before it was killed, and says nothing."""
    last = b""
    with opened(path) as file:
        for line in file:
            last = line.strip() or last
    if not last.endswith(b"</modeling>"):
        raise UsageError(
            f"{path}: ends before </modeling>; wanted the whole file of a run that ended"
        )


class _Rows(Collected):
    """Rows made of ASE's atoms, and what was there beside what was taken."""

    def __init__(self, path: Path, keys: Keys) -> None:
        super().__init__(str(path))
        self._path, self._keys = path, keys
        self._other_forces: dict[str, None] = {}
        self._other_energies: dict[str, None] = {}

    def take(self, atoms: Any, label: str | None = None) -> None:
        known = {} if atoms.calc is None else atoms.calc.results
        n = len(atoms)
        # In arrays, and among the results of a calculator, `energies` has one per atom.
        plain = {name: value for name, value in known.items() if name != "energies"}
        energy = _first((plain, atoms.info), ENERGIES, _ANY_ENERGY, self._keys.energy, _is_number)
        forces = _first(
            (known, atoms.arrays, atoms.info),
            FORCES,
            _ANY_FORCES,
            self._keys.forces,
            lambda value: _is_table(value, n),
        )
        if forces is None:
            names = (
                name
                for name, value in atoms.arrays.items()
                if not _NO_FORCES.match(name) and _is_table(value, n)
            )
            self._other_forces.update(dict.fromkeys(names))
        if energy is None:
            names = (
                name
                for name, value in atoms.info.items()
                if "energ" in name.lower() and _is_number(value)
            )
            self._other_energies.update(dict.fromkeys(names))
        if label is None:
            label = next((str(v) for name in LABELS if (v := atoms.info.get(name)) is not None), "")
        self.add(
            Row(
                numbers=atoms.numbers,
                positions=atoms.positions,
                cell=atoms.cell[:],
                pbc=atoms.pbc,
                energy=None if energy is None else float(np.ravel(energy)[0]),
                forces=None if forces is None else np.asarray(forces, np.float64).reshape(-1, 3),
                group=label,
            )
        )

    def checked(self) -> Structures:
        """The structures; what is missing from all of them is said, with what has another name."""
        self._say("energy", "energy_key", self._keys.energy, self._other_energies)
        self._say("forces", "forces_key", self._keys.forces, self._other_forces)
        return self.structures()

    def _say(self, what: str, setting: str, key: str, others: Iterable[str]) -> None:
        if not len(self) or what in self.known:
            return
        there = ", ".join(sorted(others))
        if key:
            raise UsageError(
                f"{self._path}: no structure has {what} under the name {key!r}; wanted {setting}="
                f"NAME, with one of: {there or 'nothing of that shape'}"
            )
        if there:
            LOG.warning(
                "%s: no %s under a name that is known; where one of these is meant, set %s=NAME: "
                "%s",
                self._path,
                what,
                setting,
                there,
            )


def _first(
    places: Iterable[Mapping[str, Any]],
    names: Iterable[str],
    other: re.Pattern[str],
    key: str,
    suits: Callable[[Any], bool],
) -> Any:
    """The first value of the right shape: under ``key`` alone, or the known names, or others."""
    for name in (key,) if key else names:
        for place in places:
            if suits(place.get(name)):
                return place[name]
    for place in () if key else places:
        for name in sorted(place):
            if other.fullmatch(name) and suits(place[name]):
                return place[name]
    return None


def _is_number(value: Any) -> bool:
    return value is not None and np.size(value) == 1 and np.asarray(value).dtype.kind in "iuf"


def _is_table(value: Any, n: int) -> bool:
    if value is None:
        return False
    array = np.asarray(value)
    return array.dtype.kind in "iuf" and array.size == 3 * n and array.ndim > 0
