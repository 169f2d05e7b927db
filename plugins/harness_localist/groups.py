"""Exact zeros among the parts of a bilinear form between groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Incompatible
from harness_localist.kinds import GroupedWeights


@dataclass(frozen=True)
class ZeroGroups:
    """The share of parts between groups that are exactly zero.

    In the diagnostics: the weight of the penalty, the two thresholds above which zeros are sure
    (the largest gradient during training, and the bound that no layer exceeds), and ``zero_ratio``,
    the largest gradient of a zero part over the weight: at most 1 at a stationary point.
    """

    def estimate(self, data: GroupedWeights, *, rng: np.random.Generator) -> Estimate:
        """From 0 to 1. Raises `Incompatible` where there is a single group."""
        other = np.arange(data.norms.shape[1]) != data.own[:, None]
        if not other.any():
            raise Incompatible("a single group has no part between groups")
        zero = (data.norms == 0) & other
        steepest = float(data.gradients[zero].max(initial=0.0))
        notes: dict[str, float | int] = {
            "zero": int(zero.sum()),
            "parts": int(other.sum()),
            "weight": data.weight,
            "threshold": data.threshold,
            "bound": data.bound,
        }
        if data.weight > 0:
            notes["zero_ratio"] = steepest / data.weight
        return Estimate(float(zero.sum() / other.sum()), diagnostics=notes)
