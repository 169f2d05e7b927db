"""Toy models of superposition: M sparse features through N < M units and back by the same weights (Elhage 2022).

x = W f, f' = ReLU(W^T x + b), each feature uniform within 0 .. 1 with probability 1 - S, else zero; the loss is the
square error weighted by importance. How many features a model keeps can be read off W, so that the truth is known.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from harness import Activations, Case, Floats, UsageError, calm, stream, torch_generator
from harness_networks.runtime import TRAININGS
from harness_networks.shares import effective


@dataclass(frozen=True)
class ToySuperposition:
    """One case per sparsity; the data are x. The truth is exp of the entropy of the shares of the columns' lengths.

    Bereska et al. 2025, section on toy models. All models are trained in one pass. ``features`` and ``frobenius``
    (|W|^2 / N) are facts.
    """

    models: int = 16
    features: int = 20
    units: int = 5
    importance: float = 0.7
    n: int = 4000
    steps: int = 4000
    batch: int = 256
    learning_rate: float = 5e-3

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Sparsities evenly from 0.001 to 0.999. Raises `UsageError` where there are fewer features than units."""
        if self.features < self.units:
            raise UsageError(
                f"toy-superposition: {self.features} features for {self.units} units; wanted more of them"
            )
        weights = self.trained(seed)
        for number, (sparsity, matrix) in enumerate(zip(self.sparsities(), weights, strict=True)):
            lengths = np.linalg.norm(matrix, axis=0)
            count = effective(lengths)
            yield Case(
                id=f"sparsity-{sparsity:.3f}",
                data=partial(self._activations, number, seed),
                truth={"effective_features": count},
                facts={
                    "sparsity": round(float(sparsity), 3),
                    "units": self.units,
                    "features": round(count, 4),
                    "frobenius": round(float((lengths**2).sum()) / self.units, 4),
                },
                stamp="",
            )

    def sparsities(self) -> Floats:
        """P(feature is zero) of each model."""
        return np.linspace(0.001, 0.999, self.models)

    def trained(self, seed: int) -> Floats:
        """The weights ``(models, units, features)``; trained now if they were not in this process."""
        return _trained(astuple(self), seed)

    def _activations(self, number: int, seed: int) -> Activations:
        sparsity = self.sparsities()[number]
        rng = stream(seed, "toy-superposition", "activations", str(number))
        features = rng.random((self.n, self.features)) * (
            rng.random((self.n, self.features)) >= sparsity
        )
        return Activations(features @ self.trained(seed)[number].T, layer="hidden")


@functools.lru_cache(maxsize=TRAININGS)
def _trained(settings: tuple[object, ...], seed: int) -> Floats:
    task = ToySuperposition(*settings)  # type: ignore[arg-type]
    draws = torch_generator(stream(seed, "toy-superposition", "models"))
    shape = (task.models, task.units, task.features)
    with calm():
        weights = torch.randn(shape, generator=draws) * (2.0 / (task.units + task.features)) ** 0.5
        bias = torch.zeros((task.models, 1, task.features))
        importance = task.importance ** torch.arange(float(task.features))
        active = torch.tensor(1.0 - task.sparsities(), dtype=torch.float32)[:, None, None]
        for tensor in (weights, bias):
            tensor.grad = torch.zeros_like(tensor)
        adam = torch.optim.Adam([weights, bias], lr=task.learning_rate, fused=True)
        for _ in range(task.steps):
            # A uniform number below P(active), divided by it, is uniform again: one draw says whether and how much.
            features = torch.rand((task.batch, task.features), generator=draws) / active
            features.mul_(features < 1.0)
            _gradients(weights, bias, features, importance)
            adam.step()
        found = weights.double().numpy()
    found.flags.writeable = False
    return found


def _gradients(weights: Tensor, bias: Tensor, features: Tensor, importance: Tensor) -> None:
    """Those of the mean weighted square error on ``features (models, n, M)``, into ``grad``."""
    assert weights.grad is not None
    assert bias.grad is not None
    hidden = torch.bmm(features, weights.mT)
    out = torch.baddbmm(bias, hidden, weights).relu_()
    slope = (out - features).mul_(out.sign()).mul_(importance * (2.0 / features.shape[1]))
    torch.bmm(hidden.mT, slope, out=weights.grad)
    weights.grad.baddbmm_(torch.bmm(slope, weights.mT).mT, features)
    torch.sum(slope, dim=1, keepdim=True, out=bias.grad)
