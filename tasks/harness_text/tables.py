"""Rows of text files and of data sets on the Hugging Face hub, as columns of strings."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import UsageError, needs
from harness.files import json_lines, parquet_rows, read_bytes, read_json, unpacked
from harness.tabular import Quotes, read_table

ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
FILES = (*ENDINGS, ".txt", ".xlsx", ".xls", ".ndjson", ".arrow", ".feather", ".gz", ".xz", ".zip")
"""Endings of files: such a name is never looked up on the hub."""
_TELEQNA = re.compile(r"question \d+")
_OPTION = re.compile(r"option ([1-8])\b")


@dataclass(frozen=True)
class Table:
    """Rows by column.

    Attributes
    ----------
    parts : the part of the data that each row is from; empty without parts.
    places : where each row stands, for errors: the file with the line, from 1, in which it ends.
        Rows of JSON, Parquet and the hub have no lines, and are counted from 0 as libraries do.
    """

    columns: dict[str, list[Any]]
    parts: list[str]
    places: list[str]

    def column(self, name: str, where: str, setting: str) -> list[Any]:
        """A column. Raises `UsageError` where there is none of that name, with the nearest one."""
        if name in self.columns:
            return self.columns[name]
        lower = {column.strip().casefold(): column for column in self.columns}
        near = difflib.get_close_matches(name.casefold(), lower, 1, 0.6)
        hint = f"; wanted {setting}={lower[near[0]]}" if near else f"; wanted {setting}=COLUMN"
        raise UsageError(f"{where}: no column {name!r}; it has {', '.join(self.columns)}{hint}")


def is_file(path: str) -> bool:
    """Whether a path is a file of a format that is read here.

    Raises `UsageError` for a file that is not there, and for one of another format.
    """
    if not path.lower().endswith(FILES) and not Path(path).is_file():
        return False
    if not Path(path).is_file():
        raise UsageError(f"{path}: no such file; wanted {', '.join(ENDINGS)}")
    if not unpacked(Path(path)).name.lower().endswith(ENDINGS):
        raise UsageError(f"{path}: unknown kind of file; wanted {', '.join(ENDINGS)}")
    return True


def digest(paths: Iterable[str]) -> str:
    """A digest of the contents of files."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(read_bytes(Path(path)))
    return sha.hexdigest()[:16]


def read_files(files: dict[str, str], *, encoding: str = "utf-8", quotes: Quotes = "auto") -> Table:
    """The rows of files by part: ``""``, or ``train`` and ``test``.

    ``encoding`` and ``quotes`` are those of `harness.tabular.read_table`.

    Raises `UsageError` for what cannot be read.
    """
    rows: list[dict[str, Any]] = []
    parts: list[str] = []
    places: list[str] = []
    for part, path in files.items():
        found = _rows(Path(path), encoding, quotes)
        if not found:
            raise UsageError(f"{path}: no rows; wanted at least one")
        places += [place for place, _ in found]
        rows += [row for _, row in found]
        parts += [part] * len(found)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table({name: [row.get(name) for row in rows] for name in names}, parts, places)


def _rows(path: Path, encoding: str, quotes: Quotes) -> list[tuple[str, dict[str, Any]]]:
    """Where each row stands, and the row."""
    ending, setting = unpacked(path).suffix.lower(), "labelled-text.encoding"
    if ending in (".csv", ".tsv"):
        table = read_table(path, encoding=encoding, setting=setting, quotes=quotes)
        places = [f"{path}, line {number}" for number in table.lines]
        return list(zip(places, table.dictionaries(), strict=True))
    if ending == ".jsonl":
        lines = json_lines(path, encoding, setting)
        return [_mapping(row, f"{path}:{number}") for number, row in lines]
    if ending == ".json":
        found = read_json(path, encoding, setting)
        if isinstance(found, dict) and found and all(map(_TELEQNA.fullmatch, found)):
            return [_choice(row, f"{path}, {name!r}") for name, row in found.items()]
        rows = found if isinstance(found, list) else [found]
        return [_mapping(row, f"{path}, entry {number}") for number, row in enumerate(rows)]
    found = parquet_rows(path, "infoharness[text]")
    return [(f"{path}, row {number}", row) for number, row in enumerate(found)]


def _choice(row: Any, where: str) -> tuple[str, dict[str, Any]]:
    """A question of TeleQnA with ``options`` as a list and ``answer`` as the letter of one.

    Raises `UsageError` for fewer than two options, and for an answer that is none of them.
    """
    found = _mapping(row, where)[1]
    numbered = {name: str(text) for name, text in found.items() if _OPTION.fullmatch(name)}
    options = [numbered[name] for name in sorted(numbered, key=lambda n: int(n.split()[1]))]
    said = _OPTION.match(str(found.get("answer", "")))
    number = int(said[1]) if said else 0
    if len(options) < 2 or not 1 <= number <= len(options):
        raise UsageError(
            f"{where}: {len(options)} options and the answer {found.get('answer')!r}; "
            "wanted 'option 1', 'option 2' ... and an answer such as 'option 2: text'"
        )
    rest = {name: value for name, value in found.items() if name not in numbered}
    return where, rest | {"options": options, "answer": "ABCDEFGH"[number - 1]}


def _mapping(row: Any, where: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: {type(row).__name__}; wanted an object with a field per column")
    return where, row


def read_hub(
    name: str, config: str, revision: str, train: str, test: str
) -> tuple[Table, dict[str, list[str]]]:
    """The rows of a data set, and the class names of its label columns.

    The rows are those of the training part and, where there is one, of the test part. ``name`` is
    an id on the hub or a folder laid out like a repository. Raises `UsageError` where it cannot be
    reached or needs remote code or a login, and `MissingDependency` without ``datasets``.
    """
    datasets = needs("datasets", "infoharness[text]")
    try:
        found = datasets.load_dataset(
            name, config or None, revision=None if Path(name).is_dir() else revision
        )
    except Exception as error:  # whatever the network, the hub or the files raise
        raise UsageError(f"{name}: {_reason(error)}") from error
    if train not in found:
        raise UsageError(f"{name}: no split {train!r}; it has {', '.join(found)}")
    wanted = [part for part in dict.fromkeys((train, test)) if part in found]
    columns: dict[str, list[Any]] = {column: [] for column in found[train].column_names}
    parts: list[str] = []
    places: list[str] = []
    for part in wanted:
        for column in columns:
            if column not in found[part].column_names:
                raise UsageError(
                    f"{name}: split {part!r} has no column {column!r}, which {train!r} has"
                )
            columns[column] += list(found[part][column])
        parts += [("test" if part == test else "train") if len(wanted) > 1 else ""] * len(
            found[part]
        )
        places += [f"{name}, split {part!r}, row {row}" for row in range(len(found[part]))]
    names = {
        column: list(feature.names)
        for column, feature in found[train].features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return Table(columns, parts, places), names


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    lower = text.lower()
    if "gated" in lower or "401" in lower or "authenticat" in lower:
        return (
            "needs a login that this machine does not have; "
            "wanted an open data set, or `hf auth login` beforehand"
        )
    if "trust_remote_code" in lower or "dataset scripts" in lower:
        return (
            "needs code from its repository, which is never run here; "
            "wanted plain files such as Parquet"
        )
    return (
        f"cannot be loaded: {text[:160]}; "
        f"wanted a file ({', '.join(ENDINGS)}), a folder, or an id on the hub"
    )
