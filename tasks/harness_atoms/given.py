"""Structures in memory, for ``harness.run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Structures, needs


def structures(data: Any, folder: Path) -> dict[str, Any] | None:
    """A list of ASE's atoms, or `Structures`, as a file of `colabfit`."""
    if isinstance(data, Structures):
        frames = _frames(data)
    elif isinstance(data, list) and data and all(hasattr(a, "get_positions") for a in data):
        frames = data
    else:
        return None
    path = folder / "structures.traj"
    needs("ase.io", "infoharness[atoms]").write(path, frames)
    return {"dataset": str(path)}


def _frames(data: Structures) -> list[Any]:
    atoms = needs("ase", "infoharness[atoms]").Atoms
    single = needs("ase.calculators.singlepoint", "infoharness[atoms]").SinglePointCalculator
    frames = []
    for i in range(data.n):
        rows = slice(data.offsets[i], data.offsets[i + 1])
        frame = atoms(data.numbers[rows], data.positions[rows], cell=data.cells[i], pbc=data.pbc[i])
        known: dict[str, Any] = {}
        if data.energies is not None:
            known["energy"] = float(data.energies[i])
        if data.forces is not None:
            known["forces"] = data.forces[rows]
        if known:
            frame.calc = single(frame, **known)
        if data.groups is not None:
            frame.info["config_type"] = str(data.groups[i])
        frames.append(frame)
    return frames
