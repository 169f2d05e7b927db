"""What estimators and models promise by being run: outputs, randomness, invariances, units."""

from __future__ import annotations

import dataclasses
import functools
import math
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from harness.components import Component
from harness.errors import DataError, HarnessError, Incompatible, MissingDependency
from harness.kinds import Kind
from harness.outputs import Estimate, Output
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION
from harness.seeds import stream
from harness.testing.contents import (
    ROUNDING,
    by_index,
    contents,
    difference,
    reordered,
    unexplained,
)
from harness.testing.report import Check, Failed, NotChecked, ensure
from harness.testing.samples import awkward, rescaled, translated, variants

REPEATS = 8
KNOWN = (ENTROPY, MUTUAL_INFORMATION, CONDITIONAL_MUTUAL_INFORMATION)
"""Quantities in nats; kinds know draws with a given value (`Kind.known`)."""
KNOWN_N = 1000
SIGMAS = 5.0
"""How many standard deviations of a single estimate the mean of the repeats may stand off."""


class Subject:
    """An estimator or model with one of the kinds that it reads."""

    def __init__(self, component: Component, kind: type[Kind], params: Mapping[str, Any]) -> None:
        self.component, self.kind, self._params = component, kind, params
        self.spec = component.spec
        several = isinstance(component.spec.reads, tuple) and len(component.spec.reads) > 1
        self.name = f"{component.name}[{kind.__name__}]" if several else component.name

    def run(self, data: Kind, seed: int = 0) -> Any:
        """The output for these data under a seed, with warnings kept quiet."""
        rng = stream(seed, "conformance", self.component.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            implementation = self.component.build(self._params)
            if self.component.role == "estimator":
                return implementation.estimate(data, rng=rng)
            return implementation.transform(data, to=self.spec.gives, rng=rng)

    @functools.cached_property
    def _suited(self) -> tuple[Kind, Any] | Exception:
        """The first sample data that the component takes, and its output; or what came instead."""
        reason = NotChecked("no sample data")
        needs_split = "split" in self.spec.needs
        try:
            for data in variants(self.kind, stream(0, "conformance", self.kind.__name__)):
                if needs_split and data.split is None:
                    continue
                try:
                    return data, self.run(_copy(data))
                except Incompatible as error:
                    reason = NotChecked(f"suits no sample {self.kind.__name__}: {error}")
        except (MissingDependency, NotChecked) as error:
            return NotChecked(str(error))
        except Exception as error:
            return error
        return reason

    def first(self) -> tuple[Kind, Any]:
        """A fresh copy of sample data, and the output for them.

        Raises `Failed` where the component breaks on them.
        """
        found = self._suited
        if isinstance(found, NotChecked):
            raise found
        if isinstance(found, Exception):
            raise Failed(
                f"{self.name} on a sample {self.kind.__name__}",
                f"{type(found).__name__}: {found}",
                "an output, or harness.Incompatible with the reason",
            ) from found
        data, output = found
        return _copy(data), output

    def settled(self) -> tuple[Kind, Any]:
        """The same, for checks that come after ``output``."""
        try:
            return self.first()
        except Failed:
            raise NotChecked("gives no output for sample data; see the check 'output'") from None


def _copy(data: Kind) -> Kind:
    """The same contents in arrays of their own, so that no check sees another's tampering."""
    own = {
        f.name: value
        for f in dataclasses.fields(data)
        if isinstance(value := getattr(data, f.name), np.ndarray)
    }
    changes: dict[str, Any] = {name: value.copy() for name, value in own.items()}
    return dataclasses.replace(data, **changes)


def checks(subject: Subject) -> Iterator[Check]:
    """All checks that the spec of a subject calls for."""
    bodies: dict[str, Callable[[Subject], None]] = {
        "output": _output,
        "equal-seeds": _equal_seeds,
        "global-rng": _global_rng,
        "inputs-unchanged": _inputs_unchanged,
        "bad-data": _bad_data,
    }
    for trait, body in _BY_TRAIT.items():
        if trait in subject.spec.traits:
            bodies[trait] = body
    if getattr(subject.spec, "quantity", None) in KNOWN:
        bodies["units"] = _units
    for name, body in bodies.items():
        yield Check(name, subject.name, functools.partial(body, subject))


def _output(subject: Subject) -> None:
    data, output = subject.first()
    wanted = subject.spec.gives
    gave = f"gave {type(output).__name__}"
    ensure(type(output) is wanted, subject.name, gave, f"{wanted.__name__}, as declared")
    if wrong := unexplained(output, data):
        raise Failed(subject.name, wrong, "positions of the data, and numbers")
    if isinstance(output, Estimate) and output.local is not None:
        lengths = {
            data.n,
            len(getattr(data, "x", ())),
            len(getattr(data, "numbers", ())),
        } | _part_lengths(data)
        where, found = f"{subject.name}: Estimate.local", f"{len(output.local)} values"
        wanted = f"one per unit ({data.n}), or one per item"
        ensure(len(output.local) in lengths, where, found, wanted)


def _part_lengths(data: Kind) -> set[int]:
    """Units and items of each part of the split, for methods that judge one part."""
    if data.split is None:
        return set()
    parts = [data.part(name) for name, part in data.split.parts() if part.size]
    return {part.n for part in parts} | {len(getattr(part, "x", ())) for part in parts}


def _equal_seeds(subject: Subject) -> None:
    data, output = subject.settled()
    if changed := difference(contents(output), contents(subject.run(data))):
        raise Failed(
            f"{subject.name}, run twice with equal seeds",
            changed,
            "equal outputs: all randomness from rng, no state",
        )


def _deterministic(subject: Subject) -> None:
    data, output = subject.settled()
    for seed in (1, 2, 3):
        if changed := difference(contents(output), contents(subject.run(data, seed))):
            raise Failed(
                f"{subject.name} under seeds 0 and {seed}",
                changed,
                "equal outputs, or no trait 'deterministic'",
            )


def _global_rng(subject: Subject) -> None:
    data, output = subject.settled()
    kept = _global_states()
    try:
        for salt in (1, 2):
            _scramble(salt)
            before = _global_states()
            again = subject.run(data)
            after = _global_states()
            used = [name for name in before if before[name] != after[name]]
            ensure(
                not used,
                subject.name,
                f"used the global generator of {' and '.join(used)}",
                "draws from rng only",
            )
            if changed := difference(contents(output), contents(again)):
                raise Failed(
                    f"{subject.name} under other global random states",
                    changed,
                    "equal outputs: draws from rng only",
                )
    finally:
        _restore(kept)


def _global_states() -> dict[str, Any]:
    """The state of every global generator that is loaded."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002 - the global generator is the point
    name, words, *rest = numpy_state
    states: dict[str, Any] = {"numpy": (name, words.tobytes(), *rest), "random": random.getstate()}
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


def _scramble(salt: int) -> None:
    np.random.seed(salt)  # noqa: NPY002
    random.seed(salt)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(salt)


def _restore(states: dict[str, Any]) -> None:
    random.setstate(states["random"])
    name, words, *rest = states["numpy"]
    np.random.set_state((name, np.frombuffer(words, np.uint32), *rest))  # noqa: NPY002
    if "torch" in states:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.frombuffer(bytearray(states["torch"]), dtype=torch.uint8))


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


def _same(
    subject: Subject, wanted: list[Any], got: list[Any], what: str, trait: str, rounding: float
) -> None:
    """Compare outputs before and after a change of the data: exactly but for rounding where the
    method is deterministic, by the spread over seeds of the values where it is not."""
    if len(wanted) == 1:
        changed = difference(
            contents(by_index(wanted[0])), contents(by_index(got[0])), rounding=rounding
        )
        ensure(
            not changed, f"{subject.name} {what}", changed, f"equal outputs, or no trait '{trait}'"
        )
        return
    if subject.spec.gives is not Estimate:
        raise NotChecked("its outputs depend on the rng and are no single numbers")
    a, b = (np.array([output.value for output in outputs]) for outputs in (wanted, got))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise NotChecked("infinite values on sample data")
    tolerance = SIGMAS * math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / REPEATS) + rounding * max(
        1.0, np.abs(a).max()
    )
    ensure(
        abs(a.mean() - b.mean()) <= tolerance,
        f"{subject.name} {what}, mean over {REPEATS} seeds",
        f"{a.mean():.6g} and then {b.mean():.6g}",
        f"a difference below {tolerance:.2g} (its own spread), or no trait '{trait}'",
    )


def _seeds(subject: Subject) -> range:
    return range(1 if "deterministic" in subject.spec.traits else REPEATS)


def _permutation_invariant(subject: Subject) -> None:
    data, _ = subject.settled()
    order = stream(0, "conformance", "permutation").permutation(data.n)
    wanted = [reordered(subject.run(data, seed), order, data) for seed in _seeds(subject)]
    got = [subject.run(data.take(order), seed) for seed in _seeds(subject)]
    _same(subject, wanted, got, "on reordered units", "permutation-invariant", ROUNDING)


def _moved(change: Callable[[Kind], Kind], what: str, trait: str) -> Callable[[Subject], None]:
    def body(subject: Subject) -> None:
        data, _ = subject.settled()
        wanted = [subject.run(data, seed) for seed in _seeds(subject)]
        got = [subject.run(change(data), seed) for seed in _seeds(subject)]
        _same(subject, wanted, got, what, trait, 10 * ROUNDING)

    return body


def _local_mean(subject: Subject) -> None:
    _, output = subject.settled()
    ensure(
        output.local is not None,
        subject.name,
        "no local values",
        "one per unit, or no trait 'local-mean'",
    )
    mean = float(np.mean(output.local))
    ensure(
        mean == output.value or abs(mean - output.value) <= ROUNDING * max(1.0, abs(output.value)),
        f"{subject.name}: the mean of Estimate.local",
        f"{mean:.12g}",
        f"the value {output.value:.12g}, or no trait 'local-mean'",
    )


_BY_TRAIT: dict[str, Callable[[Subject], None]] = {
    "deterministic": _deterministic,
    "permutation-invariant": _permutation_invariant,
    "translation-invariant": _moved(translated, "on shifted coordinates", "translation-invariant"),
    "scale-invariant": _moved(rescaled, "on doubled coordinates", "scale-invariant"),
    "local-mean": _local_mean,
}


def _units(subject: Subject) -> None:
    subject.settled()
    reason = f"no known value for a {subject.kind.__name__}"
    draws = [
        list(subject.kind.known(stream(seed, "conformance", "known"), KNOWN_N))
        for seed in range(REPEATS)
    ]
    for same in zip(*draws, strict=True):
        quantity, truth, _ = same[0]
        if quantity != subject.spec.quantity.name:
            continue
        try:
            found = [subject.run(data, seed).value for seed, (*_, data) in enumerate(same)]
        except Incompatible as error:
            reason = str(error)
            continue
        return _judge_unit(subject, np.array(found), truth)
    raise NotChecked(reason)


def _judge_unit(subject: Subject, values: Any, truth: float) -> None:
    """Compare the mean with the truth in nats, by the spread of a single estimate."""
    bits, mean = truth / math.log(2), float(values.mean())
    tolerance = SIGMAS * float(values.std(ddof=1)) if np.isfinite(values).all() else math.inf
    if tolerance >= bits - truth:
        raise NotChecked(
            f"spreads by {tolerance / SIGMAS:.2g} between draws, too much to tell nats from bits"
        )
    below = mean < truth - tolerance and "lower-bound" not in subject.spec.traits
    above = mean > truth + tolerance and "upper-bound" not in subject.spec.traits
    guess = "; that is the truth in bits" if abs(mean - bits) <= tolerance else ""
    ensure(
        not (below or above),
        f"{subject.name} on {len(values)} draws of {KNOWN_N} with known "
        f"{subject.spec.quantity.name}",
        f"{mean:.4g} on average{guess}",
        f"{truth:.4g} nats within {tolerance:.2g}, or the trait 'lower-bound' or 'upper-bound'",
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
