"""From a result store to a board's records: the results that the board asks for, and no others."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from harness import Record, UsageError
from harness.commands import Path, Plan, Registry, Status, path_sources
from harness_boards import lock, requirements, submission
from harness_boards.definition import Board


def contribution(board: Board, registry: Registry, plugin: str) -> Plan:
    """The paths that a plugin has on a board: those the board names, else all its estimators on
    the board's terms, with models of its own and of the board.

    Raises `UsageError` where the board has no lock, which lists its models.
    """
    try:
        named = [
            path
            for path in board.plan(registry).paths
            if path.estimator.name.startswith(f"{plugin}/")
        ]
    except UsageError:  # the board's own plugins are not installed here
        named = []
    if named:
        return Plan(tuple(named), ())
    asked = tuple(
        dataclasses.replace(
            r, plugins=(*r.plugins, plugin), estimators=(f"{plugin}/*",), baselines=False
        )
        for r in board.requests
    )
    made = dataclasses.replace(board, requests=asked).plan(registry)
    known = {m.name for m in lock.read(board).models}
    paths = tuple(
        p
        for p in made.paths
        if all(m.name in known or m.component.plugin == plugin for m in p.models)
    )
    if not paths:
        raise UsageError(
            f"{plugin}: no estimator that reads what the tasks and models of {board.name} give"
        )
    return dataclasses.replace(made, paths=paths)


def only(made: Plan, registry: Registry, names: Iterable[str]) -> Plan:
    """The paths of a plan that end in the estimators of these names, in which ``*`` matches.

    Raises `UsageError` for a name without a path.
    """
    chosen: set[str] = set()
    for name in names:
        called = {component.name for component in registry.matching("estimator", name)}
        if called.isdisjoint(path.estimator.name for path in made.paths):
            raise UsageError(f"--estimator {name}: no path of this board ends in it")
        chosen |= called
    paths = tuple(path for path in made.paths if path.estimator.name in chosen)
    return dataclasses.replace(made, paths=paths)


def others(board: Board, records: Iterable[Record]) -> list[Record]:
    """What the board has of other estimators, in the files that these records will replace."""
    new = list(records)
    plugins, estimators = {r.plugin for r in new}, {r.estimator for r in new}
    return [
        record
        for one in board.submissions()
        if one.plugin in plugins
        for record in one.records
        if record.estimator not in estimators
    ]


def from_store(registry: Registry, plan: Plan, records: Iterable[Record]) -> list[Record]:
    """The newest result of each case of a plan's paths, as far as it was made by the code that is
    installed.

    Raises `UsageError` where a path has none, naming the first.
    """
    wanted = {path_key(path): path for path in plan.paths}
    sources = {key: path_sources(registry, path) for key, path in wanted.items()}
    newest: dict[tuple[Any, ...], Record] = {}
    seen = set()
    for record in records:
        key = record_path_key(record)
        if key not in wanted or dict(record.sources) != sources[key]:
            continue
        seen.add(key)
        at = (*key, record.case)
        known = newest.get(at)
        if known is None or (_worth(known), known.started) <= (_worth(record), record.started):
            newest[at] = record
    lost = [path for key, path in wanted.items() if key not in seen]
    if lost:
        raise UsageError(
            f"{len(lost)} of {len(wanted)} paths have no result of the installed code in the "
            f"store, {lost[0]} "
            f"#{lost[0].seed} for one: compute them with `harness board run`"
        )
    return list(newest.values())


def _worth(record: Record) -> int:
    """A result is worth more than a failure, whichever is newer."""
    return 0 if record.status.failed or record.status is Status.INTERRUPTED else 1


def path_key(path: Path) -> tuple[Any, ...]:
    """Names a path: components, parameters, seed."""
    params = {
        "task": path.task.params,
        "models": [m.params for m in path.models],
        "estimator": path.estimator.params,
    }
    names = path.task.name, tuple(m.name for m in path.models), path.estimator.name
    return (*names, _canonical(params), path.seed)


def record_path_key(record: Record) -> tuple[Any, ...]:
    """Names the path of a record, as `path_key` does."""
    return record.task, record.models, record.estimator, _canonical(record.params), record.seed


def _canonical(params: Any) -> str:
    return json.dumps(params, sort_keys=True, default=list)


def replace(
    board: Board,
    registry: Registry,
    records: Iterable[Record],
    pinned: Mapping[str, tuple[str, ...]] = {},
) -> None:
    """Write the files of the plugins that gave these records; those of other plugins stay as
    they are. ``pinned`` holds what installs a plugin; a file that stated it keeps it."""
    for one in submission.gather(registry, records):
        file = board.records_folder / f"{one.plugin}.jsonl"
        lines = pinned.get(one.plugin) or requirements.stated(file)
        submission.write(board.records_folder, dataclasses.replace(one, requirements=lines))
