"""Many small networks of one shape, trained side by side."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

TRAININGS = 64
"""Number of trained ensembles that a process keeps: all seeds of one case come in a row."""


def uniform(shape: Sequence[int], draws: torch.Generator) -> Tensor:
    """Numbers uniform within -1 .. 1, drawn on the CPU."""
    return 2.0 * torch.rand(*shape, generator=draws) - 1.0


class Ensemble:
    """s fully connected networks of one shape with ReLU, each with weights of its own.

    Weights and biases start as torch's own linear layers do, uniform within 1/sqrt(inputs). They
    are drawn on the CPU, so that they start alike on every device.
    """

    def __init__(
        self,
        count: int,
        sizes: Sequence[int],
        draws: torch.Generator,
        device: torch.device | str = "cpu",
    ) -> None:
        self.maps: list[tuple[Tensor, Tensor]] = []
        for inputs, outputs in itertools.pairwise(sizes):
            bound = inputs**-0.5
            weight, bias = (
                uniform(shape, draws).mul(bound).to(device).requires_grad_()
                for shape in ((count, inputs, outputs), (count, 1, outputs))
            )
            self.maps.append((weight, bias))

    @property
    def parameters(self) -> list[Tensor]:
        """All weights and biases; the first axis is the network."""
        return [p for pair in self.maps for p in pair]

    def only(self, number: int) -> Ensemble:
        """An ensemble of that network alone, which shares its weights."""
        found = copy.copy(self)
        found.maps = [(w[number : number + 1], b[number : number + 1]) for w, b in self.maps]
        return found

    def hidden(self, x: Tensor, layer: int = 1) -> Tensor:
        """What enters the ReLU of a hidden layer, from 1: ``(s, n, width)``."""
        for weight, bias in self.maps[: layer - 1]:
            x = torch.relu(torch.baddbmm(bias, x, weight))
        weight, bias = self.maps[layer - 1]
        return torch.baddbmm(bias, x, weight)

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs ``(s, n, outputs)`` for ``x (s, n, inputs)``."""
        return self.hidden(x, len(self.maps))
