"""The G2 set of small molecules, which ASE brings along: real positions, hydrogens, no RDKit."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from harness import Case, Molecules, stream
from harness_molecules import settings
from harness_molecules.parts import divided


class G2(settings.G2):
    """Molecules of two atoms or more; all bonds count as single, for their orders are not known."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case: 148 molecules."""
        import ase

        yield Case(id="g2", data=functools.partial(self._load, seed), stamp=ase.__version__)

    def _load(self, seed: int) -> Molecules:
        from ase import neighborlist
        from ase.collections import g2

        near: Any = neighborlist
        kept = [(name, g2[name]) for name in g2.names]
        kept = [(name, atoms) for name, atoms in kept if len(atoms) > 1]
        bonds = []
        for _, atoms in kept:
            i, j = near.neighbor_list("ij", atoms, near.natural_cutoffs(atoms, mult=self.bond))
            once = i < j
            ends = np.unique(np.column_stack([i[once], j[once]]), axis=0)
            bonds.append(np.column_stack([ends, np.ones(len(ends), np.int64)]))
        found = Molecules(
            np.concatenate([atoms.numbers for _, atoms in kept]),
            np.cumsum([0, *(len(atoms) for _, atoms in kept)]),
            np.concatenate(bonds),
            np.cumsum([0, *map(len, bonds)]),
            np.concatenate([atoms.positions for _, atoms in kept]),
            names=tuple(name for name, _ in kept),
        )
        parts = settings.Parts(test=self.test)
        return dataclasses.replace(found, split=divided(found, parts, stream(seed, "g2", "parts")))
