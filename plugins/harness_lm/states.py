"""Hidden states as plain samples, for estimators that know nothing of language."""

from __future__ import annotations

import itertools

import numpy as np

from harness import HiddenStates, Incompatible, Ints, Kind, PairedSamples, Samples
from harness_lm.settings import Tokens


def _some(places: Ints, limit: int, rng: np.random.Generator) -> Ints:
    """At most ``limit`` of them, drawn at random, in order."""
    if len(places) <= limit:
        return places
    return np.sort(rng.permutation(places)[:limit])


class StateSamples(Tokens):
    """The vectors themselves, one for each token."""

    def transform(self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """At most ``limit`` of them, drawn at random.

        Tokens of one text depend on each other: errors are larger than independent draws would
        have. Raises `Incompatible` for a single token.
        """
        if len(data.x) < 2:
            raise Incompatible("a single token; wanted two at least")
        return Samples(data.x[_some(np.arange(len(data.x)), self.limit, rng)])


class StateAndNext(Tokens):
    """Pairs of a state and the token after it: what a layer knows of the next token."""

    def transform(
        self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """x is the state ``(n, d)``, y the code of the next token.

        Raises `Incompatible` where fewer than two tokens are followed by another.
        """
        inner = [np.arange(a, b - 1) for a, b in itertools.pairwise(data.offsets)]
        places = _some(np.concatenate(inner), self.limit, rng)
        if len(places) < 2:
            raise Incompatible(
                "fewer than two tokens are followed by another; wanted longer sequences"
            )
        return PairedSamples(
            data.x[places], data.ids[places + 1][:, None].astype(np.float64), y_kind="discrete"
        )
