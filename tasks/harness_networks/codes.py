"""Sparse codes of a chosen number of features, compressed into fewer units without a network."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Activations, Case, UsageError, stream
from harness_networks import settings
from harness_networks.shares import effective

ROWS: dict[str, tuple[int, int, float, float]] = {
    "m16-n16-k2": (16, 16, 2.0, 1.0),
    "m16-n16-k2-uneven": (16, 16, 2.0, 0.8),
    "m24-n16-k1.5": (24, 16, 1.5, 1.0),
    "m32-n16-k2": (32, 16, 2.0, 1.0),
    "m64-n32-k2": (64, 32, 2.0, 1.0),
    "m64-n32-k4": (64, 32, 4.0, 1.0),
}
"""By id: features M, units N, mean number of active features k, factor between successive weights.
"""


class KnownCodes(settings.KnownCodes):
    """Layers x = z A of sparse codes z, with rows of A of length one.

    Feature i is a uniform number times its weight with probability k/M, else zero. Where M = N the
    rows of A are orthonormal, else random directions. The truth is exp of the entropy of the
    features' shares of the expected mass.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per row of `ROWS`. Raises `UsageError` for an unknown id."""
        for name in self.only:
            if name not in ROWS:
                raise UsageError(f"known-codes.only: {name!r}; wanted some of {', '.join(ROWS)}")
        for name in self.only or ROWS:
            m, units, k, factor = ROWS[name]
            count = effective(factor ** np.arange(m))
            yield Case(
                id=name,
                data=partial(self._draw, name, seed),
                truth={"effective_features": count},
                facts={"features": round(count, 4), "units": units, "active": k, "n": self.n},
                stamp="",
            )

    def _draw(self, name: str, seed: int) -> Activations:
        m, units, k, factor = ROWS[name]
        rng = stream(seed, "known-codes", name)
        directions = rng.normal(size=(m, units))
        if m == units:
            directions = np.linalg.qr(directions)[0]
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        codes = rng.random((self.n, m)) * (rng.random((self.n, m)) < k / m) * factor ** np.arange(m)
        return Activations(codes @ directions, layer="code")
