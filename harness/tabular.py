"""Tables in text files: CSV, and TSV, with every row accounted for."""

from __future__ import annotations

import csv
import io
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from harness.errors import UsageError
from harness.files import read_text, unpacked

LOG = logging.getLogger("harness.files")
Quotes: TypeAlias = Literal["auto", "yes", "no"]
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons"}


@dataclass(frozen=True)
class TextTable:
    """Rows of fields as they stand in a file.

    Attributes
    ----------
    names : the columns, from the first line.
    rows : as many fields each.
    lines : the line of the file in which each row ends.
    """

    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def dictionaries(self) -> list[dict[str, str]]:
        """The rows by column."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def read_table(
    path: Path,
    *,
    encoding: str = "utf-8",
    setting: str = "",
    quotes: Quotes = "auto",
    header: bool = True,
) -> TextTable:
    """A table in a text file. Blank lines are no rows.

    Parameters
    ----------
    encoding, setting : as in `harness.files.read_text`.
    quotes : whether fields may stand in double quotes, and then hold delimiters and line ends;
        ``auto``: in CSV they may, in a ``.tsv`` they may not, where a quote is a character.
    header : whether the first row names the columns; else they are ``0``, ``1`` ...

    A ``.tsv`` has tabs. Any other file has commas, or what its first line has where that has no
    comma: tabs or semicolons, which is logged.

    Raises
    ------
    UsageError : a file that cannot be read, a quote that is not closed, a row with more or fewer
        fields than the first, or a column that is there twice; with the line.
    """
    text = read_text(path, encoding, setting)
    tsv = unpacked(path).suffix.lower() == ".tsv"
    quoted = not tsv if quotes == "auto" else quotes == "yes"
    delimiter = "\t" if tsv else _delimiter(text.partition("\n")[0], path)
    table = _parsed(text, delimiter, quoted, path)
    if not table.rows:
        raise UsageError(f"{path}: no rows; wanted at least one")
    wide = len(table.rows[0])
    for row, line in zip(table.rows, table.lines, strict=True):
        if len(row) != wide:
            more = "more" if len(row) > wide else "fewer"
            hint = "; or quotes=no, where a quote is a character" if quoted and '"' in text else ""
            raise UsageError(
                f"{path}, line {line}: {len(row)} fields, {more} than the first line; wanted "
                f"{wide}, separated by {DELIMITERS[delimiter]}{hint}"
            )
    if not header:
        return TextTable(tuple(map(str, range(wide))), table.rows, table.lines)
    names = tuple(name.strip() for name in table.rows[0])
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"{path}: the column {twice[0]!r} twice; wanted different names")
    if len(table.rows) == 1:
        raise UsageError(f"{path}: no rows but the names of columns; wanted at least one")
    return TextTable(names, table.rows[1:], table.lines[1:])


def _parsed(text: str, delimiter: str, quoted: bool, path: Path) -> TextTable:
    rows: list[list[str]] = []
    lines: list[int] = []
    longest = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    # Strict: a quote that is not closed, or closed in the middle of a field, is an error, where it
    # would silently swallow the rows in between.
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        begun = lines[-1] + 1 if lines else 1
        raise UsageError(
            f"{path}, line {begun}: {error}; wanted quotes that close at the end of a field, or "
            "quotes=no, where a quote is a character"
        ) from None
    finally:
        csv.field_size_limit(longest)
    return TextTable((), rows, lines)


def _delimiter(first: str, path: Path) -> str:
    counts = {mark: first.count(mark) for mark in DELIMITERS}
    if counts[","] or not (counts["\t"] or counts[";"]):
        return ","
    found = "\t" if counts["\t"] >= counts[";"] else ";"
    LOG.warning("%s: its fields are taken to be separated by %s", path, DELIMITERS[found])
    return found
