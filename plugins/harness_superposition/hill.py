"""Effective numbers of features: Hill numbers of the shares that features have."""

from __future__ import annotations

import math

import numpy as np

from harness import Floats, Incompatible


def shares(mass: Floats) -> Floats:
    """Nonnegative ``mass (..., D)`` as shares that add up to one.

    Raises `Incompatible` where a row is all zero: no feature is ever active, and nothing has no
    number of features.
    """
    total = mass.sum(-1, keepdims=True)
    if not (total > 0).all():
        raise Incompatible("dead: no feature is ever active, so shares are undefined")
    return np.asarray(mass / total)


def hill(p: Floats, order: float = 1.0) -> Floats:
    """Hill number ``(sum p^q)^(1/(1-q))`` of shares ``p (..., D)``; for q = 1 exp of the entropy.

    Bereska et al. 2025 take q = 1. q = 0 counts those in use, q = 2 is the inverse of the summed
    squares, and infinity the inverse of the largest share. It falls with q.
    """
    if order == 1.0:
        logs = np.log(p, out=np.zeros_like(p), where=p > 0)
        return np.asarray(np.exp(-(p * logs).sum(-1)))
    if order == 0.0:
        return np.asarray((p > 0).sum(-1), np.float64)
    if math.isinf(order):
        return np.asarray(1.0 / p.max(-1))
    # Relative to the largest share, so that no power underflows.
    top = p.max(-1, keepdims=True)
    logs = np.log(((p / top) ** order).sum(-1)) + order * np.log(top[..., 0])
    return np.asarray(np.exp(logs / (1.0 - order)))


def replicates(mass: Floats, order: float, draws: int, rng: np.random.Generator) -> Floats:
    """Bootstrap values ``(draws, s)`` for ``mass (s, blocks, D)``; all rows draw the same blocks.

    One block fewer is drawn than there are, which makes the variance of a mean come out unbiased
    (Rao and Wu 1988). Replicates without any mass are drawn from the others.
    """
    s, blocks, _ = mass.shape
    weights = rng.multinomial(max(blocks - 1, 1), np.full(blocks, 1.0 / blocks), size=draws).astype(
        np.float64
    )
    out = np.empty((draws, s))
    for row in range(s):
        drawn = weights @ mass[row]
        alive = drawn.sum(-1) > 0
        out[:, row] = np.nan
        out[alive, row] = hill(shares(drawn[alive]), order)
    usable = np.isfinite(out).all(1)
    if not usable.any():
        raise Incompatible("features are active in too few samples for a bootstrap")
    return out[usable]
