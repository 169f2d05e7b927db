"""Tables made from records: as values, and drawn for a terminal, in Markdown, LaTeX, CSV and
JSON."""

from harness.tables.render import show, to_terminal, to_text
from harness.tables.rows import grouped, label, labels, natural, short
from harness.tables.scale import ARROWS
from harness.tables.summary import matches, tables
from harness.tables.table import Cell, Column, Table, number

__all__ = [
    "ARROWS",
    "Cell",
    "Column",
    "Table",
    "grouped",
    "label",
    "labels",
    "matches",
    "natural",
    "number",
    "short",
    "show",
    "tables",
    "to_terminal",
    "to_text",
]
