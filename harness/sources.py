"""The digest of a plugin's source, which enters every cache key."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

REPORTS = "reports"
"""The folder of a plugin for figures and tables made from records: nothing in it computes a
result."""


def digest(module: str) -> str:
    """Digest of the ``.py`` files of a module or package by name, without its folder
    ``reports``."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return "unknown"
    root = Path(found.origin)
    files = [root]
    if found.submodule_search_locations:
        inside = [(f, f.relative_to(root.parent)) for f in root.parent.rglob("*.py")]
        files = sorted(f for f, name in inside if name.parts[0] != REPORTS)
    sha = hashlib.sha256()
    for file in files:
        data = file.read_bytes()
        sha.update(f"{file.relative_to(root.parent).as_posix()} {len(data)}\0".encode() + data)
    return sha.hexdigest()[:16]
