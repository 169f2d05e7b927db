"""Settings of the measures and of the task: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import Device, param

Architecture = Literal[
    "ln-gelu",
    "ln-relu",
    "ln",
    "gelu",
    "relu",
    "softmax-only",
    "weight-norm",
    "weight-norm-qk",
    "weight-norm-qk-ffn",
    "weight-norm-qkv-ffn",
    "weight-norm-qkvo-ffn",
    "spectral-norm",
    "spectral-norm-qk",
    "spectral-norm-qk-ffn",
    "spectral-norm-qkv-ffn",
    "spectral-norm-qkvo-ffn",
    "scaled",
    "scaled-fused",
    "temperature",
    "regularised",
]
"""From the usual block to attention with nothing but its softmax, and what repairs that."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What attention entropy is divided by."""

    reference: Literal["causal", "log", "row"] = param(
        "causal",
        "maximum of the entropy: of the mean over causal rows, ln t for t tokens (as in the "
        "paper), or of each row on its own",
    )


@dataclass(frozen=True, kw_only=True)
class Classes:
    """How heads are divided into collapsed, balanced and overloaded ones."""

    reference: Literal["causal", "observed"] = param(
        "causal",
        "maximum of the entropy: what causal rows can reach, or the largest entropy of a head of "
        "this model (as in the paper)",
    )
    low: float = param(
        0.25, "share of the maximum below which a head is collapsed", low=0.0, high=1.0
    )
    high: float = param(
        0.75, "share of the maximum from which on a head is overloaded", low=0.0, high=1.0
    )


@dataclass(frozen=True, kw_only=True)
class Pass:
    """The forward pass that is counted."""

    tokens: int = param(
        0, "number of tokens of the forward pass; 0 for the length of the data", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Training:
    """Architectures, and what all of them get."""

    architectures: tuple[Architecture, ...] = param(
        ("ln-gelu", "relu", "gelu", "softmax-only", "scaled-fused"),
        "architectures, one case for each",
    )
    equal: Literal["steps", "flops"] = param(
        "steps", "what is equal for all: training steps, or floating-point operations"
    )
    steps: int = param(
        400, "number of training steps (of ln-gelu, where operations are equal)", low=1
    )
    preset: Literal["none", "deep", "paper"] = param(
        "none",
        "size of the networks: deep, 12 layers of 12 heads, width 96, windows of 128 tokens; "
        "paper, the same with width 768, as GPT-2; none for what layers, heads, width and window "
        "say",
    )
    layers: int = param(4, "number of transformer blocks", low=1)
    heads: int = param(4, "number of attention heads in a block", low=1)
    width: int = param(64, "width of the hidden states; a multiple of heads", low=1)
    window: int = param(64, "number of tokens that the network can see", low=2)
    entropy_penalty: float = param(
        1e-2, "weight in the loss of the entropy penalty of the architecture regularised", low=0.0
    )
    entropy_margin: tuple[float, ...] = param(
        (0.2,),
        "distances from the target within which a head has no entropy penalty, as shares of ln t; "
        "one case of the architecture regularised for each",
        low=0.0,
    )
    temperature_start: float = param(1.0, "initial value of learned temperatures", above=0.0)
    windows: int = param(
        64, "largest number of windows of test text that attention is measured on", low=1
    )
    dataset: str = param(
        "pydoc", "text: pydoc, a text or Parquet file, or a Hugging Face id (see pydoc-text)"
    )

    @property
    def size(self) -> dict[str, int]:
        """Layers, heads, width and window of the networks, by name."""
        if self.preset != "none":
            width = 96 if self.preset == "deep" else 768
            return {"layers": 12, "heads": 12, "width": width, "window": 128}
        named = ("layers", "heads", "width", "window")
        return {name: getattr(self, name) for name in named}


@dataclass(frozen=True, kw_only=True)
class Architectures(Device, Training):
    """Parameters of `attention-architectures`."""
