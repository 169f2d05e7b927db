"""Fused networks: an encoder per modality, and outputs that add what each encoder gives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness_mcr import settings


def layers(widths: Sequence[int]) -> nn.Sequential:
    """Linear maps with ReLU between them."""
    parts: list[nn.Module] = []
    for here, there in itertools.pairwise(widths):
        parts += [nn.Linear(here, there), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


class FusedNetwork(nn.Module):
    """Latent vectors z_m = f_m(x_m); each adds A_m z_m to a sum, of which the logits are made.

    With the additive head the logits are the sum and a bias; with ``mlp`` one hidden layer lies
    between. Since only the sum is common, predictions with a donor's modality need no new pass of
    the encoders and no matrix product: what a modality adds is computed once, and gathered.
    """

    def __init__(self, shape: settings.Layers, inputs: Sequence[int], classes: int) -> None:
        super().__init__()
        added = classes if shape.head == "additive" else shape.hidden[-1] if shape.hidden else 32
        self.encoders = nn.ModuleList(layers([d, *shape.hidden, shape.width]) for d in inputs)
        self.adds = nn.ModuleList(nn.Linear(shape.width, added, bias=False) for _ in inputs)
        self.alone = nn.ModuleList(nn.Linear(shape.width, classes) for _ in inputs)
        self.bias = nn.Parameter(torch.zeros(added))
        self.last = nn.Linear(added, classes) if shape.head == "mlp" else None

    def latents(self, views: Sequence[Tensor]) -> list[Tensor]:
        """z_m ``(n, width)`` of each modality."""
        return [encoder(x) for encoder, x in zip(self.encoders, views, strict=True)]

    def parts(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """What each modality adds ``(n, h)``."""
        return [add(z) for add, z in zip(self.adds, latents, strict=True)]

    def each(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """Logits ``(n, c)`` of each modality alone."""
        return [head(z) for head, z in zip(self.alone, latents, strict=True)]

    def finish(self, total: Tensor) -> Tensor:
        """Logits ``(..., c)`` of a sum of parts ``(..., h)``."""
        total = total + self.bias
        return total if self.last is None else self.last(torch.relu(total))

    def finish_held(self, total: Tensor) -> Tensor:
        """The same with the common parameters held still, so that no player moves them."""
        total = total + self.bias.detach()
        if self.last is None:
            return total
        weight, bias = self.last.weight.detach(), self.last.bias.detach()
        return nn.functional.linear(torch.relu(total), weight, bias)


class Ensemble(FusedNetwork):
    """Networks of one modality each, whose probabilities are averaged."""

    def parts(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """The probabilities that each network adds."""
        return [torch.softmax(logits, 1) / len(latents) for logits in self.each(latents)]

    def finish(self, total: Tensor) -> Tensor:
        """Logarithms of the mean probabilities; zero, which rounding makes, becomes e^-80."""
        return total.clamp_min(math.exp(-80.0)).log()
