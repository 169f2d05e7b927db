"""What a plugin declares: contract version, specs, references, parameters, a cheap import."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import os
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

from harness.components import Component, Plugin
from harness.errors import HarnessError, MissingDependency
from harness.kinds import Kind
from harness.outputs import Curve, Estimate, Prediction, Selection
from harness.params import effective
from harness.settings import Param
from harness.specs import EstimatorSpec, ModelSpec, Quantity, TaskSpec
from harness.testing.report import Check, Failed, NotChecked, ensure

HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "numba",
    "scipy",
    "ase",
    "sklearn",
    "pandas",
    "matplotlib",
)
"""Packages that no plugin may import before a path needs them."""

OUTPUTS = (Estimate, Selection, Curve, Prediction)
SIGNATURES: dict[str, dict[str, tuple[str, ...]]] = {
    "estimator": {"estimate": ("data", "*rng")},
    "model": {"transform": ("data", "*to", "*rng")},
    "task": {"cases": ("*seed",), "score": ("case", "output")},
    "report": {"make": ("records",)},
}
"""Arguments of the methods by role; those after a star are given by name."""


def checks(plugin: Plugin) -> Iterator[Check]:
    """Checks of a plugin as a whole; the first says whether it loads."""
    yield Check("loads", plugin.name, functools.partial(_loads, plugin))
    if plugin.state == "ok":
        yield Check("import-budget", plugin.name, functools.partial(_import_budget, plugin))


def component_checks(component: Component) -> Iterator[Check]:
    """Checks of what one component declares."""
    yield Check("spec", component.name, functools.partial(_spec, component))
    yield Check("reference", component.name, functools.partial(_reference, component))
    yield Check("parameters", component.name, functools.partial(_parameters, component))


def _loads(plugin: Plugin) -> None:
    if plugin.state == "blocked":
        raise NotChecked(f"{plugin.problem}: {plugin.fix}")
    ensure(
        plugin.state == "ok",
        f"plugin {plugin.name}",
        f"{plugin.state}: {plugin.problem}",
        plugin.fix,
    )


def _import_budget(plugin: Plugin) -> None:
    lazy = {
        c.spec.settings.partition(":")[0]
        for c in plugin.components
        if isinstance(c.spec.settings, str)
    }
    modules = ", ".join([plugin.module, *sorted(lazy)])
    code = f"import sys; old = set(sys.modules); import {modules}; new = set(sys.modules) - old\n"
    code += f"import json; print(json.dumps(sorted(set({HEAVY!r}) & new)))"
    loaded = json.loads(fresh_interpreter(code, f"import {modules}"))
    ensure(
        not loaded,
        f"import {modules}",
        f"brings {', '.join(loaded)}",
        "specs only; import heavy packages in the module that the spec names, or in its methods",
    )


def fresh_interpreter(code: str, where: str, **environment: str) -> str:
    """The last line that ``code`` prints in a new process that finds the same packages."""
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    ensure(done.returncode == 0, where, f"fails in a fresh interpreter: {last}", "what works here")
    return (done.stdout.splitlines() or [""])[-1]


def _spec(component: Component) -> None:
    spec, where = component.spec, f"the spec of {component.name}"
    ensure(
        bool(spec.summary.strip()) and "\n" not in spec.summary,
        where,
        "no one-line summary",
        "a summary of one line",
    )
    ensure(
        not spec.install or bool(spec.requires),
        where,
        "install without requires",
        "the packages that it brings",
    )
    for full in (*spec.uses, *(spec.baselines if isinstance(spec, TaskSpec) else ())):
        ensure(full.count("/") == 1, where, f"the name {full!r}", "a full name, plugin/name")
    names = [p.name for p in spec.parameters]
    ensure(len(names) == len(set(names)), where, f"parameters {names}", "each name once")
    if isinstance(spec, EstimatorSpec | ModelSpec):
        reads = spec.reads if isinstance(spec.reads, tuple) else (spec.reads,)
        ensure(
            bool(reads) and all(isinstance(k, type) and issubclass(k, Kind) for k in reads),
            where,
            f"reads {spec.reads!r}",
            "a subclass of harness.Kind, or several in a tuple",
        )
    if isinstance(spec, EstimatorSpec):
        ensure(spec.gives in OUTPUTS, where, f"gives {spec.gives!r}", _one_of(OUTPUTS))
        if spec.gives is Estimate:
            ensure(
                spec.quantity is not None,
                where,
                "an Estimate of no quantity",
                "a quantity, so that it can be ranked",
            )
        _quantities(where, [spec.quantity] if spec.quantity else [])
    if isinstance(spec, ModelSpec | TaskSpec):
        given: Any = spec.gives
        ensure(
            isinstance(given, type) and issubclass(given, Kind),
            where,
            f"gives {given!r}",
            "a subclass of harness.Kind",
        )
    if isinstance(spec, TaskSpec):
        wrong = [s for s in spec.scores if s not in OUTPUTS or s is Estimate]
        ensure(
            not wrong,
            where,
            f"scores {wrong}",
            _one_of(OUTPUTS[1:]) + "; an Estimate is compared with the truth",
        )
        ensure(
            bool(spec.quantities), where, "no quantities", "those that it has truths or scores for"
        )
        _quantities(where, spec.quantities)


def _one_of(options: tuple[type, ...]) -> str:
    return "one of " + ", ".join(option.__name__ for option in options)


def _quantities(where: str, quantities: typing.Sequence[Quantity]) -> None:
    for q in quantities:
        better = ("truth", "higher", "lower", "none")
        ensure(
            q.better in better,
            f"{where}: quantity {q.name}",
            f"better={q.better!r}",
            f"one of {', '.join(better)}",
        )
        ordered = q.lower is None or q.upper is None or q.lower <= q.upper
        ensure(
            ordered,
            f"{where}: quantity {q.name}",
            f"bounds {q.lower} .. {q.upper}",
            "the lower one first",
        )


def implementation(component: Component) -> Any:
    """The class behind a spec. Raises `NotChecked` where a package that it needs is absent."""
    try:
        return component.implementation()
    except MissingDependency as absent:
        raise NotChecked(str(absent)) from None
    except HarnessError as error:
        raise Failed(
            f"the lazy reference of {component.name}", str(error), "'package.module:Class'"
        ) from error


def _reference(component: Component) -> None:
    found, where = implementation(component), component.spec.implementation
    options = getattr(found, "__dataclass_params__", None)
    frozen = isinstance(found, type) and options is not None and options.frozen
    ensure(
        frozen,
        where,
        "no frozen dataclass",
        "a frozen dataclass, such as its settings class makes it",
    )
    for method, arguments in _methods(component).items():
        if method == "score" and not component.spec.scores:
            continue
        ensure(
            callable(getattr(found, method, None)),
            where,
            f"no method {method}",
            _signature(method, arguments),
        )
        parameters = inspect.signature(getattr(found, method)).parameters
        given = [
            f"*{n}" if p.kind is p.KEYWORD_ONLY else n for n, p in list(parameters.items())[1:]
        ]
        # Positional arguments are the author's to name; those given by name are not.
        by_name = [a for a in arguments if a.startswith("*")]
        ensure(
            len(given) == len(arguments) and [a for a in given if a.startswith("*")] == by_name,
            f"{where}.{method}",
            f"takes ({', '.join(given)})",
            _signature(method, arguments),
        )


def _methods(component: Component) -> dict[str, tuple[str, ...]]:
    """The methods of an implementation with their arguments, those of a conversation included."""
    methods = SIGNATURES[component.role]
    if component.role == "estimator" and component.spec.asks:
        return {"estimate": (*methods["estimate"], "*respond")}
    if component.role == "task" and component.spec.answers:
        return methods | {"respond": ("case", "transcript", "question", "*rng")}
    return methods


def _signature(method: str, arguments: tuple[str, ...]) -> str:
    shown = (
        ", ".join(arguments).replace("*", "*, ", 1).replace(", *", ", ").replace(", , ", ", *, ")
    )
    return f"{method}(self, {shown})"


def _parameters(component: Component) -> None:
    spec, found = component.spec, implementation(component)
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        raise NotChecked("no dataclass; see the check 'reference'")
    if spec.settings is None:
        _fields_agree(component, found)
    else:
        settings = spec.settings_class
        ensure(
            issubclass(found, settings),
            spec.implementation,
            f"does not inherit {settings.__name__}",
            f"class {found.__name__}({settings.__name__})",
        )
        own = [f.name for f in dataclasses.fields(found) if f.init]
        extra = sorted(set(own) - {p.name for p in spec.parameters})
        ensure(not extra, spec.implementation, f"fields {', '.join(extra)}", "settings alone")
    for param in spec.parameters:
        where = f"parameter {component.name}.{param.name}"
        ensure(
            bool(param.summary.strip()), where, "no summary", "a noun phrase that says what it is"
        )
    try:
        for param in spec.parameters:
            param.check(param.default, param.name)
        found(**effective(spec, component.name, {}))
    except Exception as error:
        raise Failed(
            f"{component.name} with its defaults",
            f"{type(error).__name__}: {error}",
            "defaults that it accepts",
        ) from error


def _fields_agree(component: Component, found: Any) -> None:
    """Parameters declared as a tuple must agree with the fields of the class."""
    fields = {f.name: f for f in dataclasses.fields(found) if f.init}
    declared = {p.name: p for p in component.spec.parameters}
    # The order of fields that are given by name only means nothing.
    ordered = [name for name, f in fields.items() if not f.kw_only]
    ensure(
        set(fields) == set(declared) and ordered == [name for name in declared if name in ordered],
        f"parameters of {component.name}",
        f"the fields ({', '.join(fields)}) beside the declared ({', '.join(declared)})",
        "the same names, in the same order but for kw_only fields",
    )
    hints = _hints(found)
    for name, param in declared.items():
        where = f"parameter {component.name}.{name}"
        default = fields[name].default
        ensure(
            type(default) is type(param.default) and default == param.default,
            where,
            f"default {default!r} in the class, {param.default!r} in the spec",
            "one default",
        )
        if name in hints:
            ensure(
                _agrees(hints[name], param),
                where,
                f"type {hints[name]} in the class, {param.type} in the spec",
                "one type",
            )


def _hints(found: Any) -> dict[str, Any]:
    """The resolved types of a class; none where a name is only known to type checkers."""
    try:
        return typing.get_type_hints(found)
    except NameError:
        return {}


def _agrees(hint: Any, param: Param) -> bool:
    if typing.get_origin(hint) is typing.Literal:
        return set(typing.get_args(hint)) == set(param.choices)
    return bool(_spread(hint) == _spread(param.type))


def _spread(kind: Any) -> Any:
    """A type in a form that compares equal however a union is written."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return frozenset(map(_spread, typing.get_args(kind)))
    return (
        typing.get_origin(kind),
        typing.get_args(kind),
        kind if typing.get_origin(kind) is None else None,
    )
