"""Records for tests of what reads records."""

from __future__ import annotations

from typing import Any

from harness.records import Record, Status


def record(task: str, estimator: str, value: float | None, **more: Any) -> Record:
    """A record that ended well with as little as it can hold, and ``more`` fields of `Record`."""
    fields: dict[str, Any] = {
        "key": "", "status": Status.OK, "task": task, "case": "case", "source": "case",
        "models": (), "estimator": estimator, "plugin": estimator.partition("/")[0],
        "params": {"task": {}, "models": [], "estimator": {}}, "seed": 0, "quantity": "quantity",
        "unit": "", "value": value,
    }  # fmt: skip
    return Record(**fields | more)
