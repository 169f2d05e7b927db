"""A record in the words of trackers: figures, facts, parameters, and the series it belongs to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from harness import Record


def figures(record: Record) -> dict[str, float]:
    """The numbers of a record that are finite, by name.

    Its quantity and scores have their own names and units (information in nats); ``stderr``,
    ``truth`` and ``error`` are in the unit of the quantity, times in seconds, memory in MiB.
    """
    named = {
        record.quantity: record.value,
        **record.scores,
        "stderr": record.stderr,
        "truth": record.truth,
        "error": record.error,
        "wall_seconds": record.wall_s,
        "cpu_seconds": record.cpu_s,
        "peak_mib": record.peak_mib,
    }
    return {k: float(v) for k, v in named.items() if v is not None and math.isfinite(v)}


def facts(record: Record) -> dict[str, str]:
    """What else is known of a record, as text; ``value`` has all its digits, and its unit."""
    value = "" if record.value is None else f"{record.value!r} {record.unit}".strip()
    found = {
        "status": record.status.value,
        "cause": record.cause or "",
        "quantity": record.quantity,
        "unit": record.unit,
        "value": value,
        "task": record.task,
        "case": record.case,
        "models": " ▸ ".join(record.models),
        "estimator": record.estimator,
        "seed": str(record.seed),
        "key": record.key,
        **{f"case.{name}": str(fact) for name, fact in record.facts.items()},
    }
    return {name: text for name, text in found.items() if text}


def parameters(record: Record) -> dict[str, str]:
    """Parameters as ``--set`` names them: ``ksg.k``. Those of one model used twice get a number."""
    given: Mapping[str, Any] = record.params
    found: dict[str, str] = {}
    for full, settings in (
        (record.task, given.get("task", {})),
        *zip(record.models, given.get("models", ()), strict=False),
        (record.estimator, given.get("estimator", {})),
    ):
        bare = full.rpartition("/")[2]
        for name, value in settings.items():
            label, again = f"{bare}.{name}", 1
            while label in found:
                again += 1
                label = f"{bare}.{again}.{name}"
            found[label] = value if isinstance(value, str) else json.dumps(value, default=str)
    return found


class Series:
    """Names for rows: task, models and estimator; one with other parameters has a number."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def place(self, record: Record) -> tuple[str, int]:
        """The series of a record, and which of its results this is, from 1."""
        chain = " ▸ ".join([record.task, *record.models, record.estimator])
        key = chain, json.dumps(parameters(record), sort_keys=True)
        if key not in self._names:
            settings = 1 + sum(known == chain for known, _ in self._names)
            self._names[key] = chain if settings == 1 else f"{chain} ({settings})"
        name = self._names[key]
        self._counts[name] = self._counts.get(name, 0) + 1
        return name, self._counts[name]
