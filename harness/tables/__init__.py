"""Tables made from records: as values, and drawn for a terminal, in Markdown, LaTeX, CSV and
JSON."""

from harness.tables.render import show, to_terminal, to_text
from harness.tables.rows import grouped, label, labels, natural, short
from harness.tables.scale import ARROWS, Scale, causes, seconds
from harness.tables.summary import matches, tables
from harness.tables.table import Cell, Column, Table, counted, number

__all__ = [
    "ARROWS",
    "Cell",
    "Column",
    "Scale",
    "Table",
    "causes",
    "counted",
    "grouped",
    "label",
    "labels",
    "matches",
    "natural",
    "number",
    "seconds",
    "short",
    "show",
    "tables",
    "to_terminal",
    "to_text",
]
