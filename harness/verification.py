"""Recompute stored results and compare: same command, same numbers?"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path as FilePath

from harness import machine, plan
from harness.errors import HarnessError
from harness.identity import record_key
from harness.records import Record, Status
from harness.registry import Registry
from harness.runner import Options
from harness.runner import run as run_plan
from harness.seeds import stream
from harness.store import Store


@dataclass(frozen=True)
class Check:
    """One stored result beside its recomputation."""

    record: Record
    verdict: str
    """``same``, ``drift`` (another value), ``changed`` (other code or data) or ``failed``."""
    value: float | None = None
    note: str = ""


def comparable(registry: Registry, records: Iterable[Record]) -> list[Record]:
    """The records whose numbers this machine can give again to the last bit.

    Networks of torch compute in float32, whose sums differ between processors, and training makes
    the differences large: records of paths with torch are left out where they were made on another
    machine."""
    here, found = machine.name(), []
    for record in records:
        if record.machine == here or not _trains(registry, record):
            found.append(record)
    return found


def _trains(registry: Registry, record: Record) -> bool:
    steps = [("task", record.task), *(("model", m) for m in record.models)]
    steps.append(("estimator", record.estimator))
    specs = (c.spec for role, n in steps for c in registry.called(n) if c.role == role)
    return any("torch" in spec.requires for spec in specs)


def sample(records: Iterable[Record], size: int, seed: int) -> list[Record]:
    """A seeded sample of the successful records, at most ``size`` of them."""
    good = sorted((r for r in records if r.status is Status.OK), key=lambda r: r.key)
    chosen = stream(seed, "verify").permutation(len(good))[:size]
    return [good[i] for i in sorted(chosen)]


def verify(registry: Registry, records: Iterable[Record], tolerance: float = 0.0) -> list[Check]:
    """Recompute each record; ``tolerance`` is relative."""
    return [_verify(registry, record, tolerance) for record in records]


def _verify(registry: Registry, record: Record, tolerance: float) -> Check:
    params = {record.task: record.params["task"], record.estimator: record.params["estimator"]}
    params |= dict(zip(record.models, record.params["models"], strict=True))
    try:
        if record_key(record) != record.key:
            note = "the key is not that of the record's own fields: changed by hand"
            return Check(record, "failed", note=note)
        request = plan.Request(
            tasks=(record.task,),
            models=record.models,
            estimators=(record.estimator,),
            params=params,
            seeds=(record.seed,),
            baselines=False,
        )
        paths = [
            p
            for p in plan.make(registry, request).paths
            if tuple(m.name for m in p.models) == record.models
        ]
        with (
            tempfile.TemporaryDirectory() as folder,
            Store(FilePath(folder) / "s.sqlite", write=True) as store,
        ):
            options = Options(threads=record.threads or 1, cases=(record.case,))
            again = run_plan(registry, plan.Plan(tuple(paths), ()), store, options).records
    except HarnessError as error:
        return Check(record, "failed", note=str(error))
    if not again:
        return Check(record, "changed", note=f"the task gives no case {record.case!r} any more")
    new = again[0]
    if new.status is not Status.OK:
        return Check(record, "failed", note=f"{new.status.value}: {new.cause}")
    assert new.value is not None
    assert record.value is not None
    same = new.value == record.value or abs(new.value - record.value) <= tolerance * abs(
        record.value
    )
    if same:
        return Check(record, "same", new.value)
    if record_key(dataclasses.replace(new, recipe=record.recipe)) != record.key:
        what = "data" if new.fingerprint != record.fingerprint else "source of a plugin"
        return Check(record, "changed", new.value, f"the {what} has changed since")
    moved = [
        f"{k} {record.versions.get(k)} → {v}"
        for k, v in new.versions.items()
        if record.versions.get(k) != v
    ]
    moved += ["another machine"] if new.machine != record.machine else []
    return Check(record, "drift", new.value, "; ".join(moved) or "same versions, same machine")
