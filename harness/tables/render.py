"""Draw tables: for a terminal (rich), as Markdown and LaTeX (tabulate), as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Sequence
from typing import IO

from harness.records import Records
from harness.tables.long import long_rows
from harness.tables.scale import Declared
from harness.tables.summary import tables
from harness.tables.table import Cell, Table


def show(
    records: Records, how: str, quantity: Declared, unit: str = "nats", out: IO[str] | None = None
) -> None:
    """Print records as ``table``, ``markdown``, ``latex``, ``csv`` or ``json``."""
    out = out or sys.stdout
    if how == "json":
        out.writelines(record.to_json() + "\n" for record in records)
    elif how == "csv":
        out.write(to_csv(records))
    elif how == "table":
        to_terminal(tables(records, quantity, unit), out)
    else:
        out.write(to_text(tables(records, quantity, unit), how))


PAGE = 160
"""Columns where there is neither a terminal nor COLUMNS."""
GAP = 2
"""Blanks between two columns, and those that tabulate gives every heading."""


def to_terminal(found: Sequence[Table], out: IO[str]) -> None:
    """Tables for people, in blocks of columns that fit; plain text where ``out`` is no terminal, as
    wide as COLUMNS says."""
    from rich.console import Console
    from rich.text import Text

    page = None if out.isatty() else shutil.get_terminal_size((PAGE, 24)).columns
    console = Console(file=out, width=page, highlight=False)
    for table in found:
        console.print(Text(table.title, "bold"))
        for part, widths in _fitting(table, console.width):
            text = Text(_drawn(table, part, widths), no_wrap=True, overflow="ignore")
            text.highlight_regex(r"\S+(?: \S+)*\*(?= |$)", "bold green")
            console.print(text)
            console.print()
        for note in table.notes:
            console.print(Text(note, "dim"))
        console.print()


def _starred(cell: Cell) -> str:
    """The star says what bold says, for those who cannot see bold."""
    return f"{cell}*" if cell.best else str(cell)


def _fitting(table: Table, width: int) -> list[tuple[list[int], list[int]]]:
    """Columns cut into parts that fit ``width``, with the widths of labels and columns.

    A heading may be broken between words, a figure never; a label is broken where it takes more
    than half of the width.
    """
    labels = [table.label, *(row for row, _ in table.rows)]
    first = min(max(len(table.label) + GAP, *map(len, labels)), width // 2)
    widths = [
        max(
            [len(word) + GAP for word in str(column).split()]
            + [len(_starred(cells[c])) for _, cells in table.rows]
        )
        for c, column in enumerate(table.columns)
    ]
    parts: list[list[int]] = []
    room = 0
    for c, wide in enumerate(widths):
        if not parts or wide + GAP > room:
            parts.append([])
            room = width - first
        parts[-1].append(c)
        room -= wide + GAP
    return [(part, [first, *(widths[c] for c in part)]) for part in parts]


def _drawn(table: Table, columns: Sequence[int], widths: Sequence[int]) -> str:
    from tabulate import tabulate

    drawn: str = tabulate(
        [[row, *(_starred(cells[c]) for c in columns)] for row, cells in table.rows],
        [table.label, *(str(table.columns[c]) for c in columns)],
        tablefmt="simple",
        colalign=["left", *["right"] * len(columns)],
        maxcolwidths=list(widths),
        maxheadercolwidths=[w - GAP for w in widths],
        disable_numparse=True,
    )
    return drawn


def to_text(found: Sequence[Table], how: str) -> str:
    """Tables as Markdown (``markdown``) or LaTeX with booktabs (``latex``)."""
    from tabulate import tabulate

    parts = []
    for table in found:
        marked = "**{}**" if how == "markdown" else r"\textbf{{{}}}"
        escape = _tex if how == "latex" else _md
        body = [
            [
                escape(row),
                *(marked.format(escape(str(c))) if c.best else escape(str(c)) for c in cells),
            ]
            for row, cells in table.rows
        ]
        head = [escape(table.label), *(escape(str(c)) for c in table.columns)]
        form = "github" if how == "markdown" else "latex_raw"
        align = ["left", *["right"] * len(table.columns)]
        drawn = tabulate(body, head, tablefmt=form, colalign=align, disable_numparse=True)
        if how == "latex":
            rules = iter([r"\toprule", r"\midrule", r"\bottomrule"])
            drawn = "\n".join(
                next(rules) if line == r"\hline" else line for line in drawn.splitlines()
            )
            notes = "".join(f"% {note}\n" for note in table.notes)
            parts.append(f"% {table.title}\n{drawn}\n{notes}")
        else:
            notes = "".join(f"\n{escape(note)}\n" for note in table.notes)
            parts.append(f"### {escape(table.title)}\n\n{drawn}\n{notes}")
    return "\n".join(parts)


def _md(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


TEX = str.maketrans(
    {c: f"\\{c}" for c in "%_#&${}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "Å": r"\AA{}",
    }
    | {
        "±": r"$\pm$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "▸": r"$\to$",
        "×": r"$\times$",
        "–": "--",
    }
)


def _tex(text: str) -> str:
    return text.translate(TEX)


def to_csv(records: Records) -> str:
    """One row per record and quantity, with a heading."""
    rows = long_rows(records)
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()
