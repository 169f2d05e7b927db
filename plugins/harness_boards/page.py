"""A board as one HTML file: standing, plots, cases, and what stands behind each row.

The file needs no network, no server and no script: what the script adds is sorting, filters and a
dialog. All names are escaped, and the page forbids itself (Content-Security-Policy) to run or load
anything that is not written in it.
"""

from __future__ import annotations

from harness_boards import html
from harness_boards.report import Report, collector_paused
from harness_boards.sections.base import View


@collector_paused()
def page(report: Report, home: str = "") -> bytes:
    """The page of a board.

    Parameters
    ----------
    home : address of the index of boards, where there is one.
    """
    parts = [
        section.page(View(f"s{i}", rows, report.contents, home))
        for i, (section, rows) in enumerate(zip(report.sections, report.origins, strict=True))
    ]
    return html.render(
        "board.html",
        report=report,
        board=report.board,
        home=home,
        plugins=sorted({r.plugin for r in report.contents.records}),
        files=("table.csv", "board.json", "table.md", "table.tex", *report.maps()),
        title=report.board.title,
        parts_of=parts,
    ).encode()
