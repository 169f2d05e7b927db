"""A board worked out, and the files made from it: ``table.md``, ``table.csv``, ``table.tex``,
``board.json``.

Everything comes from ``board.toml`` and the records, byte for byte the same: fixed order, fixed
formats, no clock.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import gc
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.tables import Table, to_text
from harness_boards import provenance
from harness_boards.contents import Contents
from harness_boards.definition import Board
from harness_boards.kinds import stand
from harness_boards.provenance import Provenance
from harness_boards.sections.base import Section


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """A hundred thousand records hold no cycles; the collector would look through all of them
    repeatedly."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@dataclass(frozen=True, eq=False)
class Report:
    """A board with its sections worked out."""

    board: Board
    contents: Contents
    sections: tuple[Section, ...]

    @functools.cached_property
    def origins(self) -> list[list[Provenance]]:
        """For each section the provenance of its rows; board.json and the page both tell of it."""
        return provenance.of(self)

    @property
    def date(self) -> str:
        """The day of the newest record: boards know no clock."""
        return max((r.started for r in self.contents.records), default="")[:10]

    def tables(self) -> list[Table]:
        """The tables of all sections, best row first."""
        return [table for section in self.sections for table in section.tables()]

    @collector_paused()
    def files(self) -> dict[str, bytes]:
        """Names and contents of the generated files, beside the page."""
        plain_text = json.dumps(plain(self), indent=1, allow_nan=False, ensure_ascii=False)
        made = {
            "table.md": self._markdown(),
            "table.tex": to_text(self.tables(), "latex"),
            "table.csv": self._csv(),
            "board.json": f"{plain_text}\n",
        }
        pictures = {name: content for name, (_, content) in self.maps().items()}
        return {name: text.encode() for name, text in made.items()} | pictures

    def maps(self) -> dict[str, tuple[str, bytes]]:
        """Caption and content of the pictures of sections, by file name."""
        return {
            f"map-{i}-{name}": picture
            for i, section in enumerate(self.sections)
            for name, picture in section.files().items()
        }

    def _markdown(self) -> str:
        about = f"{_shown(self.board.about)}\n\n" if self.board.about else ""
        name, title = self.board.name, _shown(self.board.title)
        pictures = "".join(f"![{said}]({file})\n\n" for file, (said, _) in self.maps().items())
        return (
            f"# {title}\n\n{about}{to_text(self.tables(), 'markdown')}\n{pictures}"
            f"{len(self.contents.records)} results, the newest of {self.date}. "
            f"Rebuild: `harness board build {name}`; "
            f"compute what is missing: `harness board run {name}`.\n"
        )

    def _csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            ["section", "kind", "row", "models", "estimator", "measure", "value", "low", "high"]
        )
        for section in self.sections:
            writer.writerows([section.title, section.kind, *row] for row in section.csv_rows())
        return out.getvalue()


@collector_paused()
def make(board: Board) -> Report:
    """Read a board's records and work out its sections.

    Raises `UsageError` for what is wrong with them.
    """
    contents = Contents.of_board(board)
    sections = stand(board.name, board.sections, contents, board.seeds)
    return Report(board, contents, tuple(sections))


def plain(report: Report) -> dict[str, Any]:
    """The whole report as JSON values: what pages and other programs read."""
    return {
        "schema": 1,
        "board": report.board.name,
        "title": report.board.title,
        "about": report.board.about,
        "date": report.date,
        "results": len(report.contents.records),
        "plugins": dict(sorted(report.contents.distributions.items())),
        "sections": [
            _section(report, *pair) for pair in zip(report.sections, report.origins, strict=True)
        ],
    }


def _section(report: Report, section: Section, made: list[Provenance]) -> dict[str, Any]:
    """A section with, for each row, how many of its records are verified, and its traits."""
    found = section.plain()
    for row, one in zip(found["rows"], made, strict=False):
        declared = report.contents.estimators.get(row.get("estimator", ""))
        row["verified"] = [one.verified, one.results]
        row["traits"] = list(declared.traits) if declared else []
    return found


def changes(
    old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> list[tuple[str, str, str, str]]:
    """Rows that differ between two lists of sections (of `plain`): section, row, old and new
    state."""
    before, after = _states(old), _states(new)
    found = []
    for title, name in dict.fromkeys((*after, *before)):
        a, b = (states.get((title, name), "–") for states in (before, after))
        if a != b:
            found.append((title, name, a, b))
    return found


def _states(sections: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    return {
        (s["title"], row["label"]): Section.kinds[s["kind"]].state(row)
        for s in sections
        for row in s["rows"]
    }


def _shown(text: str) -> str:
    """Markdown without the HTML that it may hold."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
