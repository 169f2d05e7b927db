"""What results, data and kept outputs are identified by: all that they depend on, nothing else.

Recipe 2 of the key of a result: sha256 of the canonical JSON of

    recipe        the version of this recipe
    task          full name and all parameters
    case          its id
    fingerprint   of the case's data
    models        full names and all parameters, in order
    estimator     full name and all parameters
    seed          as given by the user
    threads       that the numeric libraries used, because the last digits of a sum depend on them
    sources       a digest of the source of every plugin on the path, of those it uses, and of what
                  computes in the host (`harness.sources`)

Recipe 1 had no threads and no host. A record states its recipe (1 where it states none), and is
checked by that one.

Not in it: library versions and the machine (recorded beside the result; `harness verify` reports
drift), deadlines, bounds, the number of workers. Change the recipe only with its version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.components import Component
from harness.errors import UsageError
from harness.params import split_component
from harness.plan import Path
from harness.records import Record
from harness.registry import Registry
from harness.sources import HOST, host_digest

RECIPE = 2
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)


def digest(value: Any) -> str:
    """sha256 of canonical JSON."""
    return hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()


def path_sources(registry: Registry, path: Path) -> dict[str, str]:
    """Source digests of the code that a path runs: its steps, and what these use or name."""
    return sources(
        registry,
        ((step.component, step.params) for step in (path.task, *path.models, path.estimator)),
    )


def sources(
    registry: Registry, steps: Iterable[tuple[Component, Mapping[str, Any]]]
) -> dict[str, str]:
    """Source digests of the host, and of the plugins of components.

    With them those that the components use, and those that their parameters name.
    """
    names: set[str] = set()
    for component, params in steps:
        names |= {component.name, *component.spec.uses, *_named(registry, params)}
    owners = sorted({HOST, *map(plugin_of, names)})
    return {name: found for name in owners if (found := _source(registry, name))}


def are_current(registry: Registry, sources: Mapping[str, str]) -> bool:
    """Whether these are the digests of the code that is installed."""
    return all(_source(registry, name) == found for name, found in sources.items())


def _source(registry: Registry, name: str) -> str:
    """One digest, or that of the host beside that of a plugin with its name; none where unknown."""
    found = [host_digest()] if name == HOST else []
    if name in registry.plugins:
        found.append(registry.source_digest(name))
    return "+".join(found)


def plugin_of(name: str) -> str:
    """The plugin in a full name, ``plugin/name``; the module of a function, ``module:name``."""
    return re.split("[/:]", name)[0]


def _named(registry: Registry, params: Mapping[str, Any]) -> Iterator[str]:
    """The components that parameters name, what these use, and what their own settings name."""
    for text in _texts(list(params.values())):
        name, bracket, _ = text.partition("[")
        for component in registry.called(name):
            yield from (component.name, *component.spec.uses)
            if bracket:
                yield from _named(registry, split_component(text)[1])


def _texts(value: Any) -> Iterator[str]:
    """The texts in the value of a parameter, which may be a tuple."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def path_key(
    path: Path, case: str, fingerprint: str, sources: Mapping[str, str], threads: int
) -> str:
    """The key of one case of a path."""
    models = [(m.name, m.params) for m in path.models]
    task, estimator = path.task, path.estimator
    return _key(
        (task.name, task.params),
        case,
        fingerprint,
        models,
        (estimator.name, estimator.params),
        path.seed,
        sources,
        RECIPE,
        threads,
    )


def record_key(record: Record) -> str:
    """The key that a record's own fields give, by the recipe that it states.

    Raises `UsageError` for an unknown recipe.
    """
    if record.recipe not in range(1, RECIPE + 1):
        raise UsageError(f"a record of recipe {record.recipe}; wanted 1 to {RECIPE}")
    r, params = record, record.params
    models = list(zip(r.models, params["models"], strict=True))
    estimator = r.estimator, params["estimator"]
    return _key(
        (r.task, params["task"]),
        r.case,
        r.fingerprint or "",
        models,
        estimator,
        r.seed,
        r.sources,
        r.recipe,
        r.threads,
    )


def _key(
    task: tuple[str, Any],
    case: str,
    fingerprint: str,
    models: list[tuple[str, Any]],
    estimator: tuple[str, Any],
    seed: int,
    sources: Mapping[str, str],
    recipe: int,
    threads: int | None,
) -> str:
    known, threaded = dict(sources), {"threads": threads}
    if recipe == 1:
        known.pop(HOST, None)
        threaded = {}
    return digest(
        {
            "recipe": recipe,
            "task": task,
            "case": case,
            "fingerprint": fingerprint,
            "models": models,
            "estimator": estimator,
            "seed": seed,
            "sources": known,
            **threaded,
        }
    )


def row_key(record: Record) -> str:
    """The key of a record's row in a table: its models and estimator, with their parameters."""
    params = record.params
    return digest([record.models, record.estimator, params["models"], params["estimator"]])


def data_token(path: Path, name: str, stamp: str, sources: Mapping[str, str]) -> str:
    """Names data that are a pure function of task, parameters, seed, stamp and ``sources``.

    ``name`` is that of the data within the task. The store remembers the fingerprint that belongs
    to the token, so that a cached path loads nothing.
    """
    task = path.task
    return digest(["data", task.name, task.params, name, stamp, path.seed, dict(sources)])


def kept_name(
    registry: Registry, key: str, models: Iterable[tuple[str, Mapping[str, Any]]], threads: int
) -> str:
    """Names the kept output of models.

    By ``key`` (data, seed, names, parameters), their sources and their kinds.
    """
    steps = [(registry.one("model", name), params) for name, params in models]
    kinds = [(c.spec.gives.__name__, c.spec.gives.version) for c, _ in steps]
    return digest(["kept", key, sources(registry, steps), kinds, threads])
