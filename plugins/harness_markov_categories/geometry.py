"""The metric that a head pulls back from laws to states.

Y. Zhang, arXiv:2507.19247, section 6: g*(h) = W' (diag p - p p') W, the Fisher information of the
next token about the state. KL(p_(h+dh) || p_h) is dh' g* dh / 2 to second order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, HeadStates, Incompatible
from harness_markov_categories.entropies import laws, shares

ROUNDING = 1e-14
"""Metrics whose trace is below this share of the longest squared row of the head are zero."""


def mean_metric(data: HeadStates) -> Floats:
    """The mean of g* over items ``(d, d)``: W' diag(E p) W - E (W' p)(W' p)', block by block, so
    that no table of tokens by tokens is made.
    """
    # A shift of all rows of W changes no law; without it less is lost in the difference.
    w, mu = data.w - data.w.mean(0), shares(data)
    mean, second = np.zeros(len(w)), np.zeros((w.shape[1],) * 2)
    for rows, log_p in laws(data):
        p = np.exp(log_p)
        mean += mu[rows] @ p
        drift = p @ w
        second += (drift * mu[rows, None]).T @ drift
    return np.asarray((w * mean[:, None]).T @ w - second)


@dataclass(frozen=True)
class PullbackRank:
    """In how many directions of the states the laws change."""

    def estimate(self, data: HeadStates, *, rng: np.random.Generator | None = None) -> Estimate:
        """exp of the entropy of the shares of the eigenvalues of the mean metric.

        Its trace, in nats per squared unit of the states, is in the diagnostics. Raises
        `Incompatible` where no direction changes a law.
        """
        part = data.evaluated()
        values = np.maximum(np.linalg.eigvalsh(mean_metric(part)), 0.0)
        total = float(values.sum())
        if total <= ROUNDING * float(((part.w - part.w.mean(0)) ** 2).sum(1).max()):
            raise Incompatible("no direction of the states changes a law: the metric is zero")
        share = values[values > 0] / total
        return Estimate(
            float(np.exp(-(share * np.log(share)).sum())),
            diagnostics={
                "trace": total,
                "rank": int((values > 1e-12 * values[-1]).sum()),
                "dimensions": len(values),
                "largest_share": float(values[-1] / total),
            },
        )
