"""How much of a label a linear model of features predicts."""

from __future__ import annotations

import numpy as np

from harness import Estimate, Floats, Incompatible, PairedSamples, RelationLogProbabilities, Split
from harness_moleblend import settings

STRENGTHS = 10.0 ** np.arange(-2.0, 6.1, 0.5)
"""Of the ridge, in units of the mean square of a feature times the number of molecules / 1000."""
BOOT = 1000


class RidgeR2(settings.Probe):
    """1 - SS_residual / SS_total on the test part, of a ridge regression fitted on training."""

    def estimate(
        self, data: PairedSamples | RelationLogProbabilities, *, rng: np.random.Generator
    ) -> Estimate:
        """Below 0 where the mean of the test labels would be nearer; error by bootstrap of units.

        Raises `Incompatible` without features, labels or a split, for two labels, fewer than 10
        training or 2 test units, and labels that are constant in a part.
        """
        x, y, split = _table(data)
        train, test = split.train, split.test
        if len(train) < 2 * self.folds or len(test) < 2:
            raise Incompatible(f"{len(train)} units to train on and {len(test)} to test; too few")
        if np.ptp(y[train]) == 0 or np.ptp(y[test]) == 0:
            raise Incompatible("a label that is constant in the training or the test part")
        mean, spread = x[train].mean(0), x[train].std(0)
        varied = spread > 1e-9 * np.maximum(1.0, np.abs(x[train]).max(0))
        if not varied.any():
            raise Incompatible("features that are constant in training")
        x = (x[:, varied] - mean[varied]) / spread[varied]
        order = rng.permutation(train)
        errors = np.zeros(len(STRENGTHS))
        for fold in np.array_split(order, self.folds):
            rest = np.setdiff1d(train, fold)
            predicted = _ridge(x[rest], y[rest], x[fold])
            errors += ((predicted - y[fold][:, None]) ** 2).sum(0)
        best = int(errors.argmin())
        missed = (_ridge(x[train], y[train], x[test])[:, best] - y[test]) ** 2
        picks = rng.integers(len(test), size=(BOOT, len(test)))
        drawn, wanted = missed[picks].sum(1), y[test][picks]
        around = ((wanted - wanted.mean(1, keepdims=True)) ** 2).sum(1)
        values = 1 - drawn[around > 0] / around[around > 0]
        total = ((y[test] - y[test].mean()) ** 2).sum()
        notes = {
            "features": int(varied.sum()),
            "strength": float(STRENGTHS[best]),
            "mean_absolute_error": float(np.sqrt(missed).mean()),
        }
        return Estimate(float(1 - missed.sum() / total), float(values.std(ddof=1)), None, notes)


def _table(data: PairedSamples | RelationLogProbabilities) -> tuple[Floats, Floats, Split]:
    """Features ``(n, d)``, labels ``(n,)`` and the split."""
    if data.split is None:
        raise Incompatible(
            f"needs data with a train/test split; this {type(data).__name__} has none"
        )
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
