"""States of a layer, and the tokens that follow them."""

from __future__ import annotations

import numpy as np

from harness import Floats, HiddenStates, Incompatible, Ints, Kind, Split, StateFutures
from harness_markov_categories.settings import Futures

FEW = 5
"""Sequences below which parts are stretches of all tokens, not whole sequences."""


class StateFuturesOf(Futures):
    """The state where a token was read, the token after it, and the ``ahead`` tokens after that."""

    def transform(
        self, data: HiddenStates, *, to: type[Kind], rng: np.random.Generator
    ) -> StateFutures:
        """States of at most ``limit`` tokens in the parts of their sequences; where the data have
        no split, 3/5 of these are for training, 1/5 each to validate and to test.

        Codes are the nearest of the centres that k-means finds in the training part. Raises
        `Incompatible` where fewer than ten tokens have so many after them, and where none of them
        is for training or testing.
        """
        cuts = data.offsets
        left = np.repeat(cuts[1:], np.diff(cuts)) - np.arange(cuts[-1])
        places = np.flatnonzero(left > self.ahead + 1)
        if len(places) < 10:
            raise Incompatible(
                f"{len(places)} tokens are followed by {self.ahead + 1}; wants at least 10"
            )
        if len(places) > self.limit:
            places = np.sort(rng.permutation(places)[: self.limit])
        split = self._parts(data, places, rng)
        state, kind = data.x[places], "continuous"
        if self.codes:
            state, kind = self._codes(state, split.train, rng), "discrete"
        after = data.ids[places[:, None] + np.arange(1, self.ahead + 2)]
        return StateFutures(
            state, after[:, 0], after[:, 1:], int(data.ids.max()) + 1, kind, split=split
        )

    def _parts(self, data: HiddenStates, places: Ints, rng: np.random.Generator) -> Split:
        """Whole sequences, where there are enough."""
        owner = np.searchsorted(data.offsets, places, side="right") - 1
        if data.split is not None:
            train, test, valid = (
                np.flatnonzero(np.isin(owner, part))
                for part in (data.split.train, data.split.test, data.split.valid)
            )
            if not len(train) or not len(test):
                raise Incompatible("no sequence to train, or to test, is long enough")
            return Split(train, test, valid)
        rank = rng.permutation(data.n)[owner] if data.n >= FEW else np.arange(len(places))
        order = np.argsort(rank, kind="stable")
        ends = np.searchsorted(rank[order], np.array([0.6, 0.8]) * (rank.max() + 1))
        a, b = np.clip(ends, [1, 2], [len(order) - 2, len(order) - 1])
        return Split(order[:a], order[b:], order[a:b])

    def _codes(self, x: Floats, train: Ints, rng: np.random.Generator) -> Floats:
        from sklearn.cluster import KMeans

        different = len(np.unique(x[train], axis=0))
        means = KMeans(
            min(self.codes, different), n_init=1, random_state=int(rng.integers(2**31))
        ).fit(x[train])
        return np.asarray(means.predict(x)[:, None], np.float64)
