"""From rows of attention to heads."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import AttentionMaps, AttentionProfile, Bools, Floats, Incompatible

Attention = AttentionProfile | AttentionMaps


@dataclass(frozen=True)
class Rows:
    """Entropies of rows ``(n, layers, heads, t)`` in nats, which are sound, and the masking."""

    entropy: Floats
    sound: Bools
    causal: bool

    @property
    def t(self) -> int:
        """Number of queries of a map."""
        return int(self.entropy.shape[-1])

    @property
    def broken(self) -> float:
        """The share of rows that were NaN in the model."""
        return float(1 - self.sound.mean())

    def row_maxima(self) -> Floats:
        """The largest entropy that each row can have ``(t,)``: ln i for the i-th causal one."""
        return (
            np.log(np.arange(1, self.t + 1)) if self.causal else np.full(self.t, math.log(self.t))
        )

    def maxima(self) -> Floats:
        """The largest entropy that each head can have ``(layers, heads)``: ln(t!)/t where it is
        causal, ln t where not, over the rows that are sound; NaN for a head that has none."""
        if self.sound.all():
            return np.full(self.sound.shape[1:3], self.row_maxima().mean())
        return Rows(np.broadcast_to(self.row_maxima(), self.sound.shape), self.sound, True).heads()

    def maximum(self) -> float:
        """The mean of `maxima`."""
        return float(self.row_maxima().mean() if self.sound.all() else np.nanmean(self.maxima()))

    def heads(self) -> Floats:
        """Mean entropies ``(layers, heads)`` over the sound rows; NaN for a head that has none."""
        count = self.sound.sum((0, 3))
        total = np.where(self.sound, self.entropy, 0.0).sum((0, 3))
        means = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
        return np.asarray(means)


def rows(data: Attention) -> Rows:
    """The rows of a profile or of whole maps. Raises `Incompatible` where every row is broken."""
    entropy = data.entropy if isinstance(data, AttentionProfile) else row_entropy(data.a)
    sound = np.ones(entropy.shape, bool) if data.broken is None else ~data.broken
    if not sound.any():
        raise Incompatible("every row of attention is NaN: the model diverged")
    return Rows(entropy, sound, data.causal)


def row_entropy(a: Floats) -> Floats:
    """-sum_j a_j ln a_j over the last axis (equation 5), with 0 ln 0 = 0 and no added constant."""
    return np.asarray(-(a * np.log(np.where(a > 0, a, 1.0))).sum(-1))


def shares(
    heads: Floats, maximum: float | Floats, low: float, high: float
) -> tuple[float, float, float]:
    """Shares of heads below ``low``, between, and from ``high`` of the maximum on, which is one or
    that of each head.

    Heads that are NaN are left out.
    """
    known = (heads / maximum)[np.isfinite(heads)]
    collapsed, overloaded = float((known < low).mean()), float((known >= high).mean())
    return collapsed, 1 - collapsed - overloaded, overloaded
