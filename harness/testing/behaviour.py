"""What estimators and models promise by being run: outputs, and that nothing else changes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from harness.errors import DataError, HarnessError, Incompatible
from harness.kinds import Kind
from harness.outputs import Estimate, Output
from harness.testing import information, labels, lasting, randomness
from harness.testing.contents import unexplained
from harness.testing.invariances import BY_TRAIT
from harness.testing.report import Check, Failed, ensure
from harness.testing.samples import awkward
from harness.testing.subject import Subject


def checks(subject: Subject) -> Iterator[Check]:
    """All checks that the spec of a subject calls for."""
    bodies: dict[str, Callable[[Subject], None]] = {
        "output": _output,
        "equal-seeds": randomness.equal_seeds,
        "side-effects": lasting.side_effects,
        "global-rng": randomness.global_rng,
        "inputs-unchanged": _inputs_unchanged,
        "bad-data": _bad_data,
        "large-data": lasting.large_data,
        "memory": lasting.memory,
        "later-calls": lasting.later_calls,
    }
    if "deterministic" not in subject.spec.traits:
        bodies["own-seed"] = randomness.own_seed
    if labels.apply(subject):
        bodies["test-labels"] = labels.test_labels
    for trait, body in BY_TRAIT.items():
        if trait in subject.spec.traits:
            bodies[trait] = body
    bodies |= information.bodies(subject)
    for name, body in bodies.items():
        yield Check(name, subject.name, functools.partial(body, subject))


def _output(subject: Subject) -> None:
    data, output = subject.first()
    wanted = subject.spec.gives
    ensure(
        type(output) is wanted,
        f"{subject.name}",
        f"gave {type(output).__name__}",
        f"{wanted.__name__}, as declared",
    )
    if wrong := unexplained(output, data):
        raise Failed(subject.name, wrong, "positions of the data, and numbers")
    if isinstance(output, Estimate) and output.local is not None:
        lengths = {
            data.n,
            len(getattr(data, "x", ())),
            len(getattr(data, "numbers", ())),
        } | _part_lengths(data)
        ensure(
            len(output.local) in lengths,
            f"{subject.name}: Estimate.local",
            f"{len(output.local)} values",
            f"one per unit ({data.n}), or one per item",
        )


def _part_lengths(data: Kind) -> set[int]:
    """Units and items of each part of the split, for methods that judge one part."""
    if data.split is None:
        return set()
    parts = [data.part(name) for name, part in data.split.parts() if part.size]
    return {part.n for part in parts} | {len(getattr(part, "x", ())) for part in parts}


def _inputs_unchanged(subject: Subject) -> None:
    data, _ = subject.settled()
    before = dataclasses.replace(data).fingerprint()
    subject.run(data)
    ensure(
        dataclasses.replace(data).fingerprint() == before,
        subject.name,
        "changed its input",
        "data that are only read",
    )
    for f in dataclasses.fields(data):
        value = getattr(data, f.name)
        ensure(
            not (isinstance(value, np.ndarray) and value.flags.writeable),
            f"{subject.name}: {type(data).__name__}.{f.name}",
            "made writable",
            "a copy to write to",
        )


def _bad_data(subject: Subject) -> None:
    data, _ = subject.settled()
    for name, hard in awkward(data):
        where = f"{subject.name} on {name}"
        try:
            output: Output | Kind = subject.run(hard)
        except DataError as error:
            # Outputs and kinds refuse NaN when they are made: making one is the method's fault.
            made = ("Estimate", "Selection", "Curve", "Prediction")
            made += () if subject.spec.gives is type(hard) else (subject.spec.gives.__name__,)
            ensure(
                error.where.partition(".")[0] not in made or "nan" not in error.found.lower(),
                where,
                f"tried to give {error.where} = {error.found}",
                "harness.Incompatible with the reason",
            )
        except HarnessError as error:
            ensure(
                isinstance(error, Incompatible),
                where,
                f"{type(error).__name__}: {error}",
                "harness.Incompatible",
            )
        except Exception as error:
            raise Failed(
                where, f"{type(error).__name__}: {error}", "an output, or harness.Incompatible"
            ) from error
        else:
            wrong = unexplained(output, hard)
            ensure(not wrong, where, wrong, "a number with its reason, or harness.Incompatible")
