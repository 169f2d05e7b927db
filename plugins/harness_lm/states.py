"""Hidden states as plain samples, for estimators that know nothing of language."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from harness import HiddenStates, Incompatible, Ints, Kind, PairedSamples, Samples


def _some(places: Ints, limit: int, rng: np.random.Generator) -> Ints:
    """At most ``limit`` of them, drawn at random, in order."""
    if len(places) <= limit:
        return places
    return np.sort(rng.permutation(places)[:limit])


@dataclass(frozen=True)
class StateSamples:
    """The vectors themselves, one per token."""

    limit: int = 2000

    def transform(self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """At most ``limit`` of them, drawn at random. Tokens of one text depend on each other: errors are larger than
        independent draws would have. Raises `Incompatible` for a single token.
        """
        if len(data.x) < 2:
            raise Incompatible("one token; samples want two")
        return Samples(data.x[_some(np.arange(len(data.x)), self.limit, rng)])


@dataclass(frozen=True)
class StateAndNext:
    """Pairs of a state and the token after it: what a layer knows of the next token."""

    limit: int = 2000

    def transform(
        self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """x is the state ``(n, d)``, y the code of the next token. Raises `Incompatible` where no sequence goes on."""
        inner = [np.arange(a, b - 1) for a, b in itertools.pairwise(data.offsets)]
        places = _some(np.concatenate(inner), self.limit, rng)
        if len(places) < 2:
            raise Incompatible("no sequence with two tokens and more; a next token is wanted")
        return PairedSamples(
            data.x[places], data.ids[places + 1][:, None].astype(np.float64), y_kind="discrete"
        )
