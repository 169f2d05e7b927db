"""The predictor of the class by counts, for discrete modalities."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Kind, Modalities
from harness_mcr import settings
from harness_mcr.donors import cells, drawn, exchanged, off_support
from harness_mcr.kinds import FusedPredictions

FLOOR = 1e-300
"""Stands for a probability of zero, whose logarithm no table can hold."""


class ExactFusion(settings.Donors):
    """p(y|x1,x2) are the shares of the classes in each cell of the training part (of all units
    where there is no split); in a cell without units, the shares of the classes overall.
    """

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> FusedPredictions:
        """Predictions for the test part ``(n, c)``.

        Raises `Incompatible` for modalities that are continuous, or three.
        """
        codes = cells(data)
        if codes is None:
            raise Incompatible("wants two discrete modalities; fusion reads others")
        if data.target is not None:
            raise Incompatible("a continuous target; exact-fusion predicts classes")
        units = np.arange(data.n)
        train, test = (units, units) if data.split is None else (data.split.train, data.split.test)
        one, two = codes
        counts = np.zeros((one.max() + 1, two.max() + 1, len(data.classes)))
        np.add.at(counts, (one[train], two[train], data.y[train]), 1)
        both = _logs(counts, counts.sum((0, 1)))
        a, b, y = one[test], two[test], data.y[test]
        donors = np.stack(
            [
                drawn(self, rest[:, None], y, self.donors, rng)
                for rest in (b.astype(np.float64), a.astype(np.float64))
            ],
            axis=1,
        )
        permuted = np.stack([both[cell] for cell in exchanged(a, b, donors)], axis=1)
        alone = [
            _logs(counts.sum(1 - m), counts.sum((0, 1)))[code] for m, code in enumerate((a, b))
        ]
        return FusedPredictions(
            both[a, b],
            permuted,
            donors,
            y,
            self.scheme,
            off_support=off_support(data, test, donors),
            alone=np.stack(alone, axis=1),
        )


def _logs(counts: Floats, overall: Floats) -> Floats:
    """Logarithms of shares along the last axis; of ``overall`` where there are no counts."""
    size = counts.sum(-1, keepdims=True)
    shares = np.where(size > 0, counts, overall) / np.where(size > 0, size, overall.sum())
    found: Floats = np.log(np.maximum(shares, FLOOR))
    return found
