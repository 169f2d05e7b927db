"""The pair potential of the package ``uf3``, for the energy test.

S. R. Xie, M. Rupp, R. G. Hennig, npj Comput. Mater. 9, 162 (2023): every pair of elements has a
cubic B-spline of the distance, and energies are linear in its coefficients. Unlike the kernel
ridge it distinguishes elements, and it knows pairs only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Floats, Ints, Structures, needs

RIDGE = 1e-5
"""Penalty of coefficients and curvature; without it, knots that no distance reaches are free."""


@dataclass(frozen=True)
class PairPotential:
    """A linear fit on features of whole structures.

    Attributes
    ----------
    basis : uf3's splines, 20 intervals up to 6 Å for each pair of elements.
    features (n, p) : per atom.
    energies (n,) : eV per atom; read at ``train`` only.
    """

    basis: Any
    features: Floats
    energies: Floats

    @classmethod
    def of(cls, data: Structures, energies: Floats) -> PairPotential:
        """Compute the features of a data set. Raises `MissingDependency` without ``uf3``."""
        needs("uf3")
        from ase import Atoms
        from ase.data import chemical_symbols
        from uf3.data.composition import ChemicalSystem
        from uf3.representation.bspline import BSplineBasis
        from uf3.representation.process import BasisFeaturizer

        system = ChemicalSystem([chemical_symbols[z] for z in np.unique(data.numbers)], degree=2)
        basis = BSplineBasis(system)
        featurizer = BasisFeaturizer(basis, fit_forces=False)
        rows = []
        for s in range(data.n):
            part = slice(data.offsets[s], data.offsets[s + 1])
            atoms = Atoms(
                data.numbers[part], data.positions[part], cell=data.cells[s], pbc=data.pbc[s]
            )
            # Where one lattice vector is zero, uf3 counts images along no direction.
            atoms.cell = atoms.cell.complete()
            row = featurizer.evaluate_configuration(atoms, energy=0.0)["energy"][1:]
            rows.append(row / len(atoms))
        return cls(basis, np.array(rows), energies)

    def predict(self, train: Ints, test: Ints) -> Floats:
        """(test,) Energies per atom, eV, from a fit on ``train``."""
        from uf3.regression.least_squares import WeightedLinearModel

        penalty = self.basis.get_regularization_matrix(
            ridge_map={1: RIDGE, 2: RIDGE, 3: RIDGE}, curvature_map={1: 0.0, 2: RIDGE, 3: RIDGE}
        )
        model = WeightedLinearModel(self.basis, regularizer=penalty)
        model.fit(self.features[train], self.energies[train])
        found: Floats = np.asarray(model.predict(self.features[test]), np.float64)
        return found
