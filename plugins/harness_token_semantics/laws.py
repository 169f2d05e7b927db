"""Information from laws of tokens: what the source adds to what the tokens before it say.

i_t = ln p(y_t | y^(t-1), x) - ln p(y_t | y^(t-1)). Its mean over tokens is the directed information
rate of the source to the tokens. Given the past its mean is a divergence, which is never negative,
so that the sum over a sequence is a sub-martingale; but only where the tokens are drawn from
the first law. All in nats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, Incompatible, TokenLaws, TokenLogProbabilities
from harness_token_semantics.codes import LOG
from harness_token_semantics.settings import Posterior

DOUBT = 4.0
"""Standard errors beyond which tokens are taken not to be drawn from the laws."""


def density(data: TokenLaws) -> tuple[Floats, Floats]:
    """ln p of each token with and without the source ``(items,)``.

    Raises `Incompatible` for a token that is impossible under one of them.
    """
    every = np.arange(len(data.ids))
    found = data.full[every, data.ids], data.blind[every, data.ids]
    for name, log_p in zip(("full", "blind"), found, strict=True):
        if (log_p <= TokenLaws.IMPOSSIBLE).any():
            row = int(np.argmax(log_p <= TokenLaws.IMPOSSIBLE))
            raise Incompatible(
                f"token {row} is impossible under the {name} law; wants laws that allow all tokens"
            )
    return found


def by_sequence(values: Floats, data: TokenLaws) -> tuple[float, float | None]:
    """The mean over tokens ``(items,)`` and its standard error, with sequences as units."""
    mean = float(values.mean())
    if data.n < 2:
        return mean, None
    apart = np.add.reduceat(values - mean, data.offsets[:-1])
    error = math.sqrt(data.n / (data.n - 1) * float((apart**2).sum())) / len(values)
    return mean, error


@dataclass(frozen=True)
class DirectedLaws:
    """The mean of i_t, in nats per token."""

    def estimate(self, data: TokenLaws, *, rng: np.random.Generator | None = None) -> Estimate:
        """The mean, with both cross-entropies in the diagnostics.

        Models in place of laws add the difference of their two divergences from the truth, so
        that it is no bound. Raises `Incompatible` for impossible tokens.
        """
        part = data.evaluated()
        full, blind = density(part)
        value, error = by_sequence(full - blind, part)
        notes = {
            "cross_entropy": -float(full.mean()),
            "cross_entropy_blind": -float(blind.mean()),
            "nats_per_sequence": value * len(full) / part.n,
        }
        return Estimate(value, error, diagnostics=notes)


@dataclass(frozen=True)
class InformationDrift:
    """The mean divergence of the law with the source from that without it, in nats per token."""

    def estimate(self, data: TokenLaws, *, rng: np.random.Generator | None = None) -> Estimate:
        """The mean drift: the same mean as i_t where the laws are those of the tokens, at less
        variance.

        ``mismatch`` in the diagnostics is the mean of i_t less the drift, in standard errors;
        beyond `DOUBT` the tokens were not drawn from these laws, and ``martingale`` is false.
        Raises `Incompatible` for impossible tokens.
        """
        part = data.evaluated()
        seen = part.full > TokenLaws.IMPOSSIBLE
        if (part.blind[seen] <= TokenLaws.IMPOSSIBLE).any():
            raise Incompatible(
                "a token is impossible without the source and possible with it; the divergence is "
                "infinite"
            )
        apart = np.where(seen, part.full - np.where(seen, part.blind, 0.0), 0.0)
        drift = (np.where(seen, np.exp(part.full), 0.0) * apart).sum(1)
        full, blind = density(part)
        value, error = by_sequence(drift, part)
        off, spread = by_sequence(full - blind - drift, part)
        notes: dict[str, float | bool] = {
            "least_drift": float(drift.min()),
            "density": float((full - blind).mean()),
        }
        if spread:
            notes["mismatch"] = off / spread
            notes["martingale"] = abs(off) <= DOUBT * spread
            if not notes["martingale"]:
                LOG.warning(
                    "the tokens were not drawn from these laws: the information density is off its "
                    "drift by %.1f standard errors, so the value is not theirs",
                    off / spread,
                )
        return Estimate(value, error, diagnostics=notes)


class EvidenceBound(Posterior):
    """E_q ln p(y, l) / q(l) over sources l that are equally likely, in nats per sequence: a lower
    bound on ln p(y), which it falls short of by the divergence of q from the posterior.
    """

    def estimate(self, data: TokenLaws, *, rng: np.random.Generator | None = None) -> Estimate:
        """The mean over sequences, with local values; ``gap`` in the diagnostics is exact.

        q is the posterior to the power of 1 / temperature. Raises `Incompatible` without
        likelihoods under all sources.
        """
        part = data.evaluated()
        if part.under is None:
            raise Incompatible("the likelihoods under all sources are not known")
        joint = part.under - math.log(part.under.shape[1])
        evidence = np.logaddexp.reduce(joint, axis=1)
        q = joint / self.temperature
        q = q - np.logaddexp.reduce(q, axis=1, keepdims=True)
        bound = (np.exp(q) * (joint - q)).sum(1)
        notes = {"evidence": float(evidence.mean()), "gap": float((evidence - bound).mean())}
        return Estimate.from_local(bound, notes)


@dataclass(frozen=True)
class GeneralizationGap:
    """What a language model loses on sequences that it has not seen."""

    def estimate(
        self, data: TokenLogProbabilities, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Cross-entropy on the test part less that on the training part, in nats per symbol.

        Raises `Incompatible` where the data have no split.
        """
        test, train = (_per_symbol(data.part(name)) for name in ("test", "train"))
        error = None if None in (test[1], train[1]) else math.hypot(test[1] or 0.0, train[1] or 0.0)
        notes = {"cross_entropy": test[0], "cross_entropy_training": train[0]}
        return Estimate(test[0] - train[0], error, diagnostics=notes)


def _per_symbol(part: TokenLogProbabilities) -> tuple[float, float | None]:
    """-ln p over symbols, and its standard error, with sequences as units."""
    loss, symbols = (
        np.add.reduceat(values, part.offsets[:-1]) for values in (-part.log_p, part.symbols)
    )
    mean = float(loss.sum() / symbols.sum())
    if part.n < 2:
        return mean, None
    apart = float(((loss - mean * symbols) ** 2).sum())
    return mean, math.sqrt(part.n / (part.n - 1) * apart) / float(symbols.sum())
