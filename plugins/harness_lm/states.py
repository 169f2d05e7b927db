"""Hidden states as plain samples, for estimators that know nothing of language."""

from __future__ import annotations

import numpy as np

from harness import HiddenStates, Incompatible, Ints, Kind, PairedSamples, Samples, mapped
from harness_lm.settings import Tokens


def _some(places: Ints, limit: int, rng: np.random.Generator) -> Ints:
    """At most ``limit`` of them, drawn at random, in order."""
    if len(places) <= limit:
        return places
    rng.shuffle(places)  # what `permutation` does to a copy
    return np.sort(places[:limit])


def _inner(data: HiddenStates) -> Ints:
    """The tokens that another of the same sequence follows."""
    found = mapped.Column(np.int64)
    for part in mapped.blocks(len(data.x), data.ids.itemsize):
        at = np.arange(part.start, part.stop)
        found.add(np.setdiff1d(at, data.offsets[1:] - 1, assume_unique=True))
    return found.array()


class StateSamples(Tokens):
    """The vectors themselves, one for each token."""

    def transform(self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """At most ``limit`` of them, drawn at random.

        Tokens of one text depend on each other: errors are larger than independent draws would
        have. Raises `Incompatible` for a single token.
        """
        if len(data.x) < 2:
            raise Incompatible("a single token; wanted two at least")
        places: Ints = mapped.zeros(len(data.x), np.int64)
        for part in mapped.blocks_of(places):
            places[part] = np.arange(part.start, part.stop)
        return Samples(mapped.taken(data.x, _some(places, self.limit, rng)))


class StateAndNext(Tokens):
    """Pairs of a state and the token after it: what a layer knows of the next token."""

    def transform(
        self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """x is the state ``(n, d)``, y the code of the next token.

        Raises `Incompatible` where fewer than two tokens are followed by another.
        """
        places = _some(_inner(data), self.limit, rng)
        if len(places) < 2:
            raise Incompatible(
                "fewer than two tokens are followed by another; wanted longer sequences"
            )
        return PairedSamples(
            mapped.taken(data.x, places),
            data.ids[places + 1][:, None].astype(np.float64),
            y_kind="discrete",
        )
