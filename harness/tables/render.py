"""Draw tables: for a terminal (rich), as Markdown and LaTeX (tabulate), as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from typing import IO

from harness.records import Records
from harness.tables.summary import Declared, long_rows, tables
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


def to_terminal(found: Sequence[Table], out: IO[str]) -> None:
    """Tables for people; plain text where ``out`` is no terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(file=out, width=None if out.isatty() else 160, highlight=False)
    for table in found:
        console.print(Text(table.title, "bold"))
        for part, widths in _fitting(table, console.width):
            drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
            drawn.add_column(table.label, no_wrap=True)
            for c in part:
                drawn.add_column(Text(str(table.columns[c])), justify="right", min_width=widths[c])
            for row, cells in table.rows:
                marked = (
                    Text(_starred(cells[c]), "bold green" if cells[c].best else "") for c in part
                )
                drawn.add_row(Text(row), *marked)
            console.print(drawn)
        for note in table.notes:
            console.print(Text(note, "dim"))
        console.print()


def _starred(cell: Cell) -> str:
    """The star says what bold says, for those who cannot see bold."""
    return f"{cell}*" if cell.best else str(cell)


def _fitting(table: Table, width: int) -> list[tuple[list[int], list[int]]]:
    """Columns cut into parts that fit ``width`` without breaking a word or a figure; and their
    widths."""
    widths = [
        max(
            len(text)
            for text in (*str(column).split(), *(_starred(cells[c]) for _, cells in table.rows))
        )
        for c, column in enumerate(table.columns)
    ]
    first = max(len(text) for text in (table.label, *(row for row, _ in table.rows)))
    parts: list[list[int]] = []
    room = 0
    for c, wide in enumerate(widths):
        if not parts or wide + 2 > room:
            parts.append([])
            room = width - first - 4
        parts[-1].append(c)
        room -= wide + 2
    return [(part, widths) for part in parts]


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
