"""Information surplus: what a state says of the tokens after the next one, given the next one.

Y. Zhang, arXiv:2507.19247, Eq. 4.1 and 4.2: I(H; W_t .. W_(t+K-1)) = I(H; W_t) + Surplus_K with
Surplus_K = I(H; W_(t+1) .. W_(t+K-1) | W_t), in nats.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

import harness
from harness import (
    ConditionedSamples,
    Estimate,
    Floats,
    Incompatible,
    PairedSamples,
    Samples,
    StateFutures,
)
from harness_markov_categories.settings import Counted

LOG = logging.getLogger("harness.markov_categories")
SATURATED = 0.5
"""States over samples from which on counts say nothing."""


def entropy(p: Floats) -> float:
    """Of a table of probabilities, in nats."""
    kept = p[p > 0]
    return -float(kept @ np.log(kept))


@dataclass(frozen=True)
class Exact:
    """From the joint law, where the data hold it."""

    def estimate(self, data: StateFutures, *, rng: np.random.Generator | None = None) -> Estimate:
        """The surplus in nats. Raises `Incompatible` for data without their joint law."""
        if data.joint is None:
            raise Incompatible(
                "the joint law is not known; wanted surplus-plug-in or surplus-probe"
            )
        with_next = data.joint.sum(2)
        h_next, h_both = entropy(with_next.sum(0)), entropy(with_next)
        h_tokens = entropy(data.joint.sum(0))
        value = h_both + h_tokens - entropy(data.joint) - h_next
        known = entropy(with_next.sum(1)) + h_next - h_both
        return Estimate(value, diagnostics=parts(value, known, h_tokens - h_next))


def parts(surplus: float, known: float, future: float) -> dict[str, float]:
    """What the chain rule puts beside the surplus: I(H; W_t), the sum, and H(future | W_t), which
    bounds the surplus.
    """
    found = {"next": known, "total": known + surplus, "future": future}
    return found | ({"fraction": surplus / future} if future > 0 else {})


class PlugIn(Counted):
    """From counts of states that are codes."""

    def estimate(self, data: StateFutures, *, rng: np.random.Generator | None = None) -> Estimate:
        """The surplus in nats, with pointwise values and a standard error.

        Where nearly every state is different, counts of a state hold one future and the value is
        H(future | next token) whatever the truth: it is logged, and ``saturated`` is true. Raises
        `Incompatible` for states that are vectors.
        """
        part = data.evaluated()
        if part.state_kind != "discrete":
            raise Incompatible(
                "states are vectors; wanted codes (state-futures[codes=16]) or surplus-probe"
            )
        if part.n < 2:
            raise Incompatible("one state; wants at least 2")
        first, future = (t.reshape(part.n, -1).astype(np.float64) for t in (part.next, part.future))
        codes = "discrete"
        prefix = "miller-madow" if self.miller_madow else "plug-in"
        triple = ConditionedSamples(part.state, future, first, codes, codes, codes)
        found = harness.estimator(f"classics/{prefix}-cmi").estimate(triple)
        pair = PairedSamples(part.state, first, codes, codes)
        known = harness.estimator(f"classics/{prefix}").estimate(pair).value
        of = harness.estimator(f"classics/{prefix}-entropy").estimate
        ahead = of(Samples(np.hstack([first, future]))).value - of(Samples(first)).value
        notes = parts(found.value, known, ahead) | {"states": len(np.unique(part.state, axis=0))}
        if notes["states"] > SATURATED * part.n:
            notes["saturated"] = True
            LOG.warning(
                "%d different states among %d: counts say H(future | next token), %.4g nats, "
                "whatever the truth; wanted fewer codes, or surplus-probe",
                notes["states"],
                part.n,
                ahead,
            )
        return Estimate(found.value, found.stderr, found.local, notes)
