"""Molecules of RDKit as arrays, and positions for those that have none."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness import DataError, Molecules, cache_folder, progress
from harness_molecules import settings

LOG = logging.getLogger("harness.molecules")
FAILURES = 0.2
"""Share of molecules that may fail before the whole set is refused."""
RECIPE = 1
"""Raised when equal settings give other positions."""


class Row(NamedTuple):
    """A line of a file: SMILES, and the label where there is one."""

    smiles: str
    label: float | None = None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within ``with``, RDKit logs nothing: what fails is counted instead."""
    from rdkit import rdBase

    with rdBase.BlockLogs():
        yield


def gathered(mols: Sequence[Any], labels: Sequence[float], names: Sequence[str]) -> Molecules:
    """Molecules of RDKit, each with its conformer where it has one."""
    order = {1.0: 1, 2.0: 2, 3.0: 3, 1.5: 4}
    bonds = [
        (b.GetBeginAtomIdx(), b.GetEndAtomIdx(), order.get(b.GetBondTypeAsDouble(), 1))
        for mol in mols
        for b in mol.GetBonds()
    ]
    placed = all(mol.GetNumConformers() for mol in mols)
    return Molecules(
        np.array([a.GetAtomicNum() for mol in mols for a in mol.GetAtoms()]),
        np.cumsum([0, *(mol.GetNumAtoms() for mol in mols)]),
        np.array(bonds, np.int64).reshape(-1, 3),
        np.cumsum([0, *(mol.GetNumBonds() for mol in mols)]),
        np.concatenate([mol.GetConformer().GetPositions() for mol in mols]) if placed else None,
        labels=np.array(labels, np.float64),
        names=tuple(names),
    )


def embedded(rows: Iterable[Row], how: settings.Conformers, where: str) -> Molecules:
    """The first ``molecules`` rows that fit, heavy atoms only, named by their canonical SMILES.

    One fragment, ``least`` to ``most`` heavy atoms, each molecule once; positions by ETKDGv3 with
    hydrogens, then MMFF where it has parameters. Kept in the cache, for it takes seconds.

    Raises
    ------
    DataError : no row fits, or more than a fifth of those that do cannot be read or embedded.
    """
    from rdkit import rdBase

    listed = list(rows)
    rule = (how.molecules, how.least, how.most, how.conformer, how.steps)
    smiles = [row.smiles for row in listed]
    text = repr((RECIPE, rdBase.rdkitVersion, rule, smiles))
    kept = cache_folder("molecules") / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"
    if kept.exists():
        found = Molecules.load(kept)
    else:
        found = _embedded(smiles, how, where)
        found.save(kept)
    assert found.labels is not None
    known = [listed[int(line)].label for line in found.labels]
    labels = [label for label in known if label is not None]
    return dataclasses.replace(
        found, labels=np.array(labels) if len(labels) == len(known) else None
    )


def _embedded(lines: Sequence[str], how: settings.Conformers, where: str) -> Molecules:
    """The molecules of ``lines``, with the number of the line in the place of a label."""
    from rdkit import Chem

    mols: dict[str, Any] = {}
    numbers: list[float] = []
    unread = unplaced = 0
    with quiet():
        for number, smiles in enumerate(lines):
            mol: Any = Chem.MolFromSmiles(smiles)
            if mol is None:
                unread += 1
                continue
            name = Chem.MolToSmiles(mol)
            fits = how.least <= mol.GetNumHeavyAtoms() <= how.most and "." not in name
            if name in mols or not fits:
                continue
            if (placed := _placed(mol, how)) is None:
                unplaced += 1
                continue
            mols[name] = placed
            numbers.append(number)
            progress(len(mols), how.molecules, "molecules")
            if len(mols) == how.molecules:
                break
    check_failures(unread, unplaced, len(mols), where)
    return gathered(list(mols.values()), numbers, tuple(mols))


def check_failures(unread: int, unplaced: int, kept: int, where: str) -> None:
    """Log how many molecules failed. Raises `DataError` for none left, or too many that failed."""
    failed = unread + unplaced
    told = f"{unread} molecules unreadable, {unplaced} without a conformer, {kept} kept"
    if not kept or failed > FAILURES * (failed + kept):
        raise DataError(where, told, f"at most {FAILURES:.0%} that fail, and one that does not")
    if failed:
        LOG.warning("%s: %s", where, told)


def _placed(mol: Any, how: settings.Conformers) -> Any:
    """The molecule with a conformer, without hydrogens; None where there is none."""
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

    full = Chem.AddHs(mol)
    method: Any = rdDistGeom.ETKDGv3()
    method.randomSeed = how.conformer
    if rdDistGeom.EmbedMolecule(full, method) != 0:
        return None
    if how.steps and rdForceFieldHelpers.MMFFHasAllMoleculeParams(full):
        rdForceFieldHelpers.MMFFOptimizeMolecule(full, maxIters=how.steps)
    return Chem.RemoveHs(full)
