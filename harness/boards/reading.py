"""Records back from files, wherever they were written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from harness.boards import submission
from harness.errors import UsageError
from harness.records import Record, Records


def read_records(*places: str | Path) -> Records:
    """The records in files, or in the ``.jsonl`` files of folders; failures are among them.

    Parameters
    ----------
    places : lines of ``harness run --format json``, or a board's files.

    Raises
    ------
    UsageError : a file that cannot be read, or holds something else; it names the file and the line.
    """
    found: list[Record] = []
    for place in map(Path, places):
        for file in sorted(place.glob("*.jsonl")) if place.is_dir() else [place]:
            found += _read(file)
    return Records(found)


def _read(file: Path) -> Iterator[Record]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); wanted a file of records") from None
    if lines and _is_header(lines[0]):
        yield from submission.read(file).records
        return
    for number, line in enumerate(lines, start=1):
        try:
            yield Record.from_json(line)
        except UsageError as error:
            raise UsageError(
                f"{file}, line {number}: {error}; wanted a record of harness run --format json, or of a board"
            ) from None


def _is_header(line: str) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and "schema" in found
