"""What private inference pays for: nonlinear operations, beside floating-point ones.

Counts are formulas. Communication and latency are measurements of the paper (SecretFlow, two
machines, 100 Mbit/s and 80 ms): `PUBLISHED` holds them as they stand there, and nothing is
extrapolated from them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import AttentionProfile, Estimate, Incompatible
from harness_entropy_attention.settings import Pass

NEEDED = ("layers", "heads", "width", "norm", "activation", "feed_forward")


@dataclass(frozen=True)
class Cost:
    """Of a forward pass: values through each nonlinearity, and floating-point operations.

    A multiply-add is two operations.
    """

    softmax: int
    norm: int
    activation: int
    feed_forward_flops: int
    attention_flops: int

    @property
    def nonlinear(self) -> int:
        """Values through any nonlinearity."""
        return self.softmax + self.norm + self.activation


def cost(network: Mapping[str, Any], t: int) -> Cost:
    """The cost of t tokens in a network, described by what `NEEDED` names.

    Softmax: layers x heads maps of t x t. Norms: two a layer, t x width each (the last one is not
    counted, as in the paper). Activations: layers x t x 4 width. Feed-forward: 16 t width^2
    operations a layer, 2 t width^2 where it is fused; attention: 8 t width^2 + 3 t^2 width.
    """
    layers, heads, width = (int(network[name]) for name in ("layers", "heads", "width"))
    fused = network["feed_forward"] == "fused"
    return Cost(
        softmax=layers * heads * t * t,
        norm=0 if network["norm"] == "none" else 2 * layers * t * width,
        activation=0 if network["activation"] == "identity" else 4 * layers * t * width,
        feed_forward_flops=(2 if fused else 16) * t * width**2 * layers,
        attention_flops=(8 * t * width**2 + 3 * t * t * width) * layers,
    )


@dataclass(frozen=True)
class Measured:
    """A measurement of the paper: gigabytes and minutes for one token of output, and perplexity."""

    network: str
    layers: int
    t: int
    perplexity: float
    gigabytes: float
    minutes: float


PUBLISHED = (
    Measured("ln-gelu", 12, 128, 2.69, 25.32, 8.21),
    Measured("ln-relu", 12, 128, 2.76, 9.44, 6.06),
    Measured("scaled-fused", 12, 128, 3.48, 6.43, 4.76),
    Measured("regularised", 12, 128, 3.21, 6.43, 4.76),
    Measured("ln-gelu", 12, 256, 2.35, 58.51, 16.57),
    Measured("ln-relu", 12, 256, 2.41, 26.73, 12.59),
    Measured("scaled-fused", 12, 256, 3.03, 20.72, 10.45),
    Measured("regularised", 12, 256, 2.92, 20.72, 10.45),
    Measured("ln-gelu", 18, 128, 2.56, 37.17, 10.77),
    Measured("ln-relu", 18, 128, 2.63, 13.34, 8.04),
    Measured("scaled-fused", 18, 128, 3.24, 8.83, 6.07),
    Measured("regularised", 18, 128, 3.13, 8.83, 6.07),
)
"""GPT-2 of width 768 and 12 heads on CodeParrot (tables 3, 7 and 8 of the paper)."""


class PrivateInference(Pass):
    """Number of values that pass a nonlinearity in a forward pass of ``tokens`` tokens."""

    def estimate(self, data: AttentionProfile, *, rng: np.random.Generator) -> Estimate:
        """The count; each nonlinearity and the operations are in the diagnostics.

        Raises `Incompatible` where the data do not describe the network.
        """
        try:
            network = json.loads(data.network)
            found = cost(network, self.tokens or data.entropy.shape[-1])
        except (ValueError, KeyError, TypeError):
            wanted = ", ".join(NEEDED)
            raise Incompatible(f"the data do not describe the network; wanted {wanted}") from None
        parts = {
            "softmax": found.softmax,
            "norm": found.norm,
            "activation": found.activation,
            "feed_forward_flops": found.feed_forward_flops,
            "attention_flops": found.attention_flops,
        }
        return Estimate(found.nonlinear, diagnostics=parts)
