"""Molecules inside RDKit's own package: nothing is downloaded."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from harness import Case, Molecules, UsageError, stream
from harness_molecules import settings
from harness_molecules.parts import divided
from harness_molecules.reading import Row, embedded

SMILES, TPSA = "NCI/first_5K.smi", "NCI/first_5k.tpsa.csv"
ASSAY = "FreeWilson/data/CHEMBL2321810"


class Nci(settings.Nci):
    """The first molecules of the NCI's open database, embedded by RDKit."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` where RDKit's package was stripped of its data."""
        return _cases("nci", self, (_data() / SMILES,), _smiles, seed)


class NciTpsa(settings.NciTpsa):
    """The same molecules with their topological polar surface area (Å²) as label."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` where RDKit's package was stripped of its data."""
        return _cases("nci-tpsa", self, (_data() / TPSA,), _tpsa, seed)


class ChemblActivity(settings.Chembl):
    """Molecules of the assay CHEMBL2321810 with their activity (pIC50) as label."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` where RDKit's package was stripped of its data."""
        from rdkit import RDConfig

        base = Path(RDConfig.RDContribDir) / ASSAY
        files = base.with_suffix(".smi"), base.with_name(base.name + "_act.csv")
        return _cases("chembl-activity", self, files, _activity, seed)


def _data() -> Path:
    from rdkit import RDConfig

    return Path(RDConfig.RDDataDir)


def _cases(
    name: str,
    how: settings.Nci | settings.Chembl,
    files: tuple[Path, ...],
    read: Callable[..., Iterable[Row]],
    seed: int,
) -> Iterable[Case]:
    from rdkit import rdBase

    for file in files:
        if not file.exists():
            raise UsageError(
                f"{name}: {file} is not there; this package of RDKit brings no data, wanted that "
                "of pip install rdkit"
            )
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    yield Case(
        id=name,
        data=functools.partial(_load, name, how, files, read, seed),
        facts={"molecules": how.molecules},
        stamp=f"{rdBase.rdkitVersion} {digest}",
    )


def _load(
    name: str,
    how: settings.Nci | settings.Chembl,
    files: tuple[Path, ...],
    read: Callable[..., Iterable[Row]],
    seed: int,
) -> Molecules:
    found = embedded(read(*files), how, name)
    above = getattr(how, "above", None)
    if above is not None and found.labels is not None:
        found = dataclasses.replace(found, labels=(found.labels > above).astype(float))
    return dataclasses.replace(found, split=divided(found, how, stream(seed, name, "parts")))


def _smiles(file: Path) -> Iterable[Row]:
    for line in file.read_text().splitlines():
        if line.strip():
            yield Row(line.split()[0])


def _tpsa(file: Path) -> Iterable[Row]:
    for line in file.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            smiles, _, area = line.rpartition(",")
            yield Row(smiles, float(area))


def _activity(molecules: Path, activities: Path) -> Iterable[Row]:
    """Joined by the name of the molecule, never by the line, and in an order of no meaning: the
    file is sorted by activity.
    """
    lines = activities.read_text().splitlines()[1:]
    known = {name: float(value) for name, value in (line.split(",") for line in lines if line)}
    rows = (line.split() for line in molecules.read_text().splitlines())
    found = [Row(smiles, known[name]) for smiles, name in rows if name in known]
    return sorted(found, key=lambda row: hashlib.sha256(row.smiles.encode()).digest())
