"""Write what is generated: a board's tables and page, and the index of all boards."""

from __future__ import annotations

from pathlib import Path

from harness.commands import whole
from harness_boards import definition, report
from harness_boards.definition import Board
from harness_boards.page import page
from harness_boards.report import Report
from harness_boards.site import readme


def files(made: Report) -> dict[str, bytes]:
    """Names and contents of all that is generated in a board's folder."""
    return {**made.files(), "index.html": page(made)}


def build(board: Board) -> Report:
    """Make a board's files again from its records."""
    made = report.make(board)
    for name, content in files(made).items():
        with whole(board.folder / name) as out:
            out.write(content)
    return made


def index(root: Path) -> bytes:
    """``README.md`` of the boards' folder."""
    return readme([report.make(board) for board in definition.every(root)]).encode()


def build_all_of(board: Board) -> None:
    """Make a board's files again, those of boards that read its records, and the index of all
    boards where there is one: it tells of each board's rows."""
    root = board.folder.resolve().parent
    for one in (board, *(b for b in definition.every(root) if board.name in b.reads)):
        build(one)
    if (root / "README.md").is_file():
        with whole(root / "README.md") as out:
            out.write(index(root))


def build_all(root: Path) -> list[Report]:
    """Make every board and the index again."""
    made = [build(board) for board in definition.every(root)]
    with whole(root / "README.md") as out:
        out.write(readme(made).encode())
    return made
