"""Torch networks of this plugin."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness import Incompatible

SLOPE = 0.2
"""Slope of the leaky ReLU left of zero. A plain ReLU gives exact zeros, which stay zero under noise
in proportion."""


def dense(sizes: Sequence[int]) -> nn.Sequential:
    """Fully connected layers with leaky ReLU between them ``(n, sizes[0]) -> (n, sizes[-1])``."""
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.LeakyReLU(SLOPE)] if i else []
        layers += [nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)


def dense_pair(d: int, hidden: Sequence[int], code_dim: int) -> tuple[nn.Module, nn.Module]:
    """Encoder ``(n, d) -> (n, code_dim)`` with codes within +-1, and its mirror, the decoder."""
    encoder = nn.Sequential(dense([d, *hidden, code_dim]), nn.Tanh())
    return encoder, dense([code_dim, *reversed(hidden), d])


def conv_pair(
    d: int, channels: Sequence[int], code_dim: int, where: str
) -> tuple[nn.Module, nn.Module]:
    """An encoder and a decoder with 3x3 convolutions, each of which halves or doubles the side, for
    flat square pictures of 1 or 3 colours.

    Raises `Incompatible` where d is not the size of such a picture, or its side cannot be halved
    that often.
    """
    colours, side = square(d)
    halvings = 2 ** len(channels)
    if not colours or side % halvings:
        raise Incompatible(
            f"{where}: {d} columns; layers=conv with {len(channels)} layers wants flat square "
            f"pictures whose side {halvings} divides, or layers=dense"
        )
    small = side // halvings
    encoder: list[nn.Module] = [nn.Unflatten(1, (colours, side, side))]
    for inputs, outputs in zip([colours, *channels[:-1]], channels, strict=True):
        encoder += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
    encoder += [nn.Flatten(), nn.Linear(channels[-1] * small**2, code_dim), nn.Tanh()]
    decoder: list[nn.Module] = [
        nn.Linear(code_dim, channels[-1] * small**2),
        nn.Unflatten(1, (channels[-1], small, small)),
    ]
    back = [*reversed(channels), colours]
    for inputs, outputs in itertools.pairwise(back):
        decoder += [
            nn.LeakyReLU(SLOPE),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(inputs, outputs, 3, padding=1),
        ]
    return nn.Sequential(*encoder), nn.Sequential(*decoder, nn.Flatten())


def square(d: int) -> tuple[int, int]:
    """Colours and side of a flat square picture of d values and 1 or 3 colours; zeros where d is
    the size of none."""
    found = ((c, s) for c in (1, 3) if c * (s := math.isqrt(d // c)) ** 2 == d)
    return next(found, (0, 0))


def halving(d: int, channels: Sequence[int], where: str) -> tuple[list[nn.Module], int]:
    """3x3 convolutions of flat square pictures ``(n, d)``, each of which halves the side (rounded
    up), with flat outputs; and the width of the last.

    Raises `Incompatible` where d is not the size of a square picture of 1 or 3 colours.
    """
    inputs, side = square(d)
    if not side:
        raise Incompatible(f"{where}: {d} values a picture; wanted square pictures, or no channels")
    maps: list[nn.Module] = []
    for outputs in channels:
        unflat = nn.Unflatten(1, (inputs, side, side))
        maps.append(
            nn.Sequential(unflat, nn.Conv2d(inputs, outputs, 3, 2, padding=1), nn.Flatten())
        )
        inputs, side = outputs, -(-side // 2)
    return maps, inputs * side**2


class StochasticMLP(nn.Module):
    """A network with Gaussian noise in front of every linear map: L_l = f_l(L_(l-1) + Z_l).

    Without noise I(X;L) of a continuous X is infinite for almost all weights (Goldfeld et al.
    2019).

    Parameters
    ----------
    sizes : widths from input to output; leaky ReLU after all but the last map.
    channels : of convolutions in front of the linear maps (`halving`).
    sigma : standard deviation of the noise, which is there in training and in use.
    noise : ``absolute``, or ``relative`` for sigma times the activation that it is added to.
    """

    def __init__(
        self, sizes: Sequence[int], sigma: float, noise: str, channels: Sequence[int] = ()
    ) -> None:
        super().__init__()
        maps, first = halving(sizes[0], channels, "ib-plane") if channels else ([], sizes[0])
        widths = itertools.pairwise((first, *sizes[1:]))
        self.maps = nn.ModuleList([*maps, *(nn.Linear(a, b) for a, b in widths)])
        self.sigma, self.relative = sigma, noise == "relative"

    def forward(self, x: Tensor, generator: torch.Generator) -> list[Tensor]:
        """The activations of every layer, ``(n, width)`` each; the last are the logits.

        The generator draws on the CPU, so that the noise is the same on every device.
        """
        layers = []
        for i, linear in enumerate(self.maps):
            z = self.sigma * torch.randn(x.shape, generator=generator).to(x.device)
            x = linear(x + (z * x if self.relative else z))
            if i < len(self.maps) - 1:
                x = nn.functional.leaky_relu(x, SLOPE)
            layers.append(x)
        return layers
