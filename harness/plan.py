"""From a request to legal paths, with a reason for every exclusion.

Kinds are the nodes of a graph, and models its edges. A path is legal when a chain of at most two
models (four where a request names them) leads from the task's kind to the one that
the estimator reads (stage 1), and what both sides declare agrees (stage 2). What only the data can
tell (stage 3) an implementation says when it runs, by raising `Incompatible`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.components import Component
from harness.errors import UsageError, unknown_name
from harness.naming import parameters
from harness.outputs import Estimate
from harness.registry import Registry
from harness.specs import ROLES, Role

LONGEST_CHAIN = 2
"""Models in a row that the planner tries by itself."""
LONGEST_NAMED = 4
"""Models in a row, where a request names them."""


@dataclass(frozen=True)
class Request:
    """What a user asks for: names or globs, parameters by component, seeds.

    ``device`` is given to every component that has a parameter of that name, where ``params`` does
    not say otherwise.
    """

    plugins: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    baselines: bool = True
    device: str | None = None


@dataclass(frozen=True)
class Step:
    """A component with all its parameters."""

    component: Component
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Full name of the component."""
        return self.component.name


@dataclass(frozen=True)
class Path:
    """``task ▸ models ▸ estimator`` under one seed; the task's cases come when it runs."""

    task: Step
    models: tuple[Step, ...]
    estimator: Step
    seed: int

    def __str__(self) -> str:
        return " ▸ ".join(step.name for step in (self.task, *self.models, self.estimator))


@dataclass(frozen=True)
class Exclusion:
    """A pair (or chain) that is no legal path, and the first requirement it misses."""

    task: str
    estimator: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """Legal paths in a fixed order, and what was left out."""

    paths: tuple[Path, ...]
    excluded: tuple[Exclusion, ...]


def make(registry: Registry, request: Request) -> Plan:
    """Expand a request. Raises `UsageError` for unknown names and for requests without a path."""
    if not (request.plugins or request.tasks or request.estimators):
        raise UsageError(
            "nothing asked for: name a --plugin, a --task or an --estimator (see `harness list`)"
        )
    tasks, estimators = _wanted(registry, request)
    steps = _Steps(registry, request.params, request.device)
    paths: list[Path] = []
    excluded: list[Exclusion] = []
    for task, estimator in itertools.product(
        tasks, _with_baselines(registry, request, tasks, estimators)
    ):
        asked = estimator in estimators
        if not asked and estimator.name not in _baselines(registry, task):
            continue
        reason = _unmet(task, estimator)
        if reason and not _lead(registry, task, estimator):  # the kinds come first
            reason = _no_chain(registry, request, task, estimator)
        chains = [] if reason else _chains(registry, request, task, estimator)
        if not reason and not chains:
            reason = _no_chain(registry, request, task, estimator)
        if reason:
            excluded.append(Exclusion(task.name, estimator.name, reason))
        for chain, seed in itertools.product(chains, request.seeds):
            models = tuple(steps.of(model) for model in chain)
            paths.append(Path(steps.of(task), models, steps.of(estimator), seed))
    named = {estimator.name for estimator in estimators}
    if not any(path.estimator.name in named for path in paths):  # baselines alone answer nothing
        lost = [pair for pair in excluded if pair.estimator in named]
        raise UsageError("no legal path: " + _why_none(lost))
    steps.check_all_used()
    return Plan(
        tuple(sorted(paths, key=lambda p: (p.task.name, _chain(p), p.estimator.name, p.seed))),
        tuple(excluded),
    )


def _lead(registry: Registry, task: Component, estimator: Component) -> bool:
    """Whether any models lead from the kind of a task to one that an estimator reads."""
    return bool(_search(registry.components["model"].values(), task, estimator))


def _chain(path: Path) -> tuple[int | str, ...]:
    return len(path.models), *(m.name for m in path.models)


def _wanted(registry: Registry, request: Request) -> tuple[list[Component], list[Component]]:
    """The tasks and estimators of a request.

    ``--plugin`` stands for all that the plugin offers; a role named outright is just what was
    named; a role that nothing names is everything installed.
    """
    asked: dict[Role, tuple[str, ...]] = {"task": request.tasks, "estimator": request.estimators}
    found: dict[Role, list[Component]] = {}
    for role, names in asked.items():
        if names:
            found[role] = _unique(c for name in names for c in registry.matching(role, name))
        else:
            offered = (c for name in request.plugins for c in registry.of_plugin(name, role))
            found[role] = _unique(offered) or registry.matching(role, "*")
            if role == "task":
                found[role] = [task for task in found[role] if _joins(task, request)]
    return found["task"], found["estimator"]


def _joins(task: Component, request: Request) -> bool:
    """Whether a task that is not named joins: unless it reads files that nothing was said about."""
    said = (task.name, task.name.rpartition("/")[2])
    return task.spec.plan or any(name in request.params for name in said)


def _unique(components: Iterable[Component]) -> list[Component]:
    return list({c.name: c for c in components}.values())


def _baselines(registry: Registry, task: Component) -> list[str]:
    return [name for name in task.spec.baselines if name in registry.components["estimator"]]


def _with_baselines(
    registry: Registry, request: Request, tasks: list[Component], estimators: list[Component]
) -> list[Component]:
    joined = (
        [name for task in tasks for name in _baselines(registry, task)] if request.baselines else []
    )
    return _unique([*estimators, *(registry.components["estimator"][name] for name in joined)])


def reads(component: Component) -> tuple[type, ...]:
    """The kinds that a model or estimator reads."""
    kinds = component.spec.reads
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _chains(
    registry: Registry, request: Request, task: Component, estimator: Component
) -> list[tuple[Component, ...]]:
    """The model chains to run between a task and an estimator.

    Models named by ``--model`` are used in every chain; three or four in a row only where fewer
    lead nowhere. Without it those of ``--plugin`` are tried, in every legal chain; where they lead
    nowhere, the shortest chains of any model.
    """
    if request.models:
        named = _unique(m for name in request.models for m in registry.matching("model", name))
        for longest in (LONGEST_CHAIN, LONGEST_NAMED):
            if chains := [chain for chain in _search(named, task, estimator, longest) if chain]:
                return chains
        return []
    own = _unique(m for name in request.plugins for m in registry.of_plugin(name, "model"))
    chains = _search(_planned(own), task, estimator)
    if not chains:
        chains = _search(_planned(registry.components["model"].values()), task, estimator)
        shortest = min(map(len, chains), default=0)
        chains = [chain for chain in chains if len(chain) == shortest]
    return chains


def _planned(models: Iterable[Component]) -> list[Component]:
    return [model for model in models if model.spec.plan]


def _search(
    models: Iterable[Component], task: Component, estimator: Component, longest: int = LONGEST_CHAIN
) -> list[tuple[Component, ...]]:
    wanted = set(reads(estimator))
    readers: dict[type, list[Component]] = {}
    for model in models:
        for kind in reads(model):
            readers.setdefault(kind, []).append(model)

    def extend(kind: type, chain: tuple[Component, ...]) -> Iterator[tuple[Component, ...]]:
        if kind in wanted:
            yield chain
        if len(chain) < longest:
            for model in readers.get(kind, ()):
                if model not in chain and not _missing_traits(task, model):
                    yield from extend(model.spec.gives, (*chain, model))

    return sorted(
        extend(task.spec.gives, ()), key=lambda chain: (len(chain), [m.name for m in chain])
    )


def _missing_traits(task: Component, component: Component) -> list[str]:
    return [trait for trait in component.spec.needs if trait not in task.spec.traits]


def _unmet(task: Component, estimator: Component) -> str:
    """The first declared requirement that a pair misses, whatever the models."""
    if missing := _missing_traits(task, estimator):
        return f"needs data with {', '.join(missing)}, which {task.name} does not declare"
    asks, answers = estimator.spec.asks, task.spec.answers
    if asks is not None and asks != answers:
        question, answer = (kind.__name__ for kind in asks)
        return f"asks for a {answer} by a {question}, which {task.name} does not answer"
    gives = estimator.spec.gives
    if gives is not Estimate and gives not in task.spec.scores:
        return f"gives a {gives.__name__}, which {task.name} does not score"
    return ""


def _no_chain(registry: Registry, request: Request, task: Component, estimator: Component) -> str:
    wanted = " or ".join(kind.__name__ for kind in reads(estimator))
    reason = f"reads {wanted}, and {task.name} gives {task.spec.gives.__name__}"
    helpful = set(filter(None, _search(registry.components["model"].values(), task, estimator)))
    if helpful:
        names = sorted({"+".join(m.name for m in chain) for chain in helpful})
        return f"{reason}; add --model {' or '.join(names[:3])}"
    named = f"no chain of at most {LONGEST_NAMED} of the named models leads there, and "
    return (
        f"{reason}; {named if request.models else ''}"
        f"no chain of at most {LONGEST_CHAIN} installed models leads there"
    )


def _why_none(excluded: list[Exclusion]) -> str:
    if not excluded:
        return "nothing that was named fits together (see `harness list`)"
    first = excluded[0]
    more = (
        f" (and {len(excluded) - 1} more; see `harness plan --why-not`)"
        if len(excluded) > 1
        else ""
    )
    return f"{first.estimator} on {first.task}: {first.reason}{more}"


class _Steps:
    """Components with their parameters, each checked once; knows which settings were used."""

    def __init__(
        self, registry: Registry, params: Mapping[str, Mapping[str, Any]], device: str | None
    ) -> None:
        self._registry, self._device = registry, device
        self._given: dict[str, dict[str, Any]] = {}
        for name, values in params.items():
            for full in self._targets(name, values):
                self._given.setdefault(full, {}).update(values)
        self._steps: dict[tuple[str, str], Step] = {}

    def _targets(self, name: str, values: Mapping[str, Any]) -> list[str]:
        """The component of a setting. A name that two roles share goes by its parameters."""
        everything = {c.name: c for role in ROLES for c in self._registry.components[role].values()}
        hits = [
            (role, c)
            for role in ROLES
            for c in self._registry.components[role].values()
            if name in (c.name, c.spec.name)
        ]
        if not hits:
            raise unknown_name(
                "component in --set",
                name,
                [*everything, *(c.spec.name for c in everything.values())],
            )
        fitting = [
            f"{role} {c.name}"
            for role, c in hits
            if set(values) <= {p.name for p in c.spec.parameters}
        ]
        if len(hits) == 1:
            return [f"{hits[0][0]} {hits[0][1].name}"]
        if len(fitting) != 1:
            names = " or ".join(f"{role} {c.name}" for role, c in hits)
            raise UsageError(f"--set {name}.{next(iter(values))} is ambiguous: {names}")
        return fitting

    def of(self, component: Component) -> Step:
        key = (component.role, component.name)
        if key not in self._steps:
            given = dict(self._given.get(f"{component.role} {component.name}", {}))
            if self._device is not None and _has_device(component):
                given.setdefault("device", self._device)
            self._steps[key] = Step(component, parameters(self._registry, component, given))
        return self._steps[key]

    def check_all_used(self) -> None:
        """A setting for a component that is on no path is a mistake, not a wish to ignore."""
        used = {f"{role} {name}" for role, name in self._steps}
        for name in self._given:
            if name not in used:
                raise UsageError(f"--set names {name}, which is on no path of this request")
        components = [step.component for step in self._steps.values()]
        if self._device not in (None, "cpu") and not any(map(_has_device, components)):
            raise UsageError(
                f"--device {self._device}: no component of this request has a parameter 'device'"
            )


def _has_device(component: Component) -> bool:
    return any(p.name == "device" for p in component.spec.parameters)
