"""Policies: which texts make a step, in which order, with which weights; and their controls.

Every policy trains the same small transformer for the same number of steps on the same training
part, and is judged on the same test part. A policy differs from its control only in that it uses
the ratings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, LabelLogProbabilities, single_threaded
from harness_wireless_pvi import settings, training
from harness_wireless_pvi.estimators import calibration_error, correct, given
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.predictors import held_out
from harness_wireless_pvi.predictors.texts import joined
from harness_wireless_pvi.predictors.transformer import SmallTransformer
from harness_wireless_pvi.training import Step

BINS = 15
"""Number of bins of the calibration error."""


class _Policy(SmallTransformer):
    """Training by `schedule`, judged on the test part."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """The steps, from the training rows (m,), their ratings (m,) and classes (m,)."""
        raise NotImplementedError

    def estimate(self, data: GuidedText, *, rng: np.random.Generator) -> Estimate:
        """Accuracy on the test texts whose labels are not known to be wrong.

        ``local`` is 1 where the class is right. The diagnostics hold V-information, calibration
        error, number of steps, and number of texts that the policy used. Raises `Incompatible`
        where the texts are not rated or have no split, where a class of the test part is left out,
        and where all test labels are wrong.
        """
        steps, used = steps_of(self, data, rng)
        texts, k = joined(data), len(data.classes)
        network, words = self.fit(texts, data.y, k, used, steps, rng)
        test = judged_rows(data)
        with single_threaded(self.device, rng):
            full = self.score(network, words, [texts[i] for i in test])
        return judged(data, test, full, steps)


class Policy(Protocol):
    """Whatever makes steps of rated rows."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """The steps."""


def steps_of(policy: Policy, data: GuidedText, rng: np.random.Generator) -> tuple[list[Step], Ints]:
    """The steps of a policy on the training part, and the rows that occur in them.

    Raises `Incompatible` where texts are not rated or have no split, and where a class of the test
    part is left out.
    """
    if data.split is None or data.pvi is None or data.rated is None:
        raise Incompatible(
            "these texts have no ratings or no train/test split; "
            "wanted rated texts with a split, as pvi-guide gives"
        )
    if not data.rated[data.split.train].all():
        raise Incompatible("a training text has no rating; wanted all, as pvi-guide gives")
    train = data.split.train
    steps = list(policy.schedule(train, data.pvi[train], data.y[train], rng))
    used = np.unique(np.concatenate([rows for rows, _ in steps]))
    lost = np.setdiff1d(data.y[data.split.test], data.y[used])
    if lost.size:
        raise Incompatible(
            f"the policy keeps no text of class {data.classes[lost[0]]!r}, "
            "which the test part has; wanted a policy that keeps more"
        )
    return steps, used


def judged_rows(data: GuidedText) -> Ints:
    """The test rows whose labels are not known to be wrong. Raises `Incompatible` for none."""
    assert data.split is not None
    test = data.split.test
    if data.wrong is not None:
        test = test[~data.wrong[test]]
    if not test.size:
        raise Incompatible("every test label is wrong; wanted a right one to judge by")
    return test


def judged(data: GuidedText, test: Ints, full: Floats, steps: list[Step]) -> Estimate:
    """Accuracy of log-probabilities (m, k) of the rows ``test``, with what training took."""
    assert data.split is not None
    used = np.unique(np.concatenate([rows for rows, _ in steps]))
    null = np.tile(held_out.prior(data.y[data.split.train], len(data.classes)), (len(test), 1))
    full = np.maximum(full, held_out.FLOOR)
    unseen = np.ones(len(test), bool)
    found = LabelLogProbabilities(full, null, data.y[test], data.classes, unseen, test)
    own, prior = given(found)
    notes: dict[str, float | int | str | bool] = {
        "v_information": float((own - prior).mean()),
        "calibration_error": calibration_error(found, BINS),
        "steps": len(steps),
        "texts": len(used),
        "n": len(test),
    }
    if data.wrong is not None:
        notes["wrong_share"] = float(data.wrong[used].mean())
    return Estimate.from_local(correct(found), notes)


class TrainAll(_Policy):
    """All texts, shuffled, as training is without PVI."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """All rows in random order."""
        return training.shuffled(rows, self.batch, self.steps, rng)


class _Paced(_Policy, settings.Paced):
    """Buckets by rank; there are as many stages, and stage s draws from the first s buckets."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """Positions of the texts in the order in which they come in (m,)."""
        raise NotImplementedError

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """Stages of equal length; within one the order is random."""
        parts = np.array_split(rows[self.rank(pvi, rng)], self.buckets)
        for stage, share in enumerate(np.array_split(np.arange(self.steps), self.buckets), start=1):
            yield from training.shuffled(np.concatenate(parts[:stage]), self.batch, len(share), rng)


class TrainOrder(_Paced):
    """Easy texts (high PVI) first."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """From high to low."""
        return np.argsort(-pvi, kind="stable")


class TrainReverse(_Paced):
    """Hard texts (low PVI) first."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """From low to high."""
        return np.argsort(pvi, kind="stable")


class TrainRandomOrder(_Paced):
    """Random buckets, paced alike: the control of both orders."""

    def rank(self, pvi: Floats, rng: np.random.Generator) -> Ints:
        """Random order."""
        return rng.permutation(len(pvi))


class TrainFilter(_Policy, settings.Filtered):
    """Texts of low PVI left out: those that mislead, above all mislabelled ones."""

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """Shuffled rows of those that are kept. Raises `Incompatible` where there is none."""
        kept = self.kept(rows, pvi, y, rng)
        if not kept.size:
            raise Incompatible(
                f"no training text has a PVI of {self.tau} nats or more; wanted a smaller tau"
            )
        return training.shuffled(kept, self.batch, self.steps, rng)

    def kept(self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator) -> Ints:
        """The rows of a PVI of ``tau`` or more."""
        return rows[pvi >= self.tau]


class TrainRandomKept(TrainFilter):
    """As many random texts of each class as the filter keeps: its control."""

    def kept(self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator) -> Ints:
        """Random rows of each class."""
        parts = [
            rng.permutation(rows[y == c])[: int((pvi[y == c] >= self.tau).sum())]
            for c in np.unique(y)
        ]
        return np.concatenate(parts)


class _Budget(_Policy, settings.Budget):
    """The same share of the texts of each class, since PVI is comparable only within a class."""

    target: ClassVar[float]
    """The middle of the ranks that are kept, from 0, the easiest text, to 1, the hardest."""

    def distance(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """Distance of the rank of each text of a class from ``target`` (m,)."""
        rank = np.argsort(np.argsort(-pvi, kind="stable"), kind="stable") / max(1, len(pvi) - 1)
        return np.abs(rank - self.target)

    def schedule(
        self, rows: Ints, pvi: Floats, y: Ints, rng: np.random.Generator
    ) -> Iterator[Step]:
        """Shuffled rows of those nearest to ``target`` in each class, at least one of each."""
        kept = []
        for c in np.unique(y):
            member = np.flatnonzero(y == c)
            order = np.argsort(self.distance(pvi[member], rng), kind="stable")
            kept.append(rows[member[order[: max(1, round(self.share * len(member)))]]])
        return training.shuffled(np.concatenate(kept), self.batch, self.steps, rng)


class TrainEasy(_Budget):
    """The share of highest PVI."""

    target: ClassVar[float] = 0.0


class TrainMedium(_Budget):
    """The share around the median PVI."""

    target: ClassVar[float] = 0.5


class TrainHard(_Budget):
    """The share of lowest PVI."""

    target: ClassVar[float] = 1.0


class TrainRandom(_Budget):
    """A random share: the control of the three."""

    target: ClassVar[float] = 0.0

    def distance(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """Random numbers."""
        return rng.random(len(pvi))


class TrainWeight(_Policy, settings.Weighted):
    """All texts, with weights exp(strength x PVI) of mean 1, held within 0.1 .. 10."""

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
        for batch, _ in training.shuffled(rows, self.batch, self.steps, rng):
            yield batch, np.array([weight[int(i)] for i in batch])


class TrainRandomWeight(TrainWeight):
    """The same weights given to random texts: the control."""

    def weights(self, pvi: Floats, rng: np.random.Generator) -> Floats:
        """The weights in random order."""
        return rng.permutation(super().weights(pvi, rng))
