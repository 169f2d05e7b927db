"""Training texts rated by PVI, each by a predictor that did not see it."""

from __future__ import annotations

import dataclasses

import numpy as np

from harness import Incompatible, Kind, LabelledText, LabelLogProbabilities
from harness_wireless_pvi import settings
from harness_wireless_pvi.estimators import given
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.predictors.linear import EmbeddingLogistic, TfidfLogistic
from harness_wireless_pvi.predictors.transformer import TransformerClassifier


class Guide(settings.Guide):
    """Cross-fitted PVI of the training part, averaged over ``rounds`` cuts into folds.

    The scorer ``transformer`` is the small transformer of these parameters: give it those of the
    policy that is to learn from the ratings.
    """

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> GuidedText:
        """The same texts with their ratings in nats.

        Raises `Incompatible` where there is no split, and where the training part has one class.
        """
        if data.split is None:
            raise Incompatible(
                "these texts have no train/test split; wanted one: the training part is rated"
            )
        train = data.split.train
        if np.unique(data.y[train]).size < 2:
            raise Incompatible(
                "the training part has one class; wanted at least two, to rate texts"
            )
        part = dataclasses.replace(data.take(train), split=None)
        scorer = self.predictor()
        total = np.zeros(len(train))
        for _ in range(self.rounds):
            full, null = given(scorer.transform(part, to=LabelLogProbabilities, rng=rng))
            total += full - null
        pvi, rated = np.zeros(data.n), np.zeros(data.n, bool)
        pvi[train], rated[train] = total / self.rounds, True
        shared = {f.name: getattr(data, f.name) for f in dataclasses.fields(LabelledText)}
        return GuidedText(**shared, pvi=pvi, rated=rated)

    def predictor(self) -> TfidfLogistic | EmbeddingLogistic | TransformerClassifier:
        """The predictor that rates."""
        if self.scorer == "tfidf-logistic":
            return TfidfLogistic(folds=self.folds)
        if self.scorer == "embedding-logistic":
            return EmbeddingLogistic(folds=self.folds)
        names = [f.name for f in dataclasses.fields(settings.Transformer)]
        return TransformerClassifier(
            folds=self.folds, **{name: getattr(self, name) for name in names}
        )
