"""The cache key: what a result depends on, and nothing else.

Recipe 1: sha256 of the canonical JSON of

    recipe        the version of this recipe
    task          full name and all parameters
    case          its id
    fingerprint   of the case's data
    models        full names and all parameters, in order
    estimator     full name and all parameters
    seed          as given by the user
    sources       a digest of the source of every plugin on the path, and of those it uses

Not in it: library versions and the machine (recorded beside the result; `harness verify` reports
drift), deadlines, bounds, the number of workers. Change the recipe only with its version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from harness.plan import Path
from harness.records import Record
from harness.registry import Registry

RECIPE = 1


def digest(value: Any) -> str:
    """sha256 of canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def path_sources(registry: Registry, path: Path) -> dict[str, str]:
    """Source digests of the plugins whose code a path runs: of its steps, and of what these use or are told to use."""
    names = []
    for step in (path.task, *path.models, path.estimator):
        named = (v for v in step.params.values() if isinstance(v, str))
        names += [step.name, *step.component.spec.uses, *(v for v in named if registry.knows(v))]
    return {p: registry.source_digest(p) for p in sorted({n.partition("/")[0] for n in names}) if p in registry.plugins}


def path_key(path: Path, case: str, fingerprint: str, sources: Mapping[str, str]) -> str:
    """The key of one case of a path."""
    models = [(m.name, m.params) for m in path.models]
    task, estimator = path.task, path.estimator
    return _key(
        (task.name, task.params), case, fingerprint, models, (estimator.name, estimator.params), path.seed, sources
    )


def record_key(record: Record) -> str:
    """The key that a record's own fields give."""
    r, params = record, record.params
    models = list(zip(r.models, params["models"], strict=True))
    estimator = r.estimator, params["estimator"]
    return _key((r.task, params["task"]), r.case, r.fingerprint or "", models, estimator, r.seed, r.sources)


def _key(
    task: tuple[str, Any], case: str, fingerprint: str, models: list[tuple[str, Any]], estimator: tuple[str, Any],
    seed: int, sources: Mapping[str, str],
) -> str:  # fmt: skip
    return digest({
        "recipe": RECIPE, "task": task, "case": case, "fingerprint": fingerprint, "models": models,
        "estimator": estimator, "seed": seed, "sources": dict(sources),
    })  # fmt: skip


def data_token(path: Path, source: str, stamp: str, task_source: str) -> str:
    """Names data that are a pure function of the task's code, parameters, seed and stamp.

    The store remembers the fingerprint that belongs to it, so that a cached path loads nothing.
    """
    return digest(["data", path.task.name, path.task.params, source, stamp, path.seed, task_source])
