"""What the dial does: where attention goes, over how many tokens, and how good predictions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness import Bools, Estimate, Floats, Incompatible, Ints, PointedAttention, TokenLaws
from harness_aila.settings import Bins, Queries, Radius


class LocalityShare(Radius):
    """Attention at distances up to ``radius``, mean over queries, heads and layers."""

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """From 0 to 1. Raises `Incompatible` where the data do not count distances so far."""
        farthest = min(self.radius, data.visible.shape[1] - 1)
        if data.near is None or data.near.shape[-1] <= farthest:
            known = 0 if data.near is None else data.near.shape[-1]
            raise Incompatible(
                f"attention is counted up to a distance of {known - 1}; "
                f"wanted a radius up to that, not {self.radius}"
            )
        return Estimate.from_local(data.near[..., : self.radius + 1].sum(-1).mean((1, 2)))


@dataclass(frozen=True)
class EffectiveTokens:
    """exp of the mean entropy of rows: over queries that see more than one key, heads and layers.

    Of the mean, not a mean of exponentials, which few broad rows would rule.
    """

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """A number from 1 up; its standard error by the delta method over sequences.

        Raises `Incompatible` where every query sees a single key.
        """
        seen = data.visible > 1
        if not seen.any():
            raise Incompatible("every query sees a single key: there is no choice to measure")
        rows = np.where(seen[:, None, None], data.entropy, 0.0).mean((1, 2))
        # Sequences are of one length, so the mean of their means is the mean of all rows.
        mean = Estimate.from_local(rows.sum(1) / seen.sum(1))
        value = float(np.exp(mean.value))
        spread = None if mean.stderr is None else value * mean.stderr
        return Estimate(value, spread, diagnostics={"entropy": mean.value})


class Predictions(NamedTuple):
    """Of every prediction that counts: its sequence, ln p of what came and of the likeliest."""

    of: Ints
    log_p: Floats
    top: Floats

    @property
    def correct(self) -> Bools:
        """Where what came is the likeliest, or as likely as that."""
        return np.asarray(self.log_p >= self.top)

    def mean(self, values: Floats) -> Estimate:
        """The mean, with the standard error of a ratio of sums over sequences."""
        count = np.bincount(self.of)
        count, total = count[count > 0], np.bincount(self.of, values)[count > 0]
        value, n = float(values.mean()), len(count)
        if n < 2:
            return Estimate(value)
        spread = np.sqrt(((total - value * count) ** 2).sum() * n / (n - 1)) / count.sum()
        return Estimate(value, float(spread))


def predictions(data: PointedAttention | TokenLaws, queries: str) -> Predictions:
    """The predictions of a network.

    Raises `Incompatible` where it is not known what was predicted, or nothing counts.
    """
    if isinstance(data, TokenLaws):
        if queries == "pointed":
            raise Incompatible("laws of tokens know no rule; wanted queries=all")
        sequences = np.repeat(np.arange(data.n), np.diff(data.offsets))
        chosen = data.full[np.arange(len(data.ids)), data.ids]
        return Predictions(sequences, chosen, data.full.max(1))
    if data.log_p is None or data.top is None:
        raise Incompatible("these data do not say what was predicted")
    kept = data.pointed if queries == "pointed" else np.ones(data.log_p.shape, bool)
    if not kept.any():
        raise Incompatible("no query has a target; wanted queries=all")
    return Predictions(np.nonzero(kept)[0], data.log_p[kept], data.top[kept])


class NextTokenAccuracy(Queries):
    """The share of tokens that had the greatest probability."""

    def estimate(self, data: PointedAttention | TokenLaws, *, rng: np.random.Generator) -> Estimate:
        """From 0 to 1. Raises `Incompatible` as `predictions`."""
        found = predictions(data, self.queries)
        return found.mean(found.correct.astype(np.float64))


class NextTokenLoss(Queries):
    """-mean ln p of the tokens, in nats per token; its perplexity is in the diagnostics."""

    def estimate(self, data: PointedAttention | TokenLaws, *, rng: np.random.Generator) -> Estimate:
        """In nats, from 0 up. Raises `Incompatible` as `predictions`."""
        found = predictions(data, self.queries)
        loss = found.mean(-found.log_p)
        more = {"perplexity": float(np.exp(min(loss.value, 700.0)))}
        return Estimate(loss.value, loss.stderr, diagnostics=more)


class TokenCalibration(Bins):
    """Expected calibration error over bins of equal width of the greatest probability."""

    def estimate(self, data: PointedAttention | TokenLaws, *, rng: np.random.Generator) -> Estimate:
        """Mean gap, over tokens, between share of right ones and mean confidence in a bin.

        It is Guo et al. (2017), equation 3. Raises `Incompatible` as `predictions`.
        """
        found = predictions(data, self.queries)
        sure = np.exp(found.top)
        members = np.minimum((sure * self.bins).astype(np.int64), self.bins - 1)
        gap = np.bincount(members, found.correct - sure, minlength=self.bins)
        return Estimate(float(np.abs(gap).sum() / len(sure)))
