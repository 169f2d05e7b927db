"""Digests of source code: what enters the key of a result so that changed code is run again."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path

HOST = "host"
"""Names the host among the sources of a record, where plugins stand by their own names."""
COMPUTES = ("kinds", "outputs.py", "seeds.py", "surroundings.py", "threads.py")
"""The files and folders of the host whose code computes numbers."""


def of_module(module: str) -> str:
    """Digest of a module or, where it is a package, of all its ``.py`` files."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return "unknown"
    root = Path(found.origin)
    return of_files(root.parent, [root.parent if found.submodule_search_locations else root])


@functools.cache
def of_host() -> str:
    """Digest of what computes in the host: kinds and their splits, seeds, surroundings."""
    folder = Path(__file__).parent
    return of_files(folder, [folder / name for name in COMPUTES])


def of_files(base: Path, parts: Iterable[Path]) -> str:
    """Digest of files, and of the ``.py`` files in folders, with their names below ``base``."""
    files = sorted(
        file for part in parts for file in (part.rglob("*.py") if part.is_dir() else (part,))
    )
    sha = hashlib.sha256()
    for file in files:
        data = file.read_bytes()
        sha.update(f"{file.relative_to(base).as_posix()} {len(data)}\0".encode() + data)
    return sha.hexdigest()[:16]
