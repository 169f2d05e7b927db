"""Traits that a change of the data tells: order, shifts and scales mean nothing to the method."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.kinds import Kind
from harness.outputs import Estimate
from harness.seeds import stream
from harness.testing.contents import ROUNDING, by_index, contents, difference, reordered
from harness.testing.randomness import deterministic
from harness.testing.report import NotChecked, ensure
from harness.testing.samples import rescaled, translated
from harness.testing.subject import REPEATS, Subject

SIGMAS = 5.0
"""How many standard deviations of a single estimate the mean of the repeats may stand off."""


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


BY_TRAIT: dict[str, Callable[[Subject], None]] = {
    "deterministic": deterministic,
    "permutation-invariant": _permutation_invariant,
    "translation-invariant": _moved(translated, "on shifted coordinates", "translation-invariant"),
    "scale-invariant": _moved(rescaled, "on doubled coordinates", "scale-invariant"),
    "local-mean": _local_mean,
}
"""The checks of traits, by trait."""
