"""Rate problems of items and of channels from contexts to texts, for one and the same sweeps."""

from __future__ import annotations

import numpy as np

from harness import ChannelLogLikelihoods, ConceptVectors, Incompatible, Kind, RateProblem
from harness_token_semantics.settings import Slopes

NEVER = 1e6
"""Distortion of a text that is impossible in a context: kinds hold no infinity."""


class ItemProblem(Slopes):
    """Items that stand for one another: squared distance, as a share of the variance."""

    def transform(
        self, data: ConceptVectors, *, to: type[Kind], rng: np.random.Generator
    ) -> RateProblem:
        """A letter and an output per item, all equally likely.

        Raises `Incompatible` where all items are one point.
        """
        x = data.evaluated().x
        x = x - x.mean(0)
        length = (x**2).sum(1)
        if not length.any():
            raise Incompatible("the items are one point; wants items that differ")
        apart = np.maximum(length[:, None] + length - 2 * x @ x.T, 0.0)
        np.fill_diagonal(apart, 0.0)
        n = len(x)
        return RateProblem(np.full(n, 1 / n), apart / length.mean(), np.array(self.slopes))


class ChannelProblem(Slopes):
    """Contexts that texts stand for: -ln p(text | context)."""

    def transform(
        self, data: ChannelLogLikelihoods, *, to: type[Kind], rng: np.random.Generator
    ) -> RateProblem:
        """A letter per context, all equally likely, and an output per text."""
        part = data.evaluated()
        n = part.log_p.shape[2]
        d = np.minimum(-part.log_p.reshape(-1, n).T, NEVER)
        return RateProblem(np.full(n, 1 / n), d, np.array(self.slopes))
