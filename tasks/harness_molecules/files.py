"""Data sets that the user has downloaded."""

from __future__ import annotations

import csv
import dataclasses
import functools
import gzip
import hashlib
import itertools
import math
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, DataError, Molecules, Split, UsageError, stream
from harness_molecules import settings
from harness_molecules.parts import divided
from harness_molecules.reading import LOG, Row, check_failures, embedded, gathered, quiet

HARTREE = 27.211386245988
"""eV"""
ENERGIES = ("homo", "lumo", "gap", "zpve", "u0", "u298", "h298", "g298")
CONVERT = (
    "a CSV file with columns smiles, target, part; from an LMDB of Uni-Mol, whose values are "
    "pickles, write the fields smi and target of each entry into one"
)


def _folder(task: str, path: str, wanted: str) -> Path:
    """Raises `UsageError` where the user names no folder or file, or one that is not there."""
    if not path or not Path(path).exists():
        found = f"{path} is not there" if path else "no path"
        raise UsageError(f"{task}.path: {found}; wanted --set {task}.path=PATH, {wanted}")
    return Path(path)


def _among(folder: Path, task: str, *names: str) -> Path:
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise UsageError(f"{task}.path: {folder} has none of {', '.join(names)}")


def _stamp(*files: Path) -> str:
    """Names, sizes and times: the files are of gigabytes."""
    told = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _blocks(file: Path) -> Iterator[Any]:
    """The molecules of an SDF file, plain or in a tar archive, without hydrogens; None where one
    cannot be read. Records end at their mark, whatever is in them: none shifts the next one.
    """
    from rdkit import Chem

    block: list[bytes] = []
    for line in _lines(file):
        if line.startswith(b"$$$$"):
            yield Chem.MolFromMolBlock(b"".join(block).decode(errors="replace"))
            block = []
        else:
            block.append(line)


def _lines(file: Path) -> Iterator[bytes]:
    if file.suffix == ".sdf":
        with file.open("rb") as plain:
            yield from plain
        return
    with tarfile.open(file) as archive:
        for member in archive:
            if member.name.endswith(".sdf") and (opened := archive.extractfile(member)):
                yield from opened


def _placed(
    file: Path, label: Callable[[int], float | None], most: int, where: str
) -> tuple[Molecules, list[int]]:
    """The first molecules with positions and a label, each once, and their places in the file.

    Labels go by the place of a molecule, so that one that cannot be read shifts none.
    """
    from rdkit import Chem

    mols: dict[str, Any] = {}
    labels, places, unread, unplaced = [], [], 0, 0
    with quiet():
        for place, mol in enumerate(_blocks(file)):
            value = label(place)
            if mol is None or value is None or math.isnan(value):
                unread += mol is None
                continue
            name = Chem.MolToSmiles(mol)
            if not mol.GetNumConformers() or not mol.GetConformer().Is3D():
                unplaced += 1
            elif name not in mols:
                mols[name] = mol
                labels.append(value)
                places.append(place)
            if len(mols) == most:
                break
    check_failures(unread, unplaced, len(mols), where)
    return gathered(list(mols.values()), labels, tuple(mols)), places


class _Folder:
    """What tasks on a folder share: one case, its parts drawn with the seed."""

    def _case(self, name: str, files: tuple[Path, ...], load: Callable[[], Molecules]) -> Case:
        return Case(id=name, data=load, stamp=_stamp(*files))


class Pcqm4Mv2(settings.Pcqm, _Folder):
    """Molecules of PCQM4Mv2 with DFT positions, which the training part alone has.

    The label is the gap between HOMO and LUMO (eV). Parts are drawn anew.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` for a folder that is not there, or lacks a file."""
        folder = _folder("pcqm4mv2", self.path, "the folder of ogb's pcqm4m-v2")
        sdf = _among(folder, "pcqm4mv2", "pcqm4m-v2-train.sdf", "pcqm4m-v2-train.sdf.tar.gz")
        table = _among(folder, "pcqm4mv2", "raw/data.csv.gz")
        yield self._case("pcqm4mv2", (sdf, table), functools.partial(self._load, sdf, table, seed))

    def _load(self, sdf: Path, table: Path, seed: int) -> Molecules:
        from rdkit import Chem

        with gzip.open(table, "rt", newline="") as file:
            # Twice as many rows as molecules: some are left out.
            rows = list(itertools.islice(csv.DictReader(file), 2 * self.molecules + 100))
        gap = [float(row["homolumogap"] or "nan") for row in rows]
        found, places = _placed(
            sdf, lambda place: gap[place] if place < len(gap) else None, self.molecules, "pcqm4mv2"
        )
        assert found.names is not None
        with quiet():
            for name, place in zip(found.names[:20], places, strict=False):
                other = Chem.MolFromSmiles(rows[place]["smiles"])
                if other is None or other.GetNumAtoms() != Chem.MolFromSmiles(name).GetNumAtoms():
                    raise DataError(
                        str(sdf), f"molecule {place} is {name}, not {rows[place]['smiles']}",
                        "the molecules of data.csv.gz in the same order",
                    )  # fmt: skip
        split = divided(found, self, stream(seed, "pcqm4mv2", "parts"))
        return dataclasses.replace(found, split=split)


class Qm9(settings.Qm9, _Folder):
    """Molecules of QM9 with DFT positions, and one of their properties as label."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` for a folder that is not there, or lacks a file."""
        folder = _folder("qm9", self.path, "a folder with gdb9.sdf and gdb9.sdf.csv")
        sdf, table = (_among(folder, "qm9", name) for name in ("gdb9.sdf", "gdb9.sdf.csv"))
        yield self._case("qm9", (sdf, table), functools.partial(self._load, sdf, table, seed))

    def _load(self, sdf: Path, table: Path, seed: int) -> Molecules:
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or self.target not in rows[0]:
            raise UsageError(f"qm9.target: no column {self.target} in {table}")
        left_out = set()
        if (named := sdf.with_name("uncharacterized.txt")).exists():
            starts = (line.split()[:1] for line in named.read_text().splitlines())
            left_out = {int(start[0]) - 1 for start in starts if start and start[0].isdigit()}
        factor = HARTREE if self.target in ENERGIES else 1.0

        def label(place: int) -> float | None:
            if place in left_out:
                return None
            if place >= len(rows):
                raise DataError(
                    str(sdf),
                    f"molecule {place + 1}",
                    f"as many as rows in {table.name}: {len(rows)}",
                )
            return factor * float(rows[place][self.target])

        found, _ = _placed(sdf, label, self.molecules, "qm9")
        split = divided(found, self, stream(seed, "qm9", "parts"))
        return dataclasses.replace(found, split=split)


class MoleculeNet(settings.MoleculeNet, _Folder):
    """Molecules of a CSV file with a label, embedded by RDKit."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` for a file that is not there, or lacks a column."""
        file = _folder("moleculenet", self.path, CONVERT)
        name = f"{file.stem}-{self.target}".lower()
        yield self._case(name, (file,), functools.partial(self._load, file, seed))

    def _load(self, file: Path, seed: int) -> Molecules:
        from rdkit import Chem

        with file.open(newline="") as opened:
            rows = list(csv.DictReader(opened))
        for column in (self.smiles, self.target):
            if not rows or column not in rows[0]:
                have = ", ".join(rows[0]) if rows else "no rows"
                raise UsageError(f"moleculenet: no column {column!r} in {file}; it has {have}")
        labels = _labels([row[self.target] for row in rows])
        labelled = [row for row, label in zip(rows, labels, strict=True) if label is not None]
        if len(labelled) < len(rows):
            LOG.warning("%s: %d rows without a label", file.name, len(rows) - len(labelled))
        listed = (Row(row[self.smiles], label) for row, label in zip(rows, labels, strict=True))
        found = embedded((row for row in listed if row.label is not None), self, file.name)
        if self.part not in rows[0]:
            return dataclasses.replace(
                found, split=divided(found, self, stream(seed, "moleculenet", "parts"))
            )
        with quiet():
            known = {
                Chem.MolToSmiles(mol): row[self.part]
                for row in reversed(labelled)
                if (mol := Chem.MolFromSmiles(row[self.smiles])) is not None
            }
        assert found.names is not None
        where = np.array([known[name] for name in found.names])
        parts = ("train", "valid", "test")
        if (other := np.flatnonzero(~np.isin(where, parts))).size:
            told = f"the part {str(where[other[0]])!r} of {found.names[other[0]]}"
            raise DataError(f"{file} column {self.part}", told, ", ".join(parts))
        train, valid, test = (np.flatnonzero(where == part) for part in parts)
        return dataclasses.replace(found, split=Split(train, test, valid))


def _labels(texts: Sequence[str]) -> list[float | None]:
    """None for an empty field and NaN, and for -1 among classes of 0 and 1: Uni-Mol's files so mark
    what is missing. Among other numbers it is a value.
    """
    values = [_number(text) for text in texts]
    if not {-1.0, 0.0, 1.0}.issuperset(value for value in values if value is not None):
        return values
    return [None if value == -1 else value for value in values]


def _number(text: str) -> float | None:
    """A number; None for an empty field and NaN."""
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value
