"""Recompute stored results and compare: same command, same numbers?"""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
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
    cpu_s: float | None = None
    """Processor time of the estimator this time, which a busy machine leaves alone."""


def comparable(registry: Registry, records: Iterable[Record]) -> list[Record]:
    """The records whose numbers this machine can give again to the last bit.

    Networks of torch compute in float32, whose sums differ between processors, and training makes
    the differences large: records of paths with torch are left out where they were made on another
    machine.
    """
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


Allowance = Mapping[str, float]
"""Absolute differences allowed beside the relative one, by field (``value``, ``stderr``,
``truth``) or name of a score."""
APART = Options(workers=1)
"""In processes of their own: in this one a component could look for the truth, both times."""


def verify(
    registry: Registry,
    records: Iterable[Record],
    tolerance: float = 0.0,
    allow: Callable[[Record], Allowance] = lambda record: {},
    how: Options = APART,
) -> list[Check]:
    """Recompute each record and compare all that it states of the data and the result.

    Parameters
    ----------
    tolerance : relative difference of numbers.
    allow : absolute differences for one record.
    how : where to compute, with which deadline and memory bound.
    """
    return [_verify(registry, record, tolerance, allow(record), how) for record in records]


def _verify(
    registry: Registry, record: Record, tolerance: float, allowed: Allowance, how: Options
) -> Check:
    try:
        if record_key(record) != record.key:
            note = "the key is not that of the record's own fields: changed by hand"
            return Check(record, "failed", note=note)
        new = _again(registry, record, how)
    except HarnessError as error:
        return Check(record, "failed", note=str(error))
    if new is None:
        return Check(record, "changed", note=f"the task gives no case {record.case!r} any more")
    if new.status is not record.status:
        note = f"{record.status.value} → {new.status.value}: {new.cause or 'it gives a value'}"
        return Check(record, "failed", new.value, note, new.cpu_s)
    wrong = differences(record, new, tolerance, allowed)
    other_data = new.fingerprint != record.fingerprint
    elsewhere = new.machine != record.machine
    if not wrong and (not other_data or elsewhere):
        # Sums of data differ in their last bits between processors.
        note = "data of other bits" if other_data else ""
        return Check(record, "same", new.value, note, new.cpu_s)
    note = "; ".join(wrong)
    if record_key(dataclasses.replace(new, recipe=record.recipe)) != record.key:
        what = "data" if other_data else "source of a plugin"
        note = "; ".join([*wrong, f"the {what} has changed since"])
        return Check(record, "changed", new.value, note, new.cpu_s)
    moved = [
        f"{k} {record.versions.get(k)} → {v}"
        for k, v in new.versions.items()
        if record.versions.get(k) != v
    ]
    moved += ["another machine"] if elsewhere else []
    note = "; ".join([*wrong, *(moved or ["same versions, same machine"])])
    return Check(record, "drift", new.value, note, new.cpu_s)


def _again(registry: Registry, record: Record, how: Options) -> Record | None:
    """The record computed now; None where its task has no such case."""
    params = {record.task: record.params["task"], record.estimator: record.params["estimator"]}
    params |= dict(zip(record.models, record.params["models"], strict=True))
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
    options = dataclasses.replace(how, threads=record.threads or 1, cases=(record.case,))
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(FilePath(folder) / "s.sqlite", write=True) as store,
    ):
        again = run_plan(registry, plan.Plan(tuple(paths), ()), store, options).records
    return again[0] if again else None


def differences(old: Record, new: Record, tolerance: float, allowed: Allowance) -> list[str]:
    """What two records of one path say differently of data and result: ``field old → new``."""
    fields = ("quantity", "unit", "source", "value", "stderr", "truth", "n")
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in fields]
    for what, mine, theirs in (("score", old.scores, new.scores), ("fact", old.facts, new.facts)):
        pairs += [
            (f"{what} {name}", mine.get(name), theirs.get(name))
            for name in sorted(mine.keys() | theirs.keys())
        ]
    return [
        f"{name} {a} → {b}"
        for name, a, b in pairs
        if not _close(a, b, tolerance, allowed.get(name.removeprefix("score "), 0.0))
    ]


def _close(a: object, b: object, relative: float, absolute: float) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float) and math.isfinite(a):
        return a == b or abs(a - b) <= max(relative * abs(a), absolute)
    return a == b
