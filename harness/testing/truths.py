"""Whether the truths of a task are those of its data: in nats, by an estimator that can tell."""

from __future__ import annotations

import math
import warnings

import numpy as np

from harness import registry as registries
from harness.errors import DataError, HarnessError
from harness.kinds import ConditionedSamples, Kind, LabelledSamples, PairedSamples, Samples
from harness.seeds import stream
from harness.testing.report import NotChecked, ensure

TRUSTED: dict[tuple[type[Kind], str], tuple[str, ...]] = {
    (Samples, "entropy"): ("kl", "gaussian-entropy", "miller-madow-entropy"),
    (PairedSamples, "mutual_information"): ("ksg", "gaussian", "miller-madow", "ross"),
    (ConditionedSamples, "conditional_mutual_information"): (
        "frenzel-pompe",
        "mesner-shalizi",
        "miller-madow-cmi",
    ),
    (LabelledSamples, "mutual_information"): ("ross",),
}
"""Estimators of the plugin ``classics`` for a kind and a quantity."""
MOST, WIDEST = 2000, 4
"""Units that are looked at, and columns that an estimator by neighbours can be trusted with."""
LEAST, NEAR = 0.2, 0.1
"""The smallest truth in nats that is looked at, and the share of it that an estimate may miss."""


def in_nats(kind: type[Kind], found: dict[str, tuple[Kind, dict[str, float]]], name: str) -> None:
    """Refuse truths that every trusted estimator puts at ln 2 of what they say.

    ``found`` holds data and truths by the id of a case.
    """
    bits = []
    for case, (data, truths) in found.items():
        for quantity, truth in truths.items():
            names = TRUSTED.get((kind, quantity), ())
            if not names or abs(truth) < LEAST or _columns(data) > WIDEST:
                continue
            values = _estimates(data, names)
            if any(abs(v - truth) <= NEAR * abs(truth) for v in values):
                return
            nats = truth * math.log(2)
            bits += [(case, truth, v) for v in values if abs(v - nats) <= NEAR * abs(nats)]
    if not bits:
        return
    case, truth, value = bits[0]
    ensure(
        False,
        f"the truth of case {case!r} of {name}",
        f"{truth:.4g}, where the data hold {value:.4g} nats: it is in bits",
        "truths in nats",
    )


def _columns(data: Kind) -> int:
    return sum(
        getattr(data, name).shape[-1] for name in "xyz" if np.ndim(getattr(data, name, 0)) == 2
    )


def _estimates(data: Kind, names: tuple[str, ...]) -> list[float]:
    known = registries.default().components["estimator"]
    found = [c for n in names if (c := known.get(f"classics/{n}")) and not c.missing()]
    if not found:
        raise NotChecked("no estimator that could tell is installed: pip install infoharness")
    rng = stream(0, "conformance", "truths")
    few = data.take(np.sort(rng.permutation(data.n)[:MOST])) if data.n > MOST else data
    values = []
    for component in found:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values.append(component.build({}).estimate(few, rng=rng).value)
        except (HarnessError, DataError):
            continue
    return values
