"""Training guided by PVI: which texts make a step, in which order, with which weight; and the controls.

Every policy trains the same small transformer for the same number of steps on the same training part, and is judged on
the same test part. A policy differs from its control in nothing but the use of the ratings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, LabelLogProbabilities, calm
from harness_wireless_pvi import held_out, training
from harness_wireless_pvi.estimators import calibration_error, correct, given
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.linear import joined
from harness_wireless_pvi.training import Step
from harness_wireless_pvi.transformer import SmallTransformer

BINS = 15


@dataclass(frozen=True, kw_only=True)
class _Policy(SmallTransformer):
    """Train by `schedule`, judge on the test part."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """The steps, from the training rows (m,), their ratings (m,) and classes (m,)."""
        raise NotImplementedError

    def estimate(self, data: GuidedText, *, rng: np.random.Generator) -> Estimate:
        """Accuracy on the test texts whose labels are not known to be wrong; ``local`` is 1 where right.

        The diagnostics have V-information, calibration error, steps, and how many texts the policy used.
        """
        if data.split is None or data.pvi is None or data.rated is None:
            raise Incompatible("wants rated texts with a train/test split, as pvi-guide gives")
        if not data.rated[data.split.train].all():
            raise Incompatible("a training text has no rating; wants all rated, as pvi-guide does")
        train, texts, k = data.split.train, joined(data), len(data.classes)
        steps = list(self.schedule(train, data.pvi[train], data.y[train], rng))
        used = np.unique(np.concatenate([rows for rows, _ in steps]))
        lost = np.setdiff1d(data.y[data.split.test], data.y[used])
        if lost.size:
            raise Incompatible(
                f"the policy keeps no text of class {data.classes[lost[0]]!r}, which the test part has"
            )
        network, words = self.fit(texts, data.y, k, used, steps, rng)
        test = (
            data.split.test if data.wrong is None else data.split.test[~data.wrong[data.split.test]]
        )
        if not test.size:
            raise Incompatible("every test label is wrong; there is nothing to judge by")
        with calm(self.device, rng):
            full = self.score(network, words, [texts[i] for i in test])
        null = np.tile(held_out.prior(data.y[train], k), (len(test), 1))
        judged = LabelLogProbabilities(
            np.maximum(full, held_out.FLOOR),
            null,
            data.y[test],
            data.classes,
            np.ones(len(test), bool),
            test,
        )
        right = correct(judged).astype(np.float64)
        own, prior = given(judged)
        notes = {
            "v_information": float((own - prior).mean()),
            "calibration_error": calibration_error(judged, BINS),
            "steps": len(steps),
            "texts": len(used),
            "n": len(test),
        }
        if data.wrong is not None:
            notes["wrong_share"] = float(data.wrong[used].mean())
        return Estimate.from_local(right, notes)


@dataclass(frozen=True, kw_only=True)
class TrainAll(_Policy):
    """All texts, shuffled: what is done without PVI."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """All rows in random order."""
        return training.shuffled(rows, self.batch, self.steps, rng)


@dataclass(frozen=True, kw_only=True)
class _Paced(_Policy):
    """Buckets by rank; stage s of as many stages as buckets draws from the first s of them."""

    buckets: int = 4

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """Positions in the order in which they come in."""
        raise NotImplementedError

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """Stages of equal length; within one the order is random."""
        parts = np.array_split(rows[self.rank(pvi, rng)], self.buckets)
        for stage, share in enumerate(np.array_split(np.arange(self.steps), self.buckets), start=1):
            yield from training.shuffled(np.concatenate(parts[:stage]), self.batch, len(share), rng)


@dataclass(frozen=True, kw_only=True)
class TrainOrder(_Paced):
    """Easy texts (high PVI) first."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """From high to low."""
        return np.argsort(-pvi, kind="stable")


@dataclass(frozen=True, kw_only=True)
class TrainReverse(_Paced):
    """Hard texts (low PVI) first."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """From low to high."""
        return np.argsort(pvi, kind="stable")


@dataclass(frozen=True, kw_only=True)
class TrainRandomOrder(_Paced):
    """The same pacing over random buckets: the control of both orders."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """Any order."""
        return rng.permutation(len(pvi))


@dataclass(frozen=True, kw_only=True)
class TrainFilter(_Policy):
    """Leave out texts below a PVI: those that mislead, mislabelled ones first."""

    tau: float = 0.0

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """The rows at or above ``tau``. Raises `Incompatible` where there is none."""
        kept = rows[pvi >= self.tau]
        if not kept.size:
            raise Incompatible(f"no training text has a PVI of {self.tau} nats; wants a lower tau")
        return training.shuffled(kept, self.batch, self.steps, rng)


@dataclass(frozen=True, kw_only=True)
class TrainRandomKept(TrainFilter):
    """As many texts of each class as the filter keeps, drawn at random: its control."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """Random rows in equal numbers."""
        parts = [
            rng.permutation(rows[y == c])[: int((pvi[y == c] >= self.tau).sum())]
            for c in np.unique(y)
        ]
        kept = np.concatenate(parts)
        if not kept.size:
            raise Incompatible(f"no training text has a PVI of {self.tau} nats; wants a lower tau")
        return training.shuffled(kept, self.batch, self.steps, rng)


@dataclass(frozen=True, kw_only=True)
class _Budget(_Policy):
    """A share of the texts, the same of every class, since PVI compares within a class only."""

    share: float = 0.25

    target: ClassVar[float]
    """The middle of the ranks that are kept: 0 the easiest, 1 the hardest."""

    def distance(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """How far a text of one class is from what is wanted (m,)."""
        rank = np.argsort(np.argsort(-pvi, kind="stable"), kind="stable") / max(1, len(pvi) - 1)
        return np.abs(rank - self.target)

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """The nearest rows of each class, one at least."""
        kept = []
        for c in np.unique(y):
            member = np.flatnonzero(y == c)
            order = np.argsort(self.distance(pvi[member], rng), kind="stable")
            kept.append(rows[member[order[: max(1, round(self.share * len(member)))]]])
        return training.shuffled(np.concatenate(kept), self.batch, self.steps, rng)


@dataclass(frozen=True, kw_only=True)
class TrainEasy(_Budget):
    """The share of highest PVI."""

    target: ClassVar[float] = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainMedium(_Budget):
    """The share nearest the median PVI."""

    target: ClassVar[float] = 0.5


@dataclass(frozen=True, kw_only=True)
class TrainHard(_Budget):
    """The share of lowest PVI."""

    target: ClassVar[float] = 1.0


@dataclass(frozen=True, kw_only=True)
class TrainRandom(_Budget):
    """As large a share drawn at random: the control of the three."""

    target: ClassVar[float] = 0.0

    def distance(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """Random numbers."""
        return rng.random(len(pvi))


@dataclass(frozen=True, kw_only=True)
class TrainWeight(_Policy):
    """All texts, each weighted by exp(strength x PVI), scaled to a mean of one and held within 0.1 .. 10."""

    strength: float = 1.0

    def weights(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """Weights (m,) of the texts."""
        raw = np.exp(self.strength * (pvi - pvi.max()))
        out: Floats = np.clip(raw / raw.mean(), 0.1, 10.0)
        return out

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """Shuffled rows with their weights."""
        weight = dict(zip(rows.tolist(), self.weights(pvi, rng).tolist(), strict=True))
        for taken, _ in training.shuffled(rows, self.batch, self.steps, rng):
            yield taken, np.array([weight[int(i)] for i in taken])


@dataclass(frozen=True, kw_only=True)
class TrainRandomWeight(TrainWeight):
    """The same weights dealt out at random: the control."""

    def weights(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """The weights in any order."""
        return rng.permutation(super().weights(pvi, rng))
