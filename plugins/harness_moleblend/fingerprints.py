"""Circular fingerprints, the features to beat."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Kind, LabelledSamples, Molecules, PairedSamples
from harness_moleblend import settings
from harness_moleblend.features import labelled, labels_of


class Morgan(settings.Morgan):
    """Counts of circular substructures (Morgan, ECFP), hashed to columns."""

    def transform(
        self, data: Molecules, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples | LabelledSamples:
        """Counts ``(n, bits)`` with the labels, or their classes, split alike.

        Raises `Incompatible` for molecules without labels or split, or whose names are not SMILES
        of these molecules.
        """
        wanted = labels_of(data)
        return labelled(self._counts(data), wanted, data, to)

    def _counts(self, data: Molecules) -> Floats:
        from rdkit import Chem, rdBase
        from rdkit.Chem import rdFingerprintGenerator

        if data.names is None:
            raise Incompatible("molecules without names; fingerprints read SMILES")
        generator = rdFingerprintGenerator.GetMorganGenerator(radius=self.radius, fpSize=self.bits)
        found = np.zeros((data.n, self.bits))
        with rdBase.BlockLogs():
            for row, name in enumerate(data.names):
                mol = Chem.MolFromSmiles(name)
                atoms = data.numbers[data.offsets[row] : data.offsets[row + 1]]
                if mol is None or sorted(a.GetAtomicNum() for a in mol.GetAtoms()) != sorted(atoms):
                    raise Incompatible(f"the name {name!r} is not the SMILES of that molecule")
                found[row] = generator.GetCountFingerprintAsNumPy(mol)
        return found
