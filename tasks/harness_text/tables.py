"""Rows of text files and of data sets on the Hugging Face hub, as columns of strings."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import UsageError, needs

ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Table:
    """Rows by column, and the part of the data that each row is from (empty without parts)."""

    columns: dict[str, list[Any]]
    parts: list[str]

    def column(self, name: str, where: str) -> list[Any]:
        """A column. Raises `UsageError` where there is none of that name."""
        if name not in self.columns:
            raise UsageError(f"{where}: no column {name!r}; it has {', '.join(self.columns)}")
        return self.columns[name]


def is_file(path: str) -> bool:
    """Whether a path is a file of a format that is read here."""
    return Path(path).is_file() and path.lower().endswith(ENDINGS)


def digest(paths: Iterable[str]) -> str:
    """A digest of the contents of files."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(Path(path).read_bytes())
    return sha.hexdigest()[:16]


def read_files(files: dict[str, str]) -> Table:
    """The rows of files by part: ``""``, or ``train`` and ``test``.

    Raises `UsageError` for what cannot be read.
    """
    rows: list[dict[str, Any]] = []
    parts: list[str] = []
    for part, path in files.items():
        found = list(_rows(Path(path)))
        if not found:
            raise UsageError(f"{path}: no rows; wanted at least one")
        rows += found
        parts += [part] * len(found)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table({name: [row.get(name) for row in rows] for name in names}, parts)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    ending = path.suffix.lower()
    try:
        if ending in (".csv", ".tsv"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                for number, row in enumerate(
                    csv.DictReader(file, delimiter="\t" if ending == ".tsv" else ","), start=1
                ):
                    if None in row:
                        raise UsageError(
                            f"{path}: row {number} has more fields than the header; wanted as many"
                        )
                    yield row
        elif ending == ".jsonl":
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if line.strip():
                    yield _mapping(json.loads(line), f"{path}:{number}")
        elif ending == ".json":
            found = json.loads(path.read_text(encoding="utf-8"))
            for number, row in enumerate(found if isinstance(found, list) else [found]):
                yield _mapping(row, f"{path}, entry {number}")
        else:
            yield from _parquet(path)
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"{path}: {error}; wanted {', '.join(ENDINGS)} in UTF-8") from error


def _mapping(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: {type(row).__name__}; wanted an object with a field per column")
    return row


def _parquet(path: Path) -> list[dict[str, Any]]:
    parquet = needs("pyarrow.parquet", "infoharness[text]")
    table = parquet.read_table(path)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


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
    names = {
        column: list(feature.names)
        for column, feature in found[train].features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return Table(columns, parts), names


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
