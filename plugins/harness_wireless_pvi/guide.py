"""Rate training texts by PVI, each by a predictor that did not see it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Incompatible, Kind, LabelledText, LabelLogProbabilities
from harness_wireless_pvi.estimators import given
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.linear import EmbeddingLogistic, TfidfLogistic
from harness_wireless_pvi.transformer import SmallTransformer, TransformerClassifier


@dataclass(frozen=True, kw_only=True)
class Guide(SmallTransformer):
    """Cross-fitted PVI of the training part, averaged over ``rounds`` cuts into folds.

    The scorer ``transformer`` is the small transformer of these parameters: give it those of the policy that is to
    learn from the ratings.
    """

    scorer: str = "transformer"
    folds: int = 5
    rounds: int = 1

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> GuidedText:
        """The same texts with the ratings (nats). Raises `Incompatible` where there is no split."""
        if data.split is None:
            raise Incompatible(
                "needs a train/test split: the training part is rated, the test part judges"
            )
        train = data.split.train
        if np.unique(data.y[train]).size < 2:
            raise Incompatible("the training part has one class; there is nothing to rate")
        part = dataclasses.replace(data.take(train), split=None)
        scorer = self._scorer()
        total = np.zeros(len(train))
        for _ in range(self.rounds):
            full, null = given(scorer.transform(part, to=LabelLogProbabilities, rng=rng))
            total += full - null
        pvi, rated = np.zeros(data.n), np.zeros(data.n, bool)
        pvi[train], rated[train] = total / self.rounds, True
        shared = {f.name: getattr(data, f.name) for f in dataclasses.fields(LabelledText)}
        return GuidedText(**shared, pvi=pvi, rated=rated)

    def _scorer(self) -> Any:
        if self.scorer == "tfidf-logistic":
            return TfidfLogistic(folds=self.folds)
        if self.scorer == "embedding-logistic":
            return EmbeddingLogistic(folds=self.folds)
        shared = {f.name: getattr(self, f.name) for f in dataclasses.fields(SmallTransformer)}
        return TransformerClassifier(folds=self.folds, **shared)
