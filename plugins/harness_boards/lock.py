"""What a board expects: ``board.lock.json``, made by ``harness board lock`` and read without
plugins.

It lists every task with its parameters and cases (source, facts and truths, where these are the
same under all seeds), every path with all parameters, and the declarations of the quantities. A
record that it does not list is refused. A plugin that the board does not name brings estimators and
models of its own, on the board's tasks and with the board's other models.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import UsageError
from harness.commands import ROLES, Registry, expand, plugin_of, whole
from harness_boards.definition import Board
from harness_boards.jsonlines import Line

NAME = "board.lock.json"
SCHEMA = 1
MEANING = ("unit", "better", "lower", "upper")
"""What two declarations of one quantity must agree in."""


@dataclass(frozen=True)
class Step:
    """A component with all its parameters; a record may leave out those that the board did not
    set, as those of an older release do."""

    name: str
    params: Mapping[str, Any]
    set: tuple[str, ...] = ()

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Whether a record of this step may state these parameters."""
        return all(k in self.params and self.params[k] == v for k, v in params.items()) and all(
            k in params for k in self.set
        )


@dataclass(frozen=True)
class Case:
    """A case of a task: its source, and those truths and facts that no seed changes.

    ``varies`` names the others; ``for_some`` says that only some kinds of output are asked for.
    """

    source: str
    truth: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    varies: tuple[str, ...] = ()
    for_some: bool = False
    cluster: str = ""


@dataclass(frozen=True)
class Task:
    """A task with its parameters and cases; ``open`` where a plugin may bring models of its own."""

    step: Step
    cases: Mapping[str, Case]
    open: bool = False


@dataclass(frozen=True)
class Asked:
    """A path that the board itself asks for, with the cases it has."""

    task: int
    models: tuple[Step, ...]
    estimator: Step
    quantity: str
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Lock:
    """All that a board expects."""

    definition: str
    seeds: tuple[int, ...]
    quantities: Mapping[str, Mapping[str, Any]]
    tasks: tuple[Task, ...]
    paths: tuple[Asked, ...]

    @functools.cached_property
    def plugins(self) -> frozenset[str]:
        """The plugins whose estimators the board names."""
        return frozenset(plugin_of(p.estimator.name) for p in self.paths)

    @functools.cached_property
    def models(self) -> tuple[Step, ...]:
        """All models of its paths."""
        return tuple(
            {json.dumps([m.name, m.params]): m for p in self.paths for m in p.models}.values()
        )

    def expected(self, plugin: str) -> Iterator[tuple[Asked, str]]:
        """The paths of a plugin that the board names, with each of their cases."""
        for path in self.paths:
            if plugin_of(path.estimator.name) == plugin:
                for case in path.cases:
                    yield path, case


def digest(board: Board) -> str:
    """That of a board's definition: a lock belongs to one text of ``board.toml``."""
    return hashlib.sha256((board.folder / "board.toml").read_bytes()).hexdigest()


def make(board: Board, registry: Registry) -> Lock:
    """List what the board asks for.

    Raises `UsageError` where a task cannot list its cases here: a lock is made on a machine that
    has the board's data, and checked on any.
    """
    found = expand(board.plan(registry).paths, keep="")
    listed = [(job.path, case) for job in found.jobs for case in job.cases]
    for path, case, _, cause in found.failures:
        if case is None:
            raise UsageError(f"{path.task.name}: its cases cannot be listed here: {cause}")
        listed.append((path, case))
    given = _given(board, registry)
    tasks: dict[str, dict[str, dict[int, Any]]] = {}
    steps: dict[str, Any] = {}
    paths: dict[tuple[str, ...], tuple[Any, dict[str, None]]] = {}
    quantities: dict[str, Any] = {}
    for path, case in listed:
        texts = [_text(step) for step in (path.task, *path.models, path.estimator)]
        steps |= dict(zip(texts, (path.task, *path.models, path.estimator), strict=True))
        by_seed = tasks.setdefault(texts[0], {}).setdefault(case.id, {})
        by_seed[path.seed] = case
        paths.setdefault(tuple(texts), (path, {}))[1][case.id] = None
        for quantity in (
            path.estimator.component.spec.quantity,
            *path.task.component.spec.quantities,
        ):
            if quantity is not None:
                name = str(getattr(quantity, "name", quantity))
                quantities[name] = registry.quantity(name)
    order = list(tasks)

    def locked(text: str) -> Step:
        step = steps[text]
        params = json.loads(json.dumps(dict(step.params), default=list))
        return Step(step.name, params, tuple(k for k in params if k in given.get(step.name, ())))

    opened = _opened(board, registry)
    return Lock(
        digest(board),
        board.seeds,
        {
            name: {what: getattr(q, what) for what in MEANING}
            for name, q in sorted(quantities.items())
        },
        tuple(
            Task(
                locked(text),
                {name: _case(by_seed) for name, by_seed in tasks[text].items()},
                steps[text].name in opened,
            )
            for text in order
        ),
        tuple(
            Asked(
                order.index(texts[0]),
                tuple(map(locked, texts[1:-1])),
                locked(texts[-1]),
                _quantity(path),
                tuple(cases),
            )
            for texts, (path, cases) in paths.items()
        ),
    )


def _text(step: Any) -> str:
    return json.dumps([step.component.role, step.name, step.params], sort_keys=True, default=list)


def _quantity(path: Any) -> str:
    """The estimator's own quantity; empty where it is one that the task scores."""
    own = path.estimator.component.spec.quantity
    return "" if own is None else str(own.name)


def _given(board: Board, registry: Registry) -> dict[str, set[str]]:
    """The parameters that the board sets, by full name of the component."""
    found: dict[str, set[str]] = {}
    for request in board.requests:
        for name, values in request.params.items():
            for role in ROLES:
                for component in registry.components[role].values():
                    if name in (component.name, component.spec.name):
                        found.setdefault(component.name, set()).update(values)
    return found


def _opened(board: Board, registry: Registry) -> set[str]:
    """The tasks of requests that name no model."""
    return {
        c.name
        for request in board.requests
        if not request.models
        for name in request.tasks or ("*",)
        for c in registry.matching("task", name)
    }


def _case(by_seed: Mapping[int, Any]) -> Case:
    first, *rest = by_seed.values()
    varies = {
        name
        for what in ("truth", "facts")
        for name in {n for c in (first, *rest) for n in getattr(c, what)}
        if any(getattr(c, what).get(name) != getattr(first, what).get(name) for c in rest)
    }
    source = "" if any(c.source != first.source for c in rest) else first.source

    def same(values: Mapping[str, Any]) -> dict[str, Any]:
        return {k: _plain(v) for k, v in values.items() if k not in varies}

    return Case(
        source,
        same(first.truth),
        same(first.facts),
        tuple(sorted(varies)),
        bool(first.accepts),
        first.cluster,
    )


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def to_json(lock: Lock) -> bytes:
    """The text of a lock: each component, task, case and path on a line of its own."""
    steps: dict[str, int] = {}
    lines: list[str] = []

    def number(step: Step) -> int:
        text = _json([step.name, step.params, list(step.set)])
        if text not in steps:
            steps[text] = len(steps)
            lines.append(text)
        return steps[text]

    tasks = []
    for task in lock.tasks:
        cases = ",\n".join(
            f"   {_json(name)}: {_json(_short(c))}" for name, c in task.cases.items()
        )
        about = f'"step": {number(task.step)}, "open": {_json(task.open)}'
        tasks.append(f'  {{{about}, "cases": {{\n{cases}\n  }}}}')
    groups: dict[str, tuple[list[Any], list[str]]] = {}
    for path in lock.paths:
        every = list(lock.tasks[path.task].cases)
        cases_of = None if list(path.cases) == every else [every.index(c) for c in path.cases]
        head_of = [path.task, [number(m) for m in path.models], path.quantity, cases_of]
        groups.setdefault(_json(head_of), (head_of, []))[1].append(str(number(path.estimator)))
    grouped = [f"  [{text[1:-1]}, [{', '.join(of)}]]" for text, (_, of) in groups.items()]
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "definition": lock.definition,
        "seeds": list(lock.seeds),
        "quantities": lock.quantities,
    }
    parts = [f' "{k}": {_json(v)}' for k, v in head.items()]
    for name, items in (("steps", [f"  {x}" for x in lines]), ("tasks", tasks), ("paths", grouped)):
        inside = ",\n".join(items)
        parts.append(f' "{name}": [\n{inside}\n ]')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _short(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = {"source": case.source, "truth": case.truth, "facts": case.facts}
    found |= {"varies": list(case.varies), "for_some": case.for_some, "cluster": case.cluster}
    return {k: v for k, v in found.items() if v or (k == "source" and not v)}


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def write(board: Board, lock: Lock) -> None:
    """Write it beside ``board.toml``."""
    with whole(board.folder / NAME) as out:
        out.write(to_json(lock))


def read(board: Board) -> Lock:
    """The committed lock. Raises `UsageError` where there is none, or it is of another
    definition."""
    file = board.folder / NAME
    command = f"harness board lock {board.name}"
    if file.is_symlink() or not file.is_file():
        raise UsageError(f"{file}: no such file; `{command}` makes it")
    lock = _parsed(file)
    if lock.definition != digest(board):
        raise UsageError(f"{file}: it belongs to another board.toml; `{command}` makes it again")
    return lock


def _parsed(file: Path) -> Lock:
    raw = Line(file, 1, file.read_bytes()).value
    try:
        if raw["schema"] != SCHEMA:
            raise UsageError(f"{file}: schema {raw['schema']!r}; wanted {SCHEMA}")
        steps = [Step(name, params, tuple(given)) for name, params, given in raw["steps"]]
        tasks = tuple(
            Task(
                steps[t["step"]],
                {name: _case_of(c) for name, c in t["cases"].items()},
                bool(t["open"]),
            )
            for t in raw["tasks"]
        )
        paths = []
        for task, models, quantity, cases, estimators in raw["paths"]:
            every = tuple(tasks[task].cases)
            some = every if cases is None else tuple(every[i] for i in cases)
            chain = tuple(steps[m] for m in models)
            paths += [Asked(task, chain, steps[e], quantity, some) for e in estimators]
        seeds = tuple(raw["seeds"])
        return Lock(raw["definition"], seeds, raw["quantities"], tasks, tuple(paths))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UsageError(f"{file}: not a lock of a board: {error!r}") from error


def _case_of(raw: dict[str, Any]) -> Case:
    truth = {k: float(v) for k, v in raw.get("truth", {}).items()}
    varies, facts = tuple(raw.get("varies", ())), raw.get("facts", {})
    some, cluster = bool(raw.get("for_some")), str(raw.get("cluster", ""))
    return Case(raw["source"], truth, facts, varies, some, cluster)
