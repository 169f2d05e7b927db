"""How many nats a model needs per symbol."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import (
    AttentionProfile,
    Estimate,
    Incompatible,
    Ints,
    TokenLogProbabilities,
    mapped,
)
from harness_lm.settings import Skipping


class CrossEntropy(Skipping):
    """-sum ln p / symbols, over the tokens with at least ``skip`` tokens before them.

    Per symbol of the data (byte, code), not per token: so models with different tokens can be
    compared, and a language of known entropy rate bounds it from below. The first tokens of a
    sequence have less context than the rest and cost more; ``skip`` leaves them out.
    """

    def _counted(self, values: NDArray[Any], context: Ints) -> NDArray[Any]:
        """``values (items,)`` where enough tokens stand before, else 0."""
        if not self.skip:
            return values
        found = mapped.zeros(len(values), values.dtype)
        for part in mapped.blocks_of(values):
            found[part] = np.where(context[part] >= self.skip, values[part], 0)
        return found

    def estimate(
        self, data: TokenLogProbabilities | AttentionProfile, *, rng: np.random.Generator
    ) -> Estimate:
        """The cross-entropy in nats per symbol; its standard error is that of a ratio of sums over
        sequences.

        Raises `Incompatible` where ``skip`` leaves nothing, and for a profile without
        log-probabilities.
        """
        if isinstance(data, AttentionProfile):
            if data.log_p is None:
                raise Incompatible("the profile has no log-probabilities of the tokens")
            kept = np.arange(data.log_p.shape[1]) >= self.skip
            nats, symbols = -data.log_p[:, kept].sum(1), np.full(data.n, kept.sum())
            if data.padded is not None:
                real = kept & ~data.padded
                nats, symbols = -np.where(real, data.log_p, 0.0).sum(1), real.sum(1)
        else:
            starts = data.offsets[:-1]
            nats = -np.add.reduceat(self._counted(data.log_p, data.context), starts)
            symbols = np.add.reduceat(self._counted(data.symbols, data.context), starts)
        total = int(symbols.sum())
        if total == 0:
            raise Incompatible(
                f"no token has {self.skip} tokens before it; "
                "wanted a smaller skip, or longer sequences"
            )
        value = float(nats.sum() / total)
        n = len(nats)
        spread = (
            math.sqrt(((nats - value * symbols) ** 2).sum() * n / (n - 1)) / total
            if n > 1
            else None
        )
        # Also as a perplexity and in bits, for those who read these.
        more = {
            "perplexity": math.exp(min(value, 700.0)),
            "bits": value / math.log(2),
            "symbols": total,
        }
        return Estimate(value, spread, diagnostics=more)
