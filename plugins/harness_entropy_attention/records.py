"""Records from files: lines of ``harness run --format json``, or a board's files of records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from harness import UsageError

Row: TypeAlias = Mapping[str, Any]
"""A record as a dictionary: what `NEEDED` names, and its diagnostics."""

NEEDED = ("task", "estimator", "case", "seed", "value")


def read(places: Iterable[Path]) -> list[Row]:
    """The records that ended well in files, or in folders of files.

    A board's file has a header, lines of what many records share (``setup``), and records that name theirs (``of``).

    Raises
    ------
    UsageError : a file that cannot be read, or a line that is no record.
    """
    rows: list[Row] = []
    for place in places:
        for file in sorted(place.glob("*.jsonl")) if place.is_dir() else [place]:
            try:
                lines = file.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"{file}: cannot be read ({error}); wanted a file of records") from None
            shared: dict[str, Row] = {}
            for number, line in enumerate(lines, start=1):
                try:
                    found = json.loads(line)
                    if "schema" in found and "estimator" not in found:
                        continue
                    if "setup" in found:
                        shared[found["setup"]] = found
                        continue
                    row = {"status": "ok", **(shared[found["of"]] if "of" in found else {}), **found}
                    if row["status"] == "ok":
                        rows.append({name: row[name] for name in NEEDED} | {"diagnostics": row.get("diagnostics", {})})
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    wanted = "a record of harness run --format json, or of a board"
                    raise UsageError(f"{file}, line {number}: {error!r}; wanted {wanted}") from None
    return rows


def named(rows: Iterable[Row], estimator: str) -> list[Row]:
    """The records of an estimator, given without its plugin."""
    return [row for row in rows if row["estimator"].rpartition("/")[2] == estimator]
