"""`MutualInformationSelector`: the columns that tell most of a target, as scikit-learn selects."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

import harness
from harness import Bools, UsageError


class MutualInformationSelector(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the ``k`` columns with the most information about the target.

    For pipelines of scikit-learn: ``make_pipeline(MutualInformationSelector(k=5), classifier)``.

    Parameters
    ----------
    k : how many columns are kept; all where there are fewer.
    estimator : an estimator of mutual information by name, with settings
        (``"classics/ksg[k=5]"``); the default suits continuous, discrete and mixed columns.
    seed : of estimators that draw at random.

    Attributes
    ----------
    scores_ (d,) : information of each column about the target, in nats; 0 for a constant column.
    """

    def __init__(
        self, k: int = 10, *, estimator: str = "classics/mixed-ksg", seed: int = 0
    ) -> None:
        self.k, self.estimator, self.seed = k, estimator, seed

    def fit(self, X: Any, y: Any) -> MutualInformationSelector:
        """Score every column of ``X (n, d)`` against ``y (n,)``, numbers or classes.

        Raises
        ------
        UsageError : ``k`` below 1, or an unknown estimator.
        Incompatible : a column that the estimator does not suit.
        """
        if self.k < 1:
            raise UsageError(f"k={self.k}; wanted 1 or more")
        x, y = validate_data(self, X, y, dtype="numeric")
        self.scores_ = np.array([self._score(column, y) for column in x.T])
        return self

    def _score(self, column: Any, y: Any) -> float:
        if (column == column[0]).all():
            return 0.0
        found = harness.measure(column, y, estimators=self.estimator, seed=self.seed)
        return next(iter(found.values())).value

    def _get_support_mask(self) -> Bools:
        check_is_fitted(self, "scores_")
        mask = np.zeros(len(self.scores_), bool)
        mask[np.argsort(-self.scores_, kind="stable")[: self.k]] = True
        return mask

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
