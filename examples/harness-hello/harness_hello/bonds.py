"""From chains to pairs, a kind that the host and other plugins know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Kind, PairedSamples
from harness_hello.kinds import SpinChains


@dataclass(frozen=True)
class Bonds:
    """Every spin (x) with its right neighbour (y), chain after chain: n (length - 1) pairs."""

    def transform(
        self, data: SpinChains, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """The pairs; ``rng`` is not needed, and ``to`` is the one kind declared."""
        left, right = data.spins[:, :-1].reshape(-1, 1), data.spins[:, 1:].reshape(-1, 1)
        return PairedSamples(
            left.astype(np.float64), right.astype(np.float64), "discrete", "discrete"
        )
