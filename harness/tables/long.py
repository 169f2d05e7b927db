"""All records in the long form: a row for each record and quantity."""

from __future__ import annotations

import json
from typing import Any

from harness.records import Record, Records


def long_rows(records: Records) -> list[dict[str, Any]]:
    """One row per record and quantity, for CSV; parameters that differ have columns of their own,
    all of them and the diagnostics stand in a column each as JSON."""
    rows = []
    flat = [_parameters(r) for r in records]
    names = sorted({n for one in flat for n in one})
    varying = [n for n in names if len({str(one[n]) for one in flat if n in one}) > 1]
    for r, mine in zip(records, flat, strict=True):
        common = {
            "key": r.key,
            "task": r.task,
            "case": r.case,
            "models": "+".join(r.models),
            "estimator": r.estimator,
            "seed": r.seed,
            **{name: mine.get(name, "") for name in varying},
            "status": r.status.value,
            "cause": r.cause or "",
            "wall_s": r.wall_s,
            "cpu_s": r.cpu_s,
            "prefix_s": r.prefix_s,
            "score_s": r.score_s,
            "peak_mib": r.peak_mib,
            "n": r.n,
            "fingerprint": r.fingerprint,
            "parameters": json.dumps(mine, default=str),
            "diagnostics": json.dumps(dict(r.diagnostics), default=str),
        }
        values: dict[str, float | None] = dict(r.scores) or {r.quantity: r.value}
        for name, value in values.items():
            own = name == r.quantity
            rows.append(
                {
                    **common,
                    "quantity": name,
                    "value": value,
                    "stderr": r.stderr if own else None,
                    "truth": r.truth if own else None,
                    "error": r.error if own else None,
                }
            )
    return rows


def _parameters(record: Record) -> dict[str, Any]:
    """All parameters on the path, by component."""
    params = record.params
    models = zip(record.models, params.get("models", ()), strict=False)
    steps = [
        (record.task, params.get("task", {})),
        *models,
        (record.estimator, params.get("estimator", {})),
    ]
    return {
        f"{name.rpartition('/')[2]}.{key}": value
        for name, values in steps
        for key, value in values.items()
    }
