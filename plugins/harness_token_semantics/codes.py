"""Sequences of letters: ranks, their pasts, and counts, as integers."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable

import numpy as np

from harness import Floats, Incompatible, Ints, PairedSequences

LOG = logging.getLogger("harness.token_semantics")
DENSE = 1 << 20
"""Cells that are counted in a table; more are ranked first."""

Codes = tuple[Ints, int]
"""Letters as integers ``(m,)``, and how many different ones there may be."""


def letters(data: PairedSequences, side: str) -> Codes:
    """One sequence as ranks of its letters ``(items,)``. A single letter is noted: all is 0 then.

    Raises `Incompatible` for a variable that is not declared to be discrete.
    """
    if (kind := getattr(data, f"{side}_kind")) != "discrete":
        raise Incompatible(
            f"{side} is {kind}; wants integer codes, declared as discrete (use te-gaussian, or "
            "sequences/lagged before frenzel-pompe)"
        )
    ranks, size = _ranked(joined(_ranked(c.astype(np.int64)) for c in getattr(data, side).T)[0])
    if size == 1:
        LOG.warning("%s is one symbol throughout: it carries no information", side)
    return ranks, size


def _ranked(code: Ints) -> Codes:
    """Ranks of integers ``(m,)`` among those that occur: by a table where their range is small."""
    low = code.min()
    if code.max() - low >= DENSE:
        values, ranks = np.unique(code, return_inverse=True)
        return ranks, len(values)
    seen = np.bincount(code - low) > 0
    rank = np.cumsum(seen) - 1
    return rank[code - low], int(seen.sum())


def joined(parts: Iterable[Codes]) -> Codes:
    """Several letters as one: the first varies fastest."""
    code: Ints | None = None
    size = 1
    for more, count in parts:
        if size * count > DENSE and code is not None:
            code, size = _ranked(code)
        code, size = more if code is None else code + size * more, size * count
    assert code is not None
    return code, size


def past(code: Codes, at: Ints, lags: int, *, now: bool = False) -> Codes:
    """The letters 1 (with ``now`` 0) to ``lags`` steps before the steps ``at (m,)``, as one."""
    return joined((code[0][at - lag], code[1]) for lag in range(0 if now else 1, lags + 1))


def steps(data: PairedSequences, lags: int) -> Ints:
    """The steps that have so much past. Raises `Incompatible` for fewer than two."""
    at = np.flatnonzero(data.step >= lags)
    if len(at) < 2:
        raise Incompatible(
            f"{len(at)} steps have a past of {lags}; wants at least 2, in sequences of more than "
            f"{lags + 1} steps"
        )
    return at


def surprise(code: Codes) -> tuple[Floats, int]:
    """-ln of the observed share of each code ``(m,)``, and the number of codes that occur."""
    values, size = code
    if size > DENSE:
        values, size = _ranked(values)
    count = np.bincount(values, minlength=size)
    seen = count > 0
    bits = np.zeros(size)
    bits[seen] = np.log(len(values) / count[seen])
    return bits[values], int(seen.sum())


def information(a: Codes, b: Codes, given: Codes, miller_madow: bool) -> tuple[Floats, int]:
    """I(a; b | given) in nats as one value per step ``(m,)``, and the number of cells that occur.

    H(a, given) - H(given) - H(a, b, given) + H(b, given); Miller and Madow add (cells - 1) / 2m to
    each entropy.
    """
    with_a, with_b = joined((given, a)), joined((given, b))
    (one, k1), (two, k2) = surprise(with_a), surprise(given)
    (three, k3), (four, k4) = surprise(joined((with_b, a))), surprise(with_b)
    local = one - two - three + four
    if miller_madow:
        local = local + (k1 - k2 - k3 + k4) / (2 * len(local))
    return local, k3


def block_error(local: Floats) -> float | None:
    """Standard error of the mean of values that follow one another ``(m,)``: from the means of
    about sqrt(m) blocks, so that dependence over shorter times counts. None for fewer than four.
    """
    blocks = math.isqrt(len(local))
    if blocks < 2:
        return None
    length = len(local) // blocks
    means = local[: blocks * length].reshape(blocks, length).mean(1)
    return float(means.std(ddof=1) / math.sqrt(blocks))
