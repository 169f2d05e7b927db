"""Toy models of superposition: M sparse features through N < M units and back (Elhage 2022).

x = W f, f' = ReLU(W^T x + b), each feature uniform within 0 .. 1 with probability 1 - S, else zero;
the loss is the squared error weighted by importance. How many features a model keeps can be read
off W, so that the truth is known.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from harness import Activations, Case, Floats, UsageError, single_threaded, stream, torch_generator
from harness_networks import settings
from harness_networks.runtime import TRAININGS
from harness_networks.shares import effective


class ToySuperposition(settings.ToySuperposition):
    """One case per sparsity; the data are x.

    The truth is exp of the entropy of the shares of the lengths of W's columns (Bereska et al.
    2025, section on toy models). All models are trained in one pass. ``features`` and ``frobenius``
    (|W|^2 / N) are facts.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Even sparsities, 0.001 to 0.999. Raises `UsageError` for fewer features than units."""
        if self.features < self.units:
            raise UsageError(
                f"toy-superposition: {self.features} features for {self.units} units; wanted "
                "at least as many features as units"
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
        """The weights ``(models, units, features)``, trained once in a process."""
        return _trained(self, seed)

    def _activations(self, number: int, seed: int) -> Activations:
        sparsity = self.sparsities()[number]
        rng = stream(seed, "toy-superposition", "activations", str(number))
        values = rng.random((self.n, self.features))
        features = values * (rng.random((self.n, self.features)) >= sparsity)
        return Activations(features @ self.trained(seed)[number].T, layer="hidden")


@functools.lru_cache(maxsize=TRAININGS)
def _trained(task: ToySuperposition, seed: int) -> Floats:
    draws = torch_generator(stream(seed, "toy-superposition", "models"))
    shape = (task.models, task.units, task.features)
    with single_threaded(task.device) as device:
        scale = (2.0 / (task.units + task.features)) ** 0.5
        weights = (torch.randn(shape, generator=draws) * scale).to(device)
        bias = torch.zeros((task.models, 1, task.features), device=device)
        importance = task.importance ** torch.arange(float(task.features), device=device)
        active = torch.tensor(1.0 - task.sparsities(), dtype=torch.float32, device=device)
        active = active[:, None, None]
        for tensor in (weights, bias):
            tensor.grad = torch.zeros_like(tensor)
        adam = torch.optim.Adam([weights, bias], lr=task.learning_rate, fused=True)
        for _ in range(task.steps):
            # A uniform number below P(active), over it, is uniform again: one draw is enough.
            drawn = torch.rand((task.batch, task.features), generator=draws)
            features = drawn.to(device) / active
            features.mul_(features < 1.0)
            _gradients(weights, bias, features, importance)
            adam.step()
        found: Floats = weights.double().cpu().numpy()
    found.flags.writeable = False
    return found


def _gradients(weights: Tensor, bias: Tensor, features: Tensor, importance: Tensor) -> None:
    """Gradients of the mean weighted squared error of ``features (models, n, M)``, to ``grad``."""
    assert weights.grad is not None
    assert bias.grad is not None
    hidden = torch.bmm(features, weights.mT)
    out = torch.baddbmm(bias, hidden, weights).relu_()
    slope = (out - features).mul_(out.sign()).mul_(importance * (2.0 / features.shape[1]))
    torch.bmm(hidden.mT, slope, out=weights.grad)
    weights.grad.baddbmm_(torch.bmm(slope, weights.mT).mT, features)
    torch.sum(slope, dim=1, keepdim=True, out=bias.grad)
