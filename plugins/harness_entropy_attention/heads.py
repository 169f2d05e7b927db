"""From rows of attention to heads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import AttentionMaps, AttentionProfile, Bools, Floats, Incompatible, Ints
from harness.kinds import keys_in_sight

Attention = AttentionProfile | AttentionMaps


@dataclass(frozen=True)
class Rows:
    """Entropies of rows ``(n, layers, heads, t)`` in nats, and which count: those that are neither
    NaN in the model nor of padding. ``keys (n, t)`` are the keys that a query sees, ``lengths
    (n,)`` those of the sequences."""

    entropy: Floats
    sound: Bools
    keys: Ints
    lengths: Ints
    broken: float
    """The share of rows that were NaN, of those that are not padding."""

    @property
    def t(self) -> int:
        """Number of queries of a map."""
        return int(self.entropy.shape[-1])

    def row_maxima(self) -> Floats:
        """The largest entropy that each row can have ``(n, 1, 1, t)``: that of the keys in
        sight."""
        return np.asarray(np.log(self.keys)[:, None, None])

    def maxima(self) -> Floats:
        """The largest entropy that each head can have ``(layers, heads)``, over the rows that
        count: ln(t!)/t where it is causal, ln t where not, without padding; NaN for a head that has
        none."""
        if self.sound.all():
            return np.full(self.sound.shape[1:3], self.row_maxima()[0].mean())
        return self.of_rows(self.row_maxima())

    def maximum(self) -> float:
        """The mean of `maxima`."""
        return float(np.nanmean(self.maxima()) if not self.sound.all() else self.maxima()[0, 0])

    def log_t(self) -> float:
        """ln t, of sequences with padding the mean of the logarithms of their lengths."""
        return float(np.log(self.lengths).mean())

    def heads(self) -> Floats:
        """Mean entropies ``(layers, heads)`` over the rows that count; NaN for a head that has
        none."""
        return self.of_rows(self.entropy)

    def of_rows(self, values: Floats, counted: Bools | None = None) -> Floats:
        """Means ``(layers, heads)`` of values of rows over those that count."""
        counted = self.sound if counted is None else counted
        count = counted.sum((0, 3))
        total = np.where(counted, values, 0.0).sum((0, 3))
        means = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
        return np.asarray(means)


def rows(data: Attention) -> Rows:
    """The rows of a profile or of whole maps. Raises `Incompatible` where every row is broken."""
    entropy = data.entropy if isinstance(data, AttentionProfile) else row_entropy(data.a)
    n, _, _, t = entropy.shape
    real = real_rows(data, entropy.shape)
    sound = real if data.broken is None else real & ~data.broken
    if not sound.any():
        raise Incompatible("every row of attention is NaN: the model diverged")
    keys = keys_in_sight(n, t, data.causal, data.padded)
    return Rows(entropy, sound, keys, real[:, 0, 0].sum(1), float(1 - sound.sum() / real.sum()))


def real_rows(data: Attention, shape: tuple[int, ...]) -> Bools:
    """The rows ``(n, layers, heads, t)`` that are not of padding."""
    if data.padded is None:
        return np.ones(shape, bool)
    return np.array(np.broadcast_to(~data.padded[:, None, None], shape))


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
