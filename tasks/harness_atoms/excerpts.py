"""Chosen structures as a file, with nothing lost of what they carry."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import Structures, UsageError, needs
from harness.files import unpacked
from harness_atoms.frames import INSTALL, format_of, xyz_frames
from harness_atoms.mtp import is_mtp

XYZ = (".xyz", ".extxyz")


def of_file(source: Path, n: int, chosen: Sequence[int]) -> bytes:
    """The chosen of the ``n`` frames of a file as extended XYZ.

    Frames of extended XYZ are copied byte for byte; others are written by ASE. Raises `UsageError`
    where positions do not count the frames of the file, because some were left out.
    """
    if unpacked(source).suffix in XYZ:
        frames = [b"".join(lines) for _, lines in xyz_frames(source)]
        parts = [frames[i] for i in chosen if i < len(frames)]
        ends = [part if part.endswith(b"\n") else part + b"\n" for part in parts]
        count, content = len(frames), b"".join(ends)
    else:
        found, text = needs("ase.io", INSTALL).read(source, index=":"), io.StringIO()
        count = len(found)
        needs("ase.io", INSTALL).write(
            text, [found[i] for i in chosen if i < count], format="extxyz"
        )
        content = text.getvalue().encode()
    if count != n:
        raise UsageError(f"{source}: {n} structures of {count} frames were read; wanted all")
    return content


def readable(source: Path | None) -> bool:
    """Whether the frames of a file are there to be copied."""
    if source is None or (format_of(source) == "cfg" and is_mtp(source)):
        return False
    return unpacked(source).suffix in XYZ or bool(format_of(source))


def of_structures(data: Structures, chosen: Sequence[int]) -> bytes:
    """The chosen structures with what was read of them: no file has their frames."""
    ase = needs("ase", INSTALL)
    single = needs("ase.calculators.singlepoint", INSTALL).SinglePointCalculator
    frames, text = [], io.StringIO()
    for i in chosen:
        atoms = slice(int(data.offsets[i]), int(data.offsets[i + 1]))
        frame = ase.Atoms(
            data.numbers[atoms], data.positions[atoms], cell=data.cells[i], pbc=data.pbc[i]
        )
        if data.groups is not None:
            frame.info["config_type"] = data.groups[i]
        results: dict[str, Any] = {}
        if data.energies is not None:
            results["energy"] = float(data.energies[i])
        if data.forces is not None:
            results["forces"] = data.forces[atoms]
        frame.calc = single(frame, **results) if results else None
        frames.append(frame)
    needs("ase.io", INSTALL).write(text, frames, format="extxyz")
    return text.getvalue().encode()
