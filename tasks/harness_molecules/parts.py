"""Parts of a set of molecules."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness import Incompatible, Ints, Molecules, Split
from harness_molecules import settings


def divided(molecules: Molecules, how: settings.Parts, rng: np.random.Generator) -> Split:
    """Training, validation and test molecules; those of one name stay together.

    By scaffold, the largest groups train and the smallest test, as is usual for MoleculeNet.

    Raises `Incompatible` for too few molecules, or too few scaffolds.
    """
    names = molecules.names or tuple(map(str, range(molecules.n)))
    keys = names if how.by == "random" else [scaffold(name) for name in names]
    group = np.unique(np.array(keys), return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(group)
    order = rng.permutation(len(sizes))
    if how.by == "scaffold":
        order = order[np.argsort(-sizes[order], kind="stable")]
    start = np.empty(len(sizes))
    start[order] = np.cumsum(sizes[order]) - sizes[order]
    share = start[group] / molecules.n
    train, valid = 1 - how.test - how.valid, 1 - how.test
    if train <= 0:
        raise Incompatible(f"test={how.test} and valid={how.valid} leave nothing to train on")
    parts: list[Ints] = [
        np.flatnonzero((low <= share) & (share < high))
        for low, high in ((0.0, train), (train, valid), (valid, 1.0))
    ]
    if not (parts[0].size and parts[2].size):
        raise Incompatible(f"{len(sizes)} groups of molecules are too few for these parts")
    return Split(parts[0], parts[2], parts[1])


def scaffold(smiles: str) -> str:
    """The ring systems of a molecule and what links them, as SMILES; empty without a ring."""
    from rdkit.Chem.Scaffolds import MurckoScaffold

    murcko: Any = MurckoScaffold
    found: str = murcko.MurckoScaffoldSmiles(smiles=smiles)
    return found
