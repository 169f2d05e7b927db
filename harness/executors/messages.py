"""What is said over links, as plain data, and how it becomes objects again, checked."""

from __future__ import annotations

import importlib
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from harness import plain as texts
from harness.components import Component
from harness.cost import Cost
from harness.errors import HarnessError, PluginError
from harness.keeper import Keeper
from harness.kinds import Kind, Split
from harness.long_work import Progress
from harness.outputs import Curve, Estimate, Output, Prediction, Selection
from harness.records import Status
from harness.units import CaseResult, Done, Loaded, Unit
from harness.wire import WireError

OUTPUTS: dict[str, type[Output]] = {
    kind.__name__: kind for kind in (Estimate, Selection, Curve, Prediction)
}

SMALL = 2**16
"""Bytes of data that go to the worker in a message."""
SIMPLE = (np.ndarray, np.generic, bool, int, float, Split, type(None))
"""What small data consist of: texts and objects in any number stay in files."""


def plain_unit(unit: Unit) -> dict[str, Any]:
    """The fields of a unit."""
    return {f.name: getattr(unit, f.name) for f in fields(unit)}


def unit_of(plain: dict[str, Any]) -> Unit:
    """A unit from what `plain_unit` made of it."""
    pairs = {name: tuple(plain[name]) for name in ("task", "estimator")}
    models = tuple((name, params) for name, params in plain["models"])
    return Unit(**plain | pairs | {"models": models, "cases": tuple(plain["cases"])})


def plain_kind(data: Kind) -> dict[str, Any]:
    """The fields of a kind."""
    found = {f.name: getattr(data, f.name) for f in fields(data)}
    if isinstance(data.split, Split):
        found["split"] = dict(data.split.parts())
    return found


def is_small(data: Kind) -> bool:
    """Whether data are a few numbers, which a message carries faster than a file."""
    values = [getattr(data, f.name) for f in fields(data)]
    if isinstance(data.split, Split):
        values += [part for _, part in data.split.parts()]
    return all(isinstance(v, SIMPLE) for v in values) and (
        sum(v.nbytes for v in values if isinstance(v, np.ndarray)) <= SMALL
    )


def reference(kind: type[Kind]) -> str:
    """Where the class of a kind is to be found."""
    return f"{kind.__module__}:{kind.__qualname__}"


def kind_of(where: str, plain: dict[str, Any]) -> Kind:
    """The data that `plain_kind` took apart; its arrays are used as they are."""
    module, _, name = where.partition(":")
    kind = importlib.import_module(module)
    for part in name.split("."):
        kind = getattr(kind, part)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
    if plain.get("split") is not None:
        values["split"] = Split(**plain["split"])
    made: Kind = kind(**values)  # type: ignore[operator]
    return made


def answered(keeper: Keeper, unit: Unit, question: Any) -> dict[str, Any]:
    """The task's answer to a question that came over the wire, or why there is none."""
    try:
        answers = keeper.answers(unit)
        answer = keeper.respond(unit, kind_of(reference(answers[0]), question))
    except Exception as error:
        return {"answer": None, "error": f"{type(error).__name__}: {error}"}
    return {"answer": None if answer is None else plain_kind(answer), "error": ""}


def answer_of(where: str, what: str, body: Any) -> Kind | None:
    """The answer that came to a question. Raises `PluginError` where the task gave none."""
    if what != "answer" or body["error"]:
        raise PluginError(f"the task did not answer: {body['error']}")
    return None if body["answer"] is None else kind_of(where, body["answer"])


def plain_output(output: Output) -> dict[str, Any]:
    """The fields of an output, and its type; of a subclass, those that all outputs of it have."""
    name, kind = next((n, k) for n, k in OUTPUTS.items() if isinstance(output, k))
    return {"type": name, "fields": {f.name: getattr(output, f.name) for f in fields(kind)}}


def output_of(estimator: Component, plain: Any) -> Output:
    """The output that an estimator gave, made and so checked anew.

    Raises `WireError` for what is no output, or another one than the estimator's spec says.
    """
    gives = estimator.spec.gives
    try:
        kind, values = OUTPUTS[plain["type"]], dict(plain["fields"])
        if not issubclass(kind, gives):
            raise PluginError(f"gave {kind.__name__}; its spec says {gives.__name__}")
        if isinstance(values.get("sets"), dict):
            values["sets"] = {int(size): chosen for size, chosen in values["sets"].items()}
        values["diagnostics"] = texts.diagnostics(values.get("diagnostics", {}))
        return kind(**values)
    except (KeyError, TypeError, ValueError, OverflowError, HarnessError) as error:
        raise WireError(f"an output that cannot be read: {error}") from None


def plain_done(done: Done) -> dict[str, Any]:
    """What came of work, for the wire."""
    found = dict(vars(done))
    found["cost"] = asdict(done.cost) if done.cost else None
    found["output"] = plain_output(done.output) if done.output is not None else None
    return found


def done_of(estimator: Component, plain: Any) -> Done:
    """What came of work, checked against the unit that was sent. Raises `WireError`."""
    try:
        found = dict(plain)
        output = found.pop("output")
        cost = found.pop("cost")
        done = Done(**found)
        done.status = Status(done.status)
        done.cost = _cost(cost) if cost else None
        done.prefix_s = None if done.prefix_s is None else _number(done.prefix_s)
        for name, kind in (
            ("versions", dict),
            ("notes", list),
            ("card", str),
            ("spoiled", bool),
            ("units", dict),
        ):
            if not isinstance(getattr(done, name), kind):
                raise TypeError(f"{name} is {type(getattr(done, name)).__name__}")
        _require_texts(done.cause, *done.notes, *done.versions.values())
        if (output is None) == (done.status is Status.OK):
            raise TypeError("an output and a failure, or neither")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(f"an answer that cannot be read: {error}") from None
    if output is not None:
        done.output = output_of(estimator, output)
    return done


def loaded_of(plain: Any) -> tuple[str, dict[str, Any] | None, Loaded]:
    """The file with the data, they themselves where small, and how loading them ended.

    Raises `WireError`.
    """
    try:
        found = dict(plain)
        file, data = found.pop("file"), found.pop("data")
        loaded = Loaded(None, **found)
        loaded.status = Status(loaded.status)
        loaded.seconds = _number(loaded.seconds)
        _require_texts(loaded.fingerprint, loaded.cause, loaded.wrong_request, *loaded.notes)
        if loaded.n is not None:
            _number(loaded.n)
        if (loaded.fingerprint is None) == (loaded.status is Status.OK):
            raise TypeError("data and a failure, or neither")
        _require_texts(file)
        if not isinstance(data, dict | None):
            raise TypeError(f"{type(data).__name__} in place of data")
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"what was loaded, which cannot be read: {error}") from None
    return file, data, loaded


def results_of(unit: Unit, plain: Any) -> list[CaseResult]:
    """The results of judging, one for each case of the unit. Raises `WireError`."""
    try:
        results = [CaseResult(**result) for result in plain]
        for result in results:
            result.status = Status(result.status)
            result.scores = {str(name): float(score) for name, score in result.scores.items()}
            result.value = None if result.value is None else float(result.value)
            result.score_s = None if result.score_s is None else _number(result.score_s)
            _require_texts(result.cause)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise WireError(f"results that cannot be read: {error}") from None
    if tuple(r.case for r in results) != unit.cases:
        raise WireError("results of other cases")
    return results


def left_of(plain: Any) -> list[str]:
    """What a path has left behind. Raises `WireError`."""
    if not isinstance(plain, list):
        raise WireError("what was left behind is not a list")
    return texts.texts(plain)


def _require_texts(*values: Any) -> None:
    for value in values:
        if not isinstance(value, str | None):
            raise TypeError(f"{type(value).__name__} in place of a text")


def pair_of(plain: Any) -> tuple[str, Any]:
    """The request that an answer names, and the answer. Raises `WireError`."""
    if not (isinstance(plain, list) and len(plain) == 2 and isinstance(plain[0], str)):
        raise WireError("an answer to no request")
    return plain[0], plain[1]


def progress_of(plain: Any) -> Progress:
    """How far a stage has come. Raises `WireError`."""
    try:
        done, total, note = plain
        return Progress(_number(done), _number(total), texts.text(note, 200))
    except (TypeError, ValueError) as error:
        raise WireError(f"progress that cannot be read: {error}") from None


def _cost(plain: dict[str, Any]) -> Cost:
    peak = plain["peak_mib"]
    return Cost(
        _number(plain["wall_s"]),
        _number(plain["cpu_s"]),
        None if peak is None else _number(peak),
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**63:
        raise TypeError(f"{str(value)[:40]!r} is not a number from 0 up")
    return value
