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
from harness.testing.contents import contents, difference
from harness.testing.declarations import fresh_interpreter
from harness.testing.effects import quiet
from harness.testing.randomness import seeding
from harness.testing.report import Check, Failed, NotChecked, ensure
from harness.testing.truths import TRUSTED, in_nats

SOURCES, OUTPUTS = 3, 3
"""How many data sets of a task are loaded, and outputs of a type scored."""


class Subject:
    """A task with the parameters to check it under."""

    def __init__(self, component: Component, params: Mapping[str, Any]) -> None:
        self.component, self.spec, self.name = component, component.spec, component.name
        self.package = component.spec.implementation.partition(":")[0].partition(".")[0]
        self.params = effective(component.spec, component.name, params)

    @functools.cached_property
    def _listed(self) -> list[Case] | Exception:
        try:
            return self.listed_anew()
        except Exception as error:
            return error

    def listed_anew(self, seed: int = 0) -> list[Case]:
        """The cases under a seed, by an implementation of its own."""
        return list(self.component.build(self.params).cases(seed=seed))

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
    bodies = {
        "cases": _cases,
        "repeatable": _repeatable,
        "seeds": _seeds,
        "fresh-process": _fresh_process,
    }
    gives, named = component.spec.gives, [q.name for q in component.spec.quantities]
    if any((gives, name) in TRUSTED for name in named):
        bodies["truths"] = _truths
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
        for name, value in case.truth.items():
            _within(subject, name, value, f"{here}: the truth of {name}")
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


def _seeds(subject: Subject) -> None:
    """Other seeds give other data, unless nothing in them is drawn."""
    try:
        data = subject.loaded()
    except Failed:
        return  # what the check 'cases' says
    noted: list[list[str]] = []
    source = next(iter(data), "")
    for seed in (1, 2):
        with seeding(subject.package) as calls:
            case = next((c for c in subject.listed_anew(seed) if c.source == source), None)
            if case is None or difference(contents(data[source]), contents(case.load())):
                return
        noted.append(calls)
    own = [call for call in noted[0] if call in noted[1]]
    ensure(
        not own,
        f"source {source!r} of {subject.name} under seeds 0, 1 and 2",
        f"equal data, drawn from {own[:1]}",
        "draws from harness.stream(seed, ...)",
    )


def _truths(subject: Subject) -> None:
    """Truths in nats, where an estimator can tell."""
    try:
        data, found = subject.loaded(), {}
    except Failed:
        return  # what the check 'cases' says
    for case in subject.cases():
        if case.source in data:
            found[case.id] = data[case.source], dict(case.truth)
    in_nats(subject.spec.gives, found, subject.name)


def _within(subject: Subject, name: str, value: float, where: str) -> None:
    """Refuse what lies outside the limits that the quantity declares."""
    for quantity in subject.spec.quantities:
        if quantity.name != name:
            continue
        low = -math.inf if quantity.lower is None else quantity.lower
        high = math.inf if quantity.upper is None else quantity.upper
        slack = 1e-9 * max(1.0, abs(value))
        ensure(
            low - slack <= value <= high + slack,
            where,
            f"{value:.6g}, outside its limits",
            f"{low:g} to {high:g}, as the quantity declares, or other limits there",
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
    for salt in range(OUTPUTS):
        _score_one(subject, case, _simple(kind, case.load(), salt))


def _score_one(subject: Subject, case: Case, output: Output) -> None:
    where = f"{subject.name}: score of a {type(output).__name__} on case {case.id!r}"
    try:
        with quiet():
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
        _within(subject, name, value, f"{where}: {name}")


def _simple(kind: type[Output], data: Kind, salt: int) -> Output:
    """A valid output for these data, such as a method without ideas would give: the first of them
    says nothing, the others are drawn at random."""
    rng = stream(salt, "conformance", "output")
    if kind is Selection:
        return Selection(rng.permutation(data.n))
    if kind is Curve:
        return Curve(np.arange(3.0), np.arange(3.0) if salt == 0 else rng.normal(size=3), "x", "y")
    index = np.arange(data.n) if data.split is None else data.split.test
    if classes := getattr(data, "n_classes", 0):
        weights = rng.random((len(index), classes)) if salt else np.ones((len(index), classes))
        return Prediction(weights / weights.sum(1, keepdims=True), index)
    return Prediction(rng.normal(size=len(index)) if salt else np.zeros(len(index)), index)
