"""Tables in text files: CSV, and TSV, with every row accounted for."""

from __future__ import annotations

import csv
import itertools
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from harness.errors import UsageError
from harness.files import lines, unpacked

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
    rows, ends = [], []
    for line, row in table_rows(path, encoding=encoding, setting=setting, quotes=quotes):
        rows.append(row)
        ends.append(line)
    if not header:
        return TextTable(tuple(map(str, range(len(rows[0])))), rows, ends)
    names = tuple(name.strip() for name in rows[0])
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"{path}: the column {twice[0]!r} twice; wanted different names")
    if len(rows) == 1:
        raise UsageError(f"{path}: no rows but the names of columns; wanted at least one")
    return TextTable(names, rows[1:], ends[1:])


def table_rows(
    path: Path, *, encoding: str = "utf-8", setting: str = "", quotes: Quotes = "auto"
) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table, one after another, each with the line in which it ends.

    Arguments and errors as for `read_table`; the first row is one like the others.
    """
    tsv = unpacked(path).suffix.lower() == ".tsv"
    quoted = not tsv if quotes == "auto" else quotes == "yes"
    text = lines(path, encoding, setting, ends="")
    first = next(text, "")
    delimiter = "\t" if tsv else _delimiter(first, path)
    marks = False

    def watched() -> Iterator[str]:
        nonlocal marks
        for line in itertools.chain([first], text):
            marks = marks or '"' in line
            yield line

    # Strict: a quote that is not closed, or closed in the middle of a field, is an error, where it
    # would silently swallow the rows in between.
    reader = csv.reader(
        watched(),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    wide, last = 0, 0
    while True:
        longest = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise UsageError(
                f"{path}, line {last + 1}: {error}; wanted quotes that close at the end of a "
                "field, or quotes=no, where a quote is a character"
            ) from None
        finally:
            csv.field_size_limit(longest)
        if row is None:
            break
        if not row:
            continue
        wide, last = wide or len(row), reader.line_num
        if len(row) != wide:
            more = "more" if len(row) > wide else "fewer"
            hint = "; or quotes=no, where a quote is a character" if quoted and marks else ""
            raise UsageError(
                f"{path}, line {last}: {len(row)} fields, {more} than the first line; wanted "
                f"{wide}, separated by {DELIMITERS[delimiter]}{hint}"
            )
        yield last, row
    if not wide:
        raise UsageError(f"{path}: no rows; wanted at least one")


def _delimiter(first: str, path: Path) -> str:
    counts = {mark: first.count(mark) for mark in DELIMITERS}
    if counts[","] or not (counts["\t"] or counts[";"]):
        return ","
    found = "\t" if counts["\t"] >= counts[";"] else ";"
    LOG.warning("%s: its fields are taken to be separated by %s", path, DELIMITERS[found])
    return found
