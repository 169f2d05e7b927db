"""Bandwidths: two rules of thumb for any data, and the paper's rule for crystals."""

from __future__ import annotations

import math

import numpy as np

from harness import DataError, Floats, UsageError

RULES = ("", "silverman", "median")
FAR = 100.0
"""Offset, in standard deviations, from which on it is taken off before distances are squared."""


def choose(x: Floats, h: float, rule: str) -> float:
    """The bandwidth for ``x (n, p)``: ``h`` itself, or what the ``rule`` makes of the data.

    ``silverman``: ``s * (4 / (n (p + 2)))^(1 / (p + 4))``, s the root mean variance of the columns.
    ``median``: the median distance between the points (of at most 1,000, evenly spaced in the order
    of the data).

    Raises `DataError` where all points coincide, as there is no scale then.
    """
    n, p = x.shape
    if rule == "silverman":
        spread = math.sqrt(x.var(axis=0, ddof=1).mean()) if n > 1 else 0.0
        value = spread * (4.0 / (n * (p + 2))) ** (1.0 / (p + 4))
    elif rule == "median":
        few = x[:: -(-n // 1000)]
        if np.abs(few.mean(axis=0)).max() > FAR * few.std():
            few = few - few.mean(axis=0)  # squares of a large offset drown the distances
        squares = (few**2).sum(axis=1)
        d2 = np.maximum(squares[:, None] + squares - 2 * few @ few.T, 0.0)
        apart = d2[np.triu_indices(len(few), 1)]
        value = math.sqrt(np.median(apart)) if apart.size else 0.0
    else:
        return h
    if not value > 0:
        raise DataError(
            "x",
            f"points that all coincide, so that bandwidth={rule!r} has no scale",
            "distinct points, or a fixed h with bandwidth=''",
        )
    return float(value)


def from_volume(volume: float, rule: str = "gaussian") -> float:
    """Bandwidth in 1/Å from the volume per atom in Å^3, an option of the authors' code.

    Rules, where V is the volume::

        gaussian   0.0897141 exp(-(V/10.896)^2 / 2) + 0.0119417
        cutoff     0.086164 (1 - (min(z, c)/c)^2)^2 + 0.016, with z = (ln V)^2 and c = 11.61172

    Raises `UsageError` for a volume that is not positive, and for another rule.
    """
    if not volume > 0:
        raise UsageError(f"volume per atom: {volume}; wanted more than 0 Å^3")
    if rule == "gaussian":
        return 0.0897141 * math.exp(-0.5 * (volume / 10.896) ** 2) + 0.0119417
    if rule == "cutoff":
        z = min(math.log(volume) ** 2, 11.61172) / 11.61172
        return 0.086164 * (1.0 - z * z) ** 2 + 0.016
    raise UsageError(f"bandwidth rule: {rule!r}; wanted 'gaussian' or 'cutoff'")
