"""How to install the plugin of a records file: lines of a pip requirements file with versions and
hashes, in its header."""

from __future__ import annotations

import re
from pathlib import Path

from harness import UsageError
from harness_boards.jsonlines import Line

LARGEST = 2**20
"""Bytes of a header that are still read."""
REQUIREMENT = re.compile(r"[\w.-]+==[\w.+!-]+( --hash=sha256:[0-9a-f]{64})+", re.ASCII)
"""A line of a pip requirements file: one version, and the hashes of its files."""


def normalized(distribution: str) -> str:
    """The name of a distribution as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def read(file: Path) -> tuple[str, ...]:
    """The lines of a pip requirements file, continued ones as one, without comments.

    Raises `UsageError` for a line without a version and hashes.
    """
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (" ".join(line.partition("#")[0].split()) for line in text.splitlines())
    found = tuple(line for line in lines if line)
    for line in found:
        if not REQUIREMENT.fullmatch(line):
            raise UsageError(f"{file}: {line!r}; wanted name==1.2.3 --hash=sha256:...")
    return found


def stated(path: Path) -> tuple[str, ...]:
    """The requirements that a file states, whatever its records; none where there is no file."""
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        head = Line(path, 1, file.readline(LARGEST)).value
    return tuple(map(str, head.get("requirements", ()))) if isinstance(head, dict) else ()
