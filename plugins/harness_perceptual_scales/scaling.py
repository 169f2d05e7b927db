"""Models that turn choices into scales: fitted ones, and predictions that come with the data."""

from __future__ import annotations

import numpy as np

from harness import DifferenceScaling, Incompatible, Kind, Scale, StimulusPath
from harness_perceptual_scales import settings
from harness_perceptual_scales.choices import Choices, fitted, resampled

FEW = 2
"""Resampled fits below which there is no standard error."""


class Mlds(settings.Scaling):
    """Difference scaling: the scale that makes the choices most likely."""

    def transform(
        self,
        data: DifferenceScaling | StimulusPath,
        *,
        to: type[Kind] = Scale,
        rng: np.random.Generator,
    ) -> Scale:
        """The scale with its noise, and standard errors of parametric bootstraps.

        Raises `Incompatible` without choices, and for triplets or answers that determine no scale.
        """
        choices = Choices.of(data)
        psi, noise = fitted(choices, self.method)
        stderr = None
        if self.boot >= FEW:
            again, _ = resampled(choices, psi, noise, self.method, self.boot, rng)
            stderr = again.std(axis=0, ddof=1) if len(again) >= FEW else None
        s = data.s if isinstance(data, StimulusPath) else np.linspace(0.0, 1.0, data.steps)
        return Scale(
            s, psi, stderr, data.reference, choices.triplets, choices.chosen, choices.trials,
            noise=noise,
        )  # fmt: skip


class Predicted(settings.Named):
    """A scale that was predicted elsewhere and came with the choices."""

    def transform(
        self,
        data: DifferenceScaling,
        *,
        to: type[Kind] = Scale,
        rng: np.random.Generator | None = None,
    ) -> Scale:
        """The prediction that is named. Raises `Incompatible` where there is none."""
        if data.predicted is None or data.predictions is None:
            raise Incompatible("these choices come without predicted scales")
        name = self.prediction or data.predictions[0]
        if name not in data.predictions:
            known = ", ".join(data.predictions)
            raise Incompatible(f"no prediction {name!r}; wanted one of {known}")
        psi = data.predicted[data.predictions.index(name)]
        return Scale(
            np.linspace(0.0, 1.0, data.steps), psi, None, data.reference,
            data.triplets, data.chosen, data.trials,
        )  # fmt: skip
