"""Small networks as plain lists of tensors, initialized by the generator that the caller gives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

BLOCK = 1 << 20
"""Number of critic evaluations at a time where all pairs are scored."""


class Dense:
    """Fully connected layers with ReLU between them: ``(..., sizes[0]) -> (..., sizes[-1])``.

    Weights and biases are uniform on +-1/sqrt(inputs).
    """

    def __init__(
        self, sizes: Sequence[int], generator: torch.Generator, device: torch.device
    ) -> None:
        self.weights: list[Tensor] = []
        self.biases: list[Tensor] = []
        for inputs, outputs in itertools.pairwise(sizes):
            for group, shape in ((self.weights, (inputs, outputs)), (self.biases, (outputs,))):
                start = (2.0 * torch.rand(shape, generator=generator) - 1.0) / math.sqrt(inputs)
                group.append(start.to(device).requires_grad_())

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return [*self.weights, *self.biases]

    def __call__(self, x: Tensor) -> Tensor:
        """The outputs for a stack of inputs."""
        return self.after_first(torch.matmul(x, self.weights[0]) + self.biases[0])

    def after_first(self, h: Tensor) -> Tensor:
        """The layers that follow the first, from its outputs ``h`` before the ReLU."""
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            h = torch.matmul(torch.relu(h), weight) + bias
        return h


class Concat:
    """One network of both variables, T(x, y) = f([x, y]): the more expressive critic, with a call
    per pair.

    The first layer is linear, so its two halves are computed once per sample and added per pair.
    """

    def __init__(
        self,
        dx: int,
        dy: int,
        hidden: Sequence[int],
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.dx = dx
        self.net = Dense([dx + dy, *hidden, 1], generator, device)

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return self.net.parameters()

    def _halves(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        first = self.net.weights[0]
        hx = torch.matmul(x, first[: self.dx]) + self.net.biases[0]
        return hx, torch.matmul(y, first[self.dx :])

    def shifted(self, x: Tensor, y: Tensor, shifts: Sequence[int]) -> Tensor:
        """Scores ``(len(shifts), n)`` of x_i with y_(i+s); shift 0 are the pairs themselves."""
        hx, hy = self._halves(x, y)
        partners = torch.stack([hy.roll(-s, 0) for s in shifts])
        return self.net.after_first(hx + partners)[..., 0]

    def own(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of the pairs themselves ``(n,)``."""
        return self.shifted(x, y, [0])[0]

    def matrix(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of every x with every y ``(n, m)``."""
        hx, hy = self._halves(x, y)
        return self.net.after_first(hx[:, None, :] + hy[None, :, :])[..., 0]


class Separable:
    """One network for each variable, T(x, y) = f(x) . g(y): all pairs of a batch by one matrix
    product.
    """

    def __init__(
        self,
        dx: int,
        dy: int,
        hidden: Sequence[int],
        width: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.f = Dense([dx, *hidden, width], generator, device)
        self.g = Dense([dy, *hidden, width], generator, device)

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return [*self.f.parameters(), *self.g.parameters()]

    def own(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of the pairs themselves ``(n,)``."""
        return (self.f(x) * self.g(y)).sum(1)

    def matrix(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of every x with every y ``(n, m)``."""
        return torch.matmul(self.f(x), self.g(y).T)


Critic = Concat | Separable
