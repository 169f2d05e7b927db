"""Information in nats, not clipped, with errors and bounds that mean something: on known draws."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from harness.errors import Incompatible
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION
from harness.testing.invariances import SIGMAS
from harness.testing.report import NotChecked, ensure
from harness.testing.subject import KNOWN_N, Subject

KNOWN = (ENTROPY, MUTUAL_INFORMATION, CONDITIONAL_MUTUAL_INFORMATION)
"""Quantities in nats; kinds know draws with a given value (`Kind.known`)."""
BOUNDS = ("lower-bound", "upper-bound")
FEWEST, MOST, BUDGET, SMALL_N = 6, 24, 0.4, 101
"""Independent draws that are tried for clipping, in so many seconds, and their size."""
TOO_SMALL = 4.0
"""How many times its stated standard error an estimate may spread: eight draws tell it to 2/3."""
TIGHT = 0.25
"""Share of the truth that a bound may lie off to have its standard error judged."""
VACUOUS = 10.0
"""Nats, and times the truth, that a bound may lie off."""


def bodies(subject: Subject) -> dict[str, Callable[[Subject], None]]:
    """The checks of an estimator of information."""
    quantity = getattr(subject.spec, "quantity", None)
    if quantity not in KNOWN:
        return {}
    found: dict[str, Callable[[Subject], None]] = {"units": units, "stderr": stderr}
    if quantity != ENTROPY:
        found["negative-values"] = negative_values
    if set(BOUNDS) & set(subject.spec.traits):
        found["bounds"] = bounds
    return found


def units(subject: Subject) -> None:
    """Nats, within the spread of a single estimate; and on the other known draws no bits.

    Both bounds at once are for the check 'bounds' to refuse.
    """
    if set(BOUNDS) <= set(subject.spec.traits):
        return
    _, truth, outputs = subject.judged()
    values = np.array([output.value for output in outputs])
    bits, mean = truth / math.log(2), float(values.mean())
    tolerance = SIGMAS * float(values.std(ddof=1)) if np.isfinite(values).all() else math.inf
    if tolerance >= bits - truth:
        raise NotChecked(
            f"spreads by {tolerance / SIGMAS:.2g} between draws, too much to tell nats from bits"
        )
    bound = [trait for trait in BOUNDS if trait in subject.spec.traits]
    below = mean < truth - tolerance and bound != ["lower-bound"]
    above = mean > truth + tolerance and bound != ["upper-bound"]
    guess = "; that is the truth in bits" if abs(mean - bits) <= tolerance else ""
    known = f"known {subject.spec.quantity.name}"
    ensure(
        not (below or above),
        f"{subject.name} on {len(values)} draws of {KNOWN_N} with {known}",
        f"{mean:.4g} on average{guess}",
        f"{truth:.4g} nats within {tolerance:.2g}, or the trait 'lower-bound' or 'upper-bound'",
    )
    if bound == ["upper-bound"]:  # which may lie anywhere above; see the check 'bounds'
        return
    for truth, value, n in subject.elsewhere:
        bits = truth / math.log(2)
        ensure(
            not abs(value - bits) < abs(value - truth) - tolerance,
            f"{subject.name} on {n} other draws with {known}",
            f"{value:.4g}; that is nearer to the truth in bits, {bits:.4g}",
            f"{truth:.4g} nats at every size, in every dimension, for codes too",
        )


def bounds(subject: Subject) -> None:
    """A bound says something: it moves with the truth, not far off, and is in nats."""
    both = set(BOUNDS) <= set(subject.spec.traits)
    ensure(not both, subject.name, "both 'lower-bound' and 'upper-bound'", "one of them")
    _, truth, outputs = subject.judged()
    mean = float(np.mean([output.value for output in outputs]))
    found = [(truth, mean, KNOWN_N), *subject.elsewhere]
    far = [(t, v) for t, v, _ in found if abs(v - t) > VACUOUS * max(1.0, abs(t))]
    where = f"{subject.name} on draws with known {subject.spec.quantity.name}"
    ensure(
        not far,
        where,
        "".join(f"{v:.4g} where the truth is {t:.4g}" for t, v in far[:1]),
        "a bound that says something",
    )
    (low_t, low, _), (high_t, high, _) = min(found), max(found)
    ensure(
        high > low or high_t == low_t,
        where,
        f"{low:.4g} where the truth is {low_t:.4g} and {high:.4g} where it is {high_t:.4g}",
        "a bound that rises with the truth",
    )
    bits = [abs(v * math.log(2) / t - 1) for t, v, _ in found if t]
    ensure(
        len(bits) < 2 or bits[0] > 0.05 or max(bits) > 0.15,
        where,
        f"{mean:.4g} where the truth is {truth:.4g} nats: the truth in bits, everywhere",
        "nats; bits are no upper bound",
    )


def stderr(subject: Subject) -> None:
    """Estimates spread over draws as their standard errors say.

    A bound that is far from tight is not judged: it spreads as its fit does, and the standard
    error is that of the bound.
    """
    _, truth, outputs = subject.judged()
    stated = [output.stderr for output in outputs]
    values = np.array([output.value for output in outputs])
    if None in stated or not np.isfinite(values).all():
        return
    off = abs(float(values.mean()) - truth)
    if set(BOUNDS) & set(subject.spec.traits) and off > TIGHT * abs(truth):
        raise NotChecked(f"the bound lies {off:.2g} nats off: its spread is that of the fit")
    spread, error = float(values.std(ddof=1)), float(np.mean(stated))
    ensure(
        spread <= TOO_SMALL * error,
        f"{subject.name} on {len(values)} draws of {KNOWN_N}: Estimate.stderr",
        f"{error:.2g} on average, where the values spread by {spread:.2g}",
        "the spread that draws of this size have, or None",
    )


def negative_values(subject: Subject) -> None:
    """Estimates from independent draws are not cut off: the least of them does not repeat.

    A value that dependent draws have too is a constant, which 'units' and 'bounds' refuse.
    """
    subject.settled()
    measured = subject.measured
    dependent = [] if isinstance(measured, NotChecked) else [o.value for o in measured[2]]
    reason: object = f"no known independent draws of a {subject.kind.__name__}"
    for place in (place for place, truth in subject.places if truth == 0):
        try:
            values = _independent(subject, place)
        except Incompatible as error:
            reason = error
            continue
        least, often = min(values), values.count(min(values))
        ensure(
            often < (3 if len(values) > FEWEST else 2) or least in dependent,
            f"{subject.name} on {len(values)} draws of {SMALL_N} that are independent",
            f"exactly {least:.4g} {often} times, and never less",
            "values as they come out: a negative one now and then is honest noise",
        )
        return
    raise NotChecked(str(reason))


def _independent(subject: Subject, place: int) -> list[float]:
    values: list[float] = []
    start = time.process_time()
    while len(values) < MOST and (len(values) < FEWEST or time.process_time() - start < BUDGET):
        seed = len(values)
        values.append(subject.known(place, SMALL_N, seed).value)
    return values
