"""Ising chains with known entropy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness import Case, stream
from harness_hello.kinds import SpinChains
from harness_hello.settings import Drawing


def aligned_share(coupling: float) -> float:
    """Probability that two neighbours of an open chain agree: 1 / (1 + exp(-2 K))."""
    return 1.0 / (1.0 + math.exp(-2.0 * coupling))


def bond_entropy(coupling: float) -> float:
    """Entropy in nats of whether two neighbours agree."""
    p = aligned_share(coupling)
    return -sum(q * math.log(q) for q in (p, 1.0 - p) if q > 0.0)


class Spins(Drawing):
    """One case per coupling K.

    In an open chain without a field the first spin is a fair coin and the bonds agree
    independently of each other, so L spins have ln 2 + (L - 1) h nats with h the entropy of a
    bond, and neighbours share ln 2 - h.
    """

    def cases(self, *, seed: int) -> Iterator[Case]:
        """Exact draws: a fair first spin, then each neighbour aligned with its probability."""
        for coupling in self.couplings:
            rng = stream(seed, "hello/spins", repr(coupling))
            first = rng.choice([-1, 1], size=(self.n, 1))
            turns = np.where(rng.random((self.n, self.length - 1)) < aligned_share(coupling), 1, -1)
            spins = first * np.cumprod(np.hstack([np.ones_like(first), turns]), axis=1)
            h = bond_entropy(coupling)
            yield Case(
                f"K{coupling:g}",
                SpinChains(spins),
                truth={
                    "spin_entropy": (math.log(2) + (self.length - 1) * h) / self.length,
                    "mutual_information": math.log(2) - h,
                },
                facts={"coupling": coupling},
            )
