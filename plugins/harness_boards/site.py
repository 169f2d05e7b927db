"""All boards as a folder for any static host: a front page, and a folder per board with its page
and files."""

from __future__ import annotations

import functools
import http.server
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness import UsageError
from harness.commands import whole
from harness_boards import html, report
from harness_boards.definition import Board
from harness_boards.page import page
from harness_boards.report import Report

TITLE = "Leaderboards"


def index(reports: Iterable[Report]) -> bytes:
    """The front page: a card per board."""
    cards = [(one, list(_found(one)), _extent(one)) for one in reports if one.board.listed]
    return html.render("index.html", title=TITLE, cards=cards).encode()


def _found(one: Report) -> Iterator[tuple[str, str]]:
    """Each section that asks something, and what was found: first those that can tell."""
    asking = [section for section in one.sections if section.finding]
    for section in sorted(asking, key=lambda s: ("Cannot" in s.finding, "alone" in s.finding)):
        yield section.title, section.finding


def _extent(one: Report) -> str:
    count = len(one.contents.records)
    return f"{count} result{'s' * (count != 1)}" + (
        f", the newest of {one.date}" if one.date else ""
    )


def readme(reports: Iterable[Report]) -> str:
    """The index of the boards' folder, in Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        "A folder per board: `board.toml` says what is run, `records/` holds the results (one "
        "reviewed file per "
        "estimator plugin), and everything else is made from these two: `table.md`, `table.csv`, "
        "`table.tex`, "
        "`board.json`, and the page `index.html`, which needs no server. This file is made, too.",
        "",
        "`harness board run NAME` computes what is missing, `harness board build NAME` makes the "
        "files again, "
        "`harness board check NAME` fails where they are stale, `harness board serve` shows all "
        "pages.",
        "",
        "| board | what was found | results |",
        "| --- | --- | --- |",
    ]
    for one in (r for r in reports if r.board.listed):
        led = "<br>".join(f"{_plain(what)}: {_plain(found)}" for what, found in _found(one))
        link = f"[{_plain(one.board.title)}]({one.board.name}/table.md)"
        lines.append(f"| {link} | {led} | {_extent(one)} |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{c}" if c in "\\`*_[]|#" else c for c in text)


def build(boards: Iterable[Board], folder: Path) -> list[Path]:
    """Write the site of these boards; the paths of its pages, the front page first."""
    reports: Sequence[Report] = [report.make(board) for board in boards]
    pages = [folder / "index.html"]
    _write(pages[0], index(reports))
    for one in reports:
        place = folder / one.board.name
        for name, content in one.files().items():
            _write(place / name, content)
        pages.append(place / "index.html")
        _write(pages[-1], page(one, home="../index.html"))
    return pages


def _write(path: Path, content: bytes) -> None:
    with whole(path) as out:
        out.write(content)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the reader looks at the page."""


def server(folder: Path, port: int) -> http.server.ThreadingHTTPServer:
    """A server of that folder on this machine alone; port 0 takes a free one.

    Raises `UsageError`.
    """
    if not (folder / "index.html").is_file():
        raise UsageError(f"{folder}: no index.html; `harness board site` makes it")
    try:
        return http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), functools.partial(_Quiet, directory=str(folder))
        )
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"port {port} of 127.0.0.1: {error}; wanted a free one, such as --port 0"
        ) from error


def serve(folder: Path, port: int) -> None:
    """Show the folder on 127.0.0.1 until Ctrl-C."""
    with server(folder, port) as running:
        print(
            f"http://127.0.0.1:{running.server_port}/ shows {folder}; Ctrl-C ends it",
            file=sys.stderr,
            flush=True,
        )
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)
