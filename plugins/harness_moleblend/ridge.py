"""How much of a label a linear model of features predicts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness import Estimate, Floats, Incompatible, PairedSamples, Split
from harness_moleblend import settings
from harness_moleblend.kinds import RelationLogProbabilities

STRENGTHS = 10.0 ** np.arange(-2.0, 6.1, 0.5)
"""Of the ridge, for 1000 units and standardized features."""
BOOT = 1000


class Fitted(NamedTuple):
    """Predictions for the test part, its labels, and how the ridge was chosen."""

    predicted: Floats
    y: Floats
    notes: dict[str, float]


class RidgeR2(settings.Probe):
    """1 - SS_residual / SS_total on the test part, of a ridge regression fitted on training."""

    def estimate(
        self, data: PairedSamples | RelationLogProbabilities, *, rng: np.random.Generator
    ) -> Estimate:
        """Below 0 where the mean of the test labels would be nearer; error by bootstrap of units.

        Raises `Incompatible` as `fitted`.
        """
        found = fitted(data, self.folds, rng)
        missed = (found.predicted - found.y) ** 2
        picks = rng.integers(len(missed), size=(BOOT, len(missed)))
        drawn, wanted = missed[picks].sum(1), found.y[picks]
        around = ((wanted - wanted.mean(1, keepdims=True)) ** 2).sum(1)
        values = 1 - drawn[around > 0] / around[around > 0]
        value = 1 - missed.sum() / ((found.y - found.y.mean()) ** 2).sum()
        notes = {**found.notes, "mean_absolute_error": float(np.sqrt(missed).mean())}
        return Estimate(float(value), float(values.std(ddof=1)), diagnostics=notes)


class RidgeAuc(settings.Probe):
    """Area under the ROC curve on the test part, of a ridge regression of a label of 0 and 1."""

    def estimate(
        self, data: PairedSamples | RelationLogProbabilities, *, rng: np.random.Generator
    ) -> Estimate:
        """1/2 where the order says nothing; error by bootstrap of units.

        Raises `Incompatible` as `fitted`, and for other labels than 0 and 1.
        """
        found = fitted(data, self.folds, rng)
        if not np.isin(found.y, (0, 1)).all():
            raise Incompatible("labels other than 0 and 1; wanted classes (nci-tpsa.above=40)")
        value = _area(found.predicted, found.y)
        draws = []
        for _ in range(BOOT):
            picks = rng.integers(len(found.y), size=len(found.y))
            if 0 < found.y[picks].sum() < len(picks):
                draws.append(_area(found.predicted[picks], found.y[picks]))
        return Estimate(value, float(np.std(draws, ddof=1)), diagnostics=found.notes)


def fitted(
    data: PairedSamples | RelationLogProbabilities, folds: int, rng: np.random.Generator
) -> Fitted:
    """A ridge regression on the training part, its strength chosen by folds of that part.

    Raises `Incompatible` without features, labels or a split, for two labels, fewer than twice as
    many training units as folds, or 2 test units, and for labels that are constant in a part.
    """
    x, y, split = _table(data)
    train, test = split.train, split.test
    if len(train) < 2 * folds or len(test) < 2:
        raise Incompatible(f"{len(train)} units to train on and {len(test)} to test; too few")
    if np.ptp(y[train]) == 0 or np.ptp(y[test]) == 0:
        raise Incompatible("a label that is constant in the training or the test part")
    mean, spread = x[train].mean(0), x[train].std(0)
    varied = spread > 1e-9 * np.maximum(1.0, np.abs(x[train]).max(0))
    if not varied.any():
        raise Incompatible("features that are constant in training")
    x = (x[:, varied] - mean[varied]) / spread[varied]
    errors = np.zeros(len(STRENGTHS))
    for fold in np.array_split(rng.permutation(train), folds):
        rest = np.setdiff1d(train, fold)
        errors += ((_ridge(x[rest], y[rest], x[fold]) - y[fold][:, None]) ** 2).sum(0)
    best = int(errors.argmin())
    notes = {"features": float(varied.sum()), "strength": float(STRENGTHS[best])}
    return Fitted(_ridge(x[train], y[train], x[test])[:, best], y[test], notes)


def _table(data: PairedSamples | RelationLogProbabilities) -> tuple[Floats, Floats, Split]:
    """Features ``(n, d)``, labels ``(n,)`` and the split."""
    if data.split is None:
        kind = type(data).__name__
        raise Incompatible(f"needs data with a train/test split; this {kind} has none")
    if isinstance(data, PairedSamples):
        if data.y.shape[1] != 1:
            raise Incompatible(f"{data.y.shape[1]} labels; wants one")
        return data.x, data.y[:, 0], data.split
    if data.features is None or data.labels is None:
        raise Incompatible("predictions of relations without features or labels of molecules")
    return data.features, data.labels, data.split


def _ridge(x: Floats, y: Floats, wanted: Floats) -> Floats:
    """Predictions ``(k, strengths)`` by the singular values of the features."""
    centre, level = x.mean(0), y.mean()
    u, s, vt = np.linalg.svd(x - centre, full_matrices=False)
    shrunk = s[:, None] / (s[:, None] ** 2 + STRENGTHS * len(x) / 1000)
    found: Floats = level + (wanted - centre) @ (vt.T @ (shrunk * (u.T @ (y - level))[:, None]))
    return found


def _area(scores: Floats, y: Floats) -> float:
    """The share of pairs of a 1 and a 0 in the right order, ties by half."""
    apart = scores[y == 1][:, None] - scores[y == 0]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())
