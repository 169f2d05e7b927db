"""Preferences as data of other fields: pairs of numbers, labelled vectors, label probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import (
    Incompatible,
    Kind,
    LabelledSamples,
    LabelLogProbabilities,
    PairedSamples,
    Preferences,
)
from harness_rlhf_topology import settings
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.kinds import RewardPredictions

NAMES = ("second", "first")
"""Classes of a comparison: which response is preferred."""


class MarginPairs(settings.Shown):
    """The true difference of rewards, and what the annotator says of it.

    That is a label, 1 where the first is preferred, wherever margins are not known.
    """

    def transform(
        self, data: Preferences, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """All comparisons, with their split. Raises `Incompatible` without rewards."""
        if data.reward is None:
            raise Incompatible("the rewards of the responses are not known; wanted known ones")
        x = data.reward[data.pairs[:, :1]] - data.reward[data.pairs[:, 1:]]
        y = data.y[:, None]
        if data.signs or self.shown == "label":
            return PairedSamples(x, (y > 0).astype(float), y_kind="discrete", split=data.split)
        return PairedSamples(x, y, split=data.split)


class PrefixVectors(settings.Vectors):
    """A column for each shallow prefix: which of the two responses begins with it.

    1 where only the first does, -1 where only the second; the class is the preferred one. Each
    column is weighted by the standard deviation of the prefix's increment, so that distances of
    vectors are prior distances, as far as the columns reach.
    """

    def transform(
        self, data: Preferences, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """All comparisons, with their split.

        Raises `Incompatible` where one response is always preferred, at least in training.
        """
        y = (data.y > 0).astype(np.int64)
        seen = y if data.split is None else y[data.split.train]
        if len(np.unique(seen)) < 2:
            raise Incompatible(f"the {NAMES[seen[0]]} response is always preferred; wanted both")
        forest = Forest(data.parent, data.variance)
        inner = np.flatnonzero((forest.depth > 0) & (forest.size > 1))
        if not inner.size:
            inner = np.unique(data.pairs)
        order = np.lexsort([-forest.size[inner], forest.depth[inner]])
        chosen = inner[order[: self.columns]]
        place = forest.place[data.pairs][:, :, None]
        start = forest.place[chosen]
        under = (place >= start) & (place < start + forest.size[chosen])
        weight = np.sqrt(np.where(data.variance[chosen] > 0, data.variance[chosen], 1.0))
        x = weight * (under[:, 0].astype(float) - under[:, 1])
        return LabelledSamples(x, y, split=data.split)


@dataclass(frozen=True)
class PreferenceProbabilities:
    """Which response is preferred, by the reward model and by chance alone: for V-information."""

    def transform(
        self, data: RewardPredictions, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """The null is one half each: a pair has no order."""
        return LabelLogProbabilities(
            data.both,
            np.full((data.n, 2), np.log(0.5)),
            data.y,
            NAMES,
            np.ones(data.n, bool),
            np.arange(data.n),
            data.groups,
        )
