"""Digests of source code, which enter every cache key: what has changed is computed again."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path

REPORTS = "reports"
"""The folder of a plugin for figures and tables of records: nothing in it computes a result."""
HOST = "host"
"""Names the host among the sources of a record, where plugins stand by their own names."""
COMPUTES = ("kinds", "outputs.py", "seeds.py", "surroundings.py", "threads.py")
"""The files and folders of the host whose code computes numbers."""


def digest(module: str) -> str:
    """Digest of the ``.py`` files of a module or package, without its folder ``reports``."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return "unknown"
    root = Path(found.origin)
    if not found.submodule_search_locations:
        return digest_of([root], root.parent)
    inside = root.parent.rglob("*.py")
    return digest_of(
        (f for f in inside if f.relative_to(root.parent).parts[0] != REPORTS), root.parent
    )


@functools.cache
def host_digest() -> str:
    """Digest of what computes in the host: kinds and their splits, outputs, seeds, surroundings."""
    folder = Path(__file__).parent
    parts = [folder / name for name in COMPUTES]
    return digest_of(
        (f for part in parts for f in (part.rglob("*.py") if part.is_dir() else [part])), folder
    )


def digest_of(files: Iterable[Path], base: Path) -> str:
    """Digest of files, with their names below ``base``."""
    sha = hashlib.sha256()
    for file in sorted(files):
        data = file.read_bytes()
        sha.update(f"{file.relative_to(base).as_posix()} {len(data)}\0".encode() + data)
    return sha.hexdigest()[:16]
