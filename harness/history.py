"""Which of the stored results of one request stands: the latest version of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.records import Record, Status


def latest(records: Iterable[Record]) -> list[Record]:
    """The newest result of each request, of records from the oldest on.

    A request is a case under one seed on one path with all its parameters. What was computed on an
    earlier version of the data or the code gives way to what came later, and so does a failure.
    A file that was named by two paths is one (its data have one fingerprint).
    """
    newest: dict[tuple[str, str], Record] = {}
    for record in records:
        path = _text(record.task, record.models, record.estimator, record.params, record.seed)
        key = path, record.case
        if _only_failed(record, newest.get(key)):
            continue
        newest.pop((path, ANY), None)  # what could not even begin, did
        newest.pop(key, None)
        newest[key] = record
    same: dict[tuple[str, str], Record] = {}
    for key, record in newest.items():
        same[_data(record) or key] = record
    return list(same.values())


ANY = "*"
"""The case of a path whose task could not list its cases."""


def _text(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True)


def _only_failed(record: Record, earlier: Record | None) -> bool:
    """Whether a failure says nothing of what succeeded before: same data as far as they are known,
    same code."""
    return (
        record.status.failed
        and earlier is not None
        and earlier.status is Status.OK
        and record.fingerprint in (None, "", earlier.fingerprint)
        and record.sources == earlier.sources
    )


def _data(record: Record) -> tuple[str, str] | None:
    """Equal for one request on one file, however its path was written."""
    if not record.fingerprint:
        return None
    params = {**record.params, "task": _file_names(record.params.get("task", {}))}
    path = _text(record.task, record.models, record.estimator, params, record.seed)
    return f"{path} {record.case}", record.fingerprint


def _file_names(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: re.split(r"[/\\]", value)[-1] if isinstance(value, str) else value
        for name, value in params.items()
    }
