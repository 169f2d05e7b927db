"""Records back from files, wherever they were written: lines of a run, or a board's records files.

A records file of a board (written by the plugin `boards`) begins with a header that states its
``schema``. Lines with ``setup`` follow, what many records share under a name, and a line per record
that names its setup with ``of``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.records import Record, Records, Status

SCHEMA = 1
NUMBERS = ("value", "stderr", "truth", "wall_s", "cpu_s", "peak_mib", "prefix_s", "score_s")


def read_records(*places: str | Path) -> Records:
    """The records in files, or in the ``.jsonl`` files of folders; failures are among them.

    Parameters
    ----------
    places : lines of ``harness run --format json``, or a board's files; a board's folder stands for
        its ``records``.

    Raises
    ------
    UsageError : a file that cannot be read, or holds something else; it names the file and the
        line.
    """
    found: list[Record] = []
    for place in map(Path, places):
        for file in record_files(place):
            found += _read(file)
    return Records(found)


def record_files(place: Path) -> list[Path]:
    """A file as it is; of a folder its ``.jsonl`` files, or else those of its ``records``."""
    if not place.is_dir():
        return [place]
    return sorted(place.glob("*.jsonl")) or sorted((place / "records").glob("*.jsonl"))


def _read(file: Path) -> Iterator[Record]:
    try:
        content = file.read_bytes()
        lines = content.decode().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); wanted a file of records") from None
    head = _header(lines[0])
    if head:
        if head["schema"] != SCHEMA:
            raise UsageError(
                f"{file}: schema {head['schema']}; wanted {SCHEMA}, or lines of records"
            )
        if head.get("sha256") != hashlib.sha256(content.partition(b"\n")[2]).hexdigest():
            raise UsageError(
                f"{file}: the records are not those that were written (sha256 differs): "
                "changed by hand or cut off"
            )
    setups: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        if not line or (head and number == 1):
            continue
        try:
            if not head:
                record = Record.from_json(line)
                check_fields(vars(record))
                yield record
                continue
            value = json.loads(line)
            if "setup" in value:
                name = value.pop("setup")
                check_fields(value)
                setups[name] = shared(file.stem, value)
            else:
                check_fields(value)
                yield from_setup(setups[value.pop("of")], value)
        except Exception as error:  # whatever a changed line makes of the fields
            reason = error if isinstance(error, UsageError) else f"not a record: {error!r}"
            raise UsageError(
                f"{file}, line {number}: {reason}; wanted a record of harness run --format json, "
                "or of a board"
            ) from None


def check_fields(values: Mapping[str, Any]) -> None:
    """Raise `TypeError` for a field of a record that is not of its type."""
    for name, value in values.items():
        allowed = _TYPES.get(name)
        if allowed is not None and type(value) not in allowed:
            raise TypeError(f"{name} is {type(value).__name__}")
        inside = _INSIDE.get(name)
        if inside is not None and value:
            items = value.values() if isinstance(value, dict) else value
            if not all(type(item) in inside for item in items):
                raise TypeError(f"{name} holds something else than {inside[0].__name__}")


def _header(line: str) -> dict[str, Any]:
    """The header of a board's file; empty where the line is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and "schema" in found else {}


def shared(plugin: str, setup: Mapping[str, Any]) -> dict[str, Any]:
    """What the records of a setup have in common, with the defaults of what they do not state."""
    return {**_DEFAULTS, "plugin": plugin, **setup, "models": tuple(setup["models"])}


def from_setup(common: Mapping[str, Any], own: dict[str, Any]) -> Record:
    """A record from what it shares (`shared`) and its own line of a board's file.

    Raises `ValueError`, `TypeError` or `AttributeError` for what is not a record.
    """
    for name in NUMBERS:
        if name in own and own[name] is not None:
            own[name] = float(own[name])
    own["status"] = Status(own["status"]) if "status" in own else Status.OK
    if "notes" in own:
        own["notes"] = tuple(own["notes"])
    for name in ("scores", "truths"):
        own[name] = {str(k): float(v) for k, v in own[name].items()} if name in own else {}
    own.setdefault("source", own["case"])
    own.setdefault("facts", {})
    own.setdefault("diagnostics", {})
    if own.get("value") is not None and own.get("truth") is not None:
        own["error"] = own["value"] - own["truth"]
    values = {**common, **own}
    if values.keys() != _FIELDS:
        raise TypeError(f"fields {', '.join(sorted(values.keys() ^ _FIELDS))}")
    # A hundred thousand records: setting all fields at once takes a third of the time of a call.
    record = object.__new__(Record)
    record.__dict__.update(values)
    record.__post_init__()
    return record


_FIELDS = {f.name for f in fields(Record)}
_NONE, _NUMBER = type(None), (float, int, str, type(None))  # infinities are strings
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("key", "task", "case", "source", "estimator", "plugin"), (str,)),
    **dict.fromkeys(("quantity", "unit", "machine", "started", "of", "setup"), (str,)),
    **dict.fromkeys(("cause", "fingerprint"), (str, _NONE)),
    **dict.fromkeys(("seed", "recipe"), (int,)),
    **dict.fromkeys(("threads", "n"), (int, _NONE)),
    **dict.fromkeys((*NUMBERS, "error"), _NUMBER),
    **dict.fromkeys(("params", "scores", "facts", "diagnostics", "sources", "versions"), (dict,)),
    **dict.fromkeys(("models", "notes"), (tuple, list)),
}
_INSIDE: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("models", "notes", "sources", "versions"), (str,)),
    "facts": (str, int, float, bool),
}
"""What is in the tuples and mappings, where the records are sorted or grouped by it."""
_DEFAULTS = {f.name: f.default for f in fields(Record) if f.default is not MISSING}
