"""Which records of a board the maintainers computed again: ``verified.json``, by plugin.

A record is named by its key and a digest of all that it states, so that one that changes is no
longer verified. ``harness board check NAME --reproduce N --mark`` adds to it; a submission may not
(`harness_boards.base`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness import Record, UsageError
from harness.commands import whole

if TYPE_CHECKING:
    from harness_boards.definition import Board

NAME = "verified.json"
_DIGITS = 16


def read(board: Board) -> frozenset[str]:
    """The names of verified records. Raises `UsageError` for a file of another form."""
    file = board.folder / NAME
    if not file.exists():
        return frozenset()
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        return frozenset(str(name) for names in raw.values() for name in names)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"{file}: not a list of verified records: {error}") from error


def name(record: Record) -> str:
    """Names a record with all that it states."""
    return hashlib.sha256(record.to_json().encode()).hexdigest()[:_DIGITS]


def mark(board: Board, records: Iterable[Record]) -> None:
    """Add records to the list; those that the board no longer has are left out."""
    known = read(board) | {name(r) for r in records}
    found = {
        one.plugin: sorted(known & {name(r) for r in one.records}) for one in board.submissions()
    }
    text = json.dumps({k: v for k, v in found.items() if v}, indent=1)
    with whole(board.folder / NAME) as out:
        out.write(f"{text}\n".encode())
