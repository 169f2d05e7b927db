"""Predictive families with a closed form or a convex fit: the prior and logistic regressions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from harness import (
    Floats,
    Incompatible,
    Ints,
    Kind,
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
)
from harness_wireless_pvi import settings
from harness_wireless_pvi.predictors import embedding, held_out
from harness_wireless_pvi.predictors.held_out import LOG, Predict
from harness_wireless_pvi.predictors.texts import WORDS, joined

PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
"""Values of ``c`` that are tried, from strong penalties to weak ones."""
FIFTH = 5
"""One training row in so many is set aside for the choice of the penalty."""
PATIENCE = 2
"""Number of rises of the loss after which weaker penalties are not tried."""


class Prior(settings.HeldOut):
    """The family of constants: label frequencies of the training rows, whatever the input."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """The same with the input and without it: every PVI is 0. Raises as `held_out.scores`."""
        k = len(data.classes)

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            log_prior = held_out.prior(data.y[train], k)
            return lambda rows: (np.tile(log_prior, (len(rows), 1)),) * 2

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)


class _Logistic(settings.Logistic):
    """Multinomial logistic regression with an L2 penalty of 1/(2 c) and free biases.

    V-entropy is an infimum over the family: with ``c=0`` the penalty is the one of `PENALTIES`
    whose log-loss is least on a fifth of the training rows, and all rows are fitted with it.
    """

    def fit(self, x: Any, y: Ints, k: int, rng: np.random.Generator) -> Any:
        """A function from features (m, d) to log-probabilities (m, k).

        It is fitted on features (n, d), dense or sparse, and classes (n,).
        """
        return self._fitted(x, y, k, self.c or self._chosen(x, y, k, rng))

    def _chosen(self, x: Any, y: Ints, k: int, rng: np.random.Generator) -> float:
        """The penalty with the least log-loss on a fifth of each class; 1 where rows are too few.

        Strong penalties come first, and each fit starts from the last, until the loss has risen
        `PATIENCE` times.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        order = rng.permutation(len(y))
        order = order[np.argsort(y[order], kind="stable")]
        first = np.searchsorted(y[order], y[order])
        aside = (np.arange(len(y)) - first) % FIFTH == FIFTH - 1
        fit, judge = order[~aside], order[aside]
        if len(judge) < FIFTH:
            return 1.0
        path = LogisticRegression(max_iter=min(self.iterations, 200), tol=1e-4, warm_start=True)
        losses: list[float] = []
        with warnings.catch_warnings():
            # The fit that counts is made afterwards.
            warnings.simplefilter("ignore", ConvergenceWarning)
            for c in PENALTIES:
                path.set_params(C=c).fit(x[fit], y[fit])
                table = _log_probabilities(path, x[judge], k)
                losses.append(-float(table[np.arange(len(judge)), y[judge]].mean()))
                if len(losses) - 1 - int(np.argmin(losses)) == PATIENCE:
                    break
        return PENALTIES[int(np.argmin(losses))]

    def _fitted(self, x: Any, y: Ints, k: int, c: float) -> Any:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        found = LogisticRegression(C=c, max_iter=self.iterations, tol=1e-6)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            found.fit(x, y)
        if any(issubclass(w.category, ConvergenceWarning) for w in caught):
            text = "logistic regression stopped at %d iterations; raise iterations"
            LOG.warning(text, self.iterations)
        return lambda features: _log_probabilities(found, features, k)

    def log_null(self, y: Ints, k: int, rng: np.random.Generator) -> Floats:
        """Log-probabilities (k,) without the input: counted, or fitted on equal inputs."""
        if self.null == "prior":
            return held_out.prior(y, k)
        blank: Floats = self._fitted(np.zeros((len(y), 1)), y, k, 1.0)(np.zeros((1, 1)))[0]
        return blank


class Logistic(_Logistic):
    """On vectors, each column standardized over the training rows."""

    def transform(
        self, data: LabelledSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes. Raises as `held_out.scores`."""
        classes, k = data.codes, data.n_classes

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            x, y = data.x[train], classes[train]
            mean, scale = x.mean(0), x.std(0)
            scale[~(scale > 1e-12 * np.abs(mean))] = 1.0
            predict, null = self.fit((x - mean) / scale, y, k, rng), self.log_null(y, k, rng)
            return lambda rows: (
                predict((data.x[rows] - mean) / scale),
                np.tile(null, (len(rows), 1)),
            )

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)


class TfidfLogistic(_Logistic, settings.LogisticOfNgrams):
    """On n-grams of words or characters, weighted by TF-IDF."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes; a context is read after its text.

        Raises as `held_out.scores`, and `Incompatible` where the training texts have no n-grams.
        """
        texts, k = np.array(joined(data), object), len(data.classes)

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            vectors = self._vectorizer()
            try:
                features = vectors.fit_transform(texts[train])
            except ValueError as error:  # no word in any text
                raise Incompatible(
                    f"no {self.analyzer} n-grams in the training texts: {error}"
                ) from None
            y = data.y[train]
            predict, null = self.fit(features, y, k, rng), self.log_null(y, k, rng)
            return lambda rows: (
                predict(vectors.transform(texts[rows])),
                np.tile(null, (len(rows), 1)),
            )

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)

    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        words = {"token_pattern": WORDS} if self.analyzer == "word" else {}
        return TfidfVectorizer(
            analyzer=self.analyzer,
            ngram_range=(1, self.ngrams),
            max_features=self.max_features,
            sublinear_tf=True,
            **words,
        )


class EmbeddingLogistic(_Logistic, settings.LogisticOfEmbedding):
    """On the vectors of `embedding.TextEmbedding`."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes. Raises as `held_out.scores` and `embedding.hashed`."""
        texts, k = joined(data), len(data.classes)
        fixed = embedding.encode(texts, self.encoder, self.device) if self.encoder else None

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            x = embedding.hashed(texts, train, self.dimensions, rng) if fixed is None else fixed
            y = data.y[train]
            mean, scale = x[train].mean(0), x[train].std(0)
            scale[scale < 1e-12] = 1.0
            predict, null = self.fit((x[train] - mean) / scale, y, k, rng), self.log_null(y, k, rng)
            return lambda rows: (predict((x[rows] - mean) / scale), np.tile(null, (len(rows), 1)))

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)


def _log_probabilities(fitted: Any, features: Any, k: int) -> Floats:
    """Log-probabilities (m, k) by a fitted logistic regression of scikit-learn."""
    from scipy.special import log_softmax

    margins = np.asarray(fitted.decision_function(features), np.float64)
    if margins.ndim == 1:
        margins = np.column_stack([np.zeros(len(margins)), margins])
    return held_out.spread(log_softmax(margins, axis=-1), fitted.classes_, k)
