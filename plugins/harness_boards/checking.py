"""Is a board what its records say, and can its records be believed?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from harness import UsageError
from harness_boards import belief, building, lock, report, submission, verified
from harness_boards.definition import Board
from harness_boards.submission import Submission

WRITTEN_BY_HAND = {"board.toml", "records", lock.NAME, verified.NAME}


def problems(board: Board) -> list[str]:
    """Everything wrong with a board, one line each; nothing is run and no plugin is needed."""
    found, submissions = _files(board)
    if found:
        return found
    try:
        if submissions:
            expected = lock.read(board)
            now = datetime.datetime.now(datetime.UTC)
            found = [p for one in submissions for p in belief.problems(expected, one, now)]
        return found or list(_stale(board, report.make(board)))
    except UsageError as error:
        return [str(error)]


def _files(board: Board) -> tuple[list[str], list[Submission]]:
    """Each records file on its own, so that two broken ones are two lines."""
    folder, found, read = board.records_folder, [], []
    for place in (board.folder, folder, *sorted(board.folder.iterdir())):
        if place.is_symlink():
            found.append(f"{place} is a link; wanted a file or folder of the repository itself")
    if found:
        return found, []
    for file in sorted(folder.glob("*")):
        try:
            if file.suffix != ".jsonl":
                raise UsageError(f"{file}: wanted only files named PLUGIN.jsonl here")
            read.append(submission.read(file))
            if not _as_written(file, read[-1]):
                raise UsageError(
                    f"{file}: the text is not that which `harness board submit` writes: blanks, "
                    "keys or digits were changed by hand"
                )
        except UsageError as error:
            found.append(str(error))
    if not found and not read and not board.reads:
        found.append(f"{board.folder}: no records; `harness board run {board.name}` computes them")
    return found, read


def _as_written(file: Path, read: Submission) -> bool:
    """Whether a file is byte for byte what is written of its own records."""
    return submission.text(read) == file.read_bytes()


def _stale(board: Board, made: report.Report) -> Iterator[str]:
    """Generated files that are not, byte for byte, what the records give; and files that nothing
    generates."""
    wanted = building.files(made)
    for name, content in wanted.items():
        file = board.folder / name
        if not file.exists() or file.read_bytes() != content:
            yield f"{file} is stale: harness board build {board.name}"
    for file in sorted(board.folder.iterdir()):
        if file.name not in WRITTEN_BY_HAND and file.name not in wanted:
            yield f"{file} belongs to no board: remove it"


def index_stale(root: Path) -> str:
    """The complaint about ``README.md`` of the boards' folder; empty where it is up to date."""
    file = root / "README.md"
    fresh = file.exists() and file.read_bytes() == building.index(root)
    return "" if fresh else f"{file} is stale: harness board build"
