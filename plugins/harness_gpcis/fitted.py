"""The same process by GPyTorch: a mean-field posterior at the clicks, fitted at each click."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
import torch

from harness import ClickImages, Singles, single_threaded
from harness_gpcis import settings
from harness_gpcis.features import of_pixels
from harness_gpcis.heads import check_click
from harness_gpcis.playing import Maker, Player

ROWS = 16384


def process(x: torch.Tensor, length: float, jitter: float) -> Any:
    """A variational process whose inducing points are the clicks ``x``, and which gives their
    values as they are (unwhitened)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GPyTorch uses what newer versions of torch warn of
        import gpytorch

    class Process(gpytorch.models.ApproximateGP):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            law = gpytorch.variational.MeanFieldVariationalDistribution(len(x))
            strategy = gpytorch.variational.UnwhitenedVariationalStrategy(
                self, x, law, learn_inducing_locations=False, jitter_val=jitter
            )
            super().__init__(strategy)
            self.mean_module = gpytorch.means.ZeroMean()
            self.covar_module = gpytorch.kernels.RBFKernel()
            self.covar_module.lengthscale = length

        def forward(self, points: torch.Tensor) -> Any:
            return gpytorch.distributions.MultivariateNormal(
                self.mean_module(points), self.covar_module(points)
            )

    return Process().double()


class FittedHead:
    """A process that is fitted anew at each click, from the values of the last fit."""

    def __init__(self, picture: Singles, chosen: settings.Fitted) -> None:
        self._x = torch.tensor(of_pixels(picture, chosen), dtype=torch.float64)
        self._chosen = chosen
        self._places: list[int] = []
        self._signs: list[int] = []

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, len(self._x))
        self._places.append(place)
        self._signs.append(sign)

    def field(self) -> Singles:
        """The mean of the fitted posterior."""
        with single_threaded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = self.fit()
            with torch.no_grad():
                means = [fitted(rows).mean for rows in self._x.split(ROWS)]
        return torch.cat(means).numpy().astype(np.float32)

    def fit(self) -> Any:
        """The process after Adam's steps on the evidence lower bound."""
        signs = torch.tensor(self._signs, dtype=torch.float64)
        clicked = self._x[self._places]
        model = process(clicked, self._chosen.length, self._chosen.jitter)
        law = model.variational_strategy._variational_distribution
        law.variational_mean.data = self._chosen.pull * signs
        law._variational_stddev.data.fill_(1.0)
        model.variational_strategy.variational_params_initialized.fill_(1)
        z, weights = map(torch.tensor, np.polynomial.hermite_e.hermegauss(32))
        adam = torch.optim.Adam([*law.parameters()], lr=self._chosen.rate)
        model.train()
        for _ in range(self._chosen.steps):
            adam.zero_grad()
            q = model.variational_strategy.variational_distribution
            f = q.mean[:, None] + q.stddev[:, None] * z
            likely = -torch.nn.functional.softplus(-signs[:, None] * f) @ (weights / weights.sum())
            loss = model.variational_strategy.kl_divergence() - likely.sum()
            loss.backward()
            adam.step()
            model.variational_strategy._clear_cache()
        return model.eval()


class GpytorchClicks(settings.Fitted, Player):
    """GPyTorch's variational process."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Nothing is learned but the sharpness."""
        return partial(FittedHead, chosen=self)
