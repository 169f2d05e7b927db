"""What tasks promise: cases that repeat, of the declared kind, with declared truths and scores."""

from __future__ import annotations

import functools
import importlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.components import Component
from harness.errors import HarnessError, Incompatible, MissingDependency
from harness.kinds import Kind
from harness.outputs import Curve, Estimate, Output, Prediction, Selection
from harness.params import effective
from harness.seeds import stream
from harness.specs import Case
from harness.testing.declarations import fresh_interpreter
from harness.testing.report import Check, Failed, NotChecked, ensure

SOURCES = 3
"""How many data sets of a task are loaded."""


class Subject:
    """A task with the parameters to check it under."""

    def __init__(self, component: Component, params: Mapping[str, Any]) -> None:
        self.component, self.spec, self.name = component, component.spec, component.name
        self.params = effective(component.spec, component.name, params)

    @functools.cached_property
    def _listed(self) -> list[Case] | Exception:
        try:
            return self.listed_anew()
        except Exception as error:
            return error

    def listed_anew(self) -> list[Case]:
        """The cases under seed 0, by an implementation of its own."""
        return list(self.component.build(self.params).cases(seed=0))

    def cases(self) -> list[Case]:
        """The cases under seed 0. Raises `NotChecked` where they need what is not there."""
        found = self._listed
        if isinstance(found, MissingDependency):
            raise NotChecked(str(found))
        if isinstance(found, HarnessError):
            raise NotChecked(f"no cases without further parameters: {found}")
        if isinstance(found, Exception):
            raise Failed(
                f"cases of {self.name}", f"{type(found).__name__}: {found}", "cases"
            ) from found
        return found

    def loaded(self) -> dict[str, Kind]:
        """The data of the first sources. Raises `Failed` where they do not load."""
        try:
            return self._data
        except MissingDependency as absent:
            raise NotChecked(str(absent)) from None
        except (NotChecked, Failed):
            raise
        except Exception as error:
            wanted = f"a {self.spec.gives.__name__}"
            raise Failed(
                f"data of {self.name}", f"{type(error).__name__}: {error}", wanted
            ) from error

    @functools.cached_property
    def _data(self) -> dict[str, Kind]:
        data: dict[str, Kind] = {}
        for case in self.cases():
            if case.source not in data and len(data) < SOURCES:
                data[case.source] = case.load()
        return data


def checks(component: Component, params: Mapping[str, Any]) -> Iterator[Check]:
    """All checks of a task."""
    subject = Subject(component, params)
    bodies = {"cases": _cases, "repeatable": _repeatable, "fresh-process": _fresh_process}
    for name, body in bodies.items():
        yield Check(name, subject.name, functools.partial(body, subject))
    for output in component.spec.scores:
        yield Check(
            f"score-{output.__name__}", subject.name, functools.partial(_score, subject, output)
        )


def _cases(subject: Subject) -> None:
    cases, where = subject.cases(), f"cases of {subject.name}"
    ensure(bool(cases), where, "none under seed 0", "at least one")
    ids = [case.id for case in cases]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    ensure(
        not twice,
        where,
        f"{twice[:1]} more than once",
        "ids that are unique within a task and seed",
    )
    declared = [q.name for q in subject.spec.quantities]
    stamps: dict[str, set[str | None]] = {}
    for case in cases:
        here = f"case {case.id!r} of {subject.name}"
        stamps.setdefault(case.source, set()).add(case.stamp)
        strange = [name for name in case.truth if name not in declared]
        ensure(
            not strange,
            here,
            f"a truth of {strange[:1]}",
            f"quantities that the spec declares: {declared}",
        )
        wrong = [name for name, value in case.truth.items() if math.isnan(value)]
        ensure(not wrong, here, f"the truth of {wrong[:1]} is NaN", "a number, or no truth")
        outputs = [
            o.__name__ for o in case.accepts if o is not Estimate and o not in subject.spec.scores
        ]
        ensure(not outputs, here, f"accepts {outputs}", "output types that the spec scores")
    torn = [source for source, found in stamps.items() if len(found) > 1]
    ensure(
        not torn,
        where,
        f"different stamps for the source {torn[:1]}",
        "one stamp for the data of one source",
    )
    for source, data in subject.loaded().items():
        ensure(
            type(data) is subject.spec.gives,
            f"source {source!r} of {subject.name}",
            f"loads a {type(data).__name__}",
            f"{subject.spec.gives.__name__}, as declared",
        )
        for case in [c for c in cases if c.source == source][1:2]:
            ensure(
                case.load().fingerprint() == data.fingerprint(),
                f"case {case.id!r} of {subject.name}",
                f"other data than the first case of its source {source!r}",
                "cases of one source share their data",
            )


def _repeatable(subject: Subject) -> None:
    first, again = subject.cases(), subject.listed_anew()
    for a, b in zip(first, again, strict=False):
        for name in ("id", "source", "truth", "facts", "accepts", "stamp"):
            was, now = getattr(a, name), getattr(b, name)
            ensure(
                was == now,
                f"{name} of case {a.id!r} of {subject.name}",
                f"{was!r} and then {now!r}",
                "equal listings",
            )
    ensure(
        len(first) == len(again),
        f"cases of {subject.name}",
        f"{len(first)} and then {len(again)}",
        "equal listings",
    )
    later = {case.source: case for case in reversed(again)}
    for source, data in subject.loaded().items():
        same = later[source].load().fingerprint() == data.fingerprint()
        ensure(
            same,
            f"source {source!r} of {subject.name}",
            "other data the second time",
            _honest(later[source]),
        )


def _honest(case: Case) -> str:
    pure = "data that depend on the task's code, its parameters and the seed alone"
    return pure if case.stamp is None else f"{pure}, as its stamp {case.stamp!r} promises"


def _fresh_process(subject: Subject) -> None:
    """Data may not depend on the order of sets, on global generators, or on what ran before."""
    data = subject.loaded()
    call = json.dumps([subject.spec.implementation, subject.params, list(data)])
    code = f"from harness.testing.cases import fingerprints; fingerprints({call!r})"
    salt = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    found = json.loads(fresh_interpreter(code, f"cases of {subject.name}", PYTHONHASHSEED=salt))
    for source, known in data.items():
        case = next(c for c in subject.cases() if c.source == source)
        same = found.get(source) == known.fingerprint()
        ensure(
            same,
            f"source {source!r} of {subject.name}",
            "other data in a fresh process",
            _honest(case),
        )


def fingerprints(call: str) -> None:
    """Print the fingerprints of a task's sources as JSON: what `_fresh_process` starts."""
    reference, params, sources = json.loads(call)
    module, _, name = reference.partition(":")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in params.items()}
    task = getattr(importlib.import_module(module), name)(**values)
    found: dict[str, str] = {}
    for case in task.cases(seed=0):
        if case.source in sources and case.source not in found:
            found[case.source] = case.load().fingerprint()
    print(json.dumps(found))


def _score(subject: Subject, kind: type[Output]) -> None:
    fitting = [c for c in subject.cases() if not c.accepts or kind in c.accepts]
    ensure(
        bool(fitting),
        f"cases of {subject.name}",
        f"none accepts a {kind.__name__}",
        "one, or not to score it",
    )
    case = fitting[0]
    output = _simple(kind, case.load())
    where = f"{subject.name}: score of a {kind.__name__} on case {case.id!r}"
    try:
        scores = subject.component.build(subject.params).score(case, output)
    except (Incompatible, MissingDependency) as error:
        raise NotChecked(str(error)) from None
    except Exception as error:
        raise Failed(
            where, f"{type(error).__name__}: {error}", "scores, or harness.Incompatible"
        ) from error
    ensure(bool(scores), where, "none", "at least one")
    declared = [q.name for q in subject.spec.quantities]
    for name, value in scores.items():
        ensure(
            name in declared, where, f"{name!r}", f"quantities that the spec declares: {declared}"
        )
        ensure(
            math.isfinite(value),
            f"{where}: {name}",
            f"{value}",
            "a finite number, or to leave it out",
        )


def _simple(kind: type[Output], data: Kind) -> Output:
    """A valid output for these data, such as a method without ideas would give."""
    if kind is Selection:
        return Selection(stream(0, "conformance", "selection").permutation(data.n))
    if kind is Curve:
        return Curve(np.arange(3.0), np.arange(3.0), "x", "y")
    index = np.arange(data.n) if data.split is None else data.split.test
    if classes := getattr(data, "n_classes", 0):
        return Prediction(np.full((len(index), classes), 1.0 / classes), index)
    return Prediction(np.zeros(len(index)), index)
