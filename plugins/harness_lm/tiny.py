"""`tiny-lm`: a small transformer, trained on the training part, and what it makes of the test part.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness import (
    AttentionMaps,
    AttentionProfile,
    HiddenStates,
    Kind,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
)
from harness_lm import reading, weights
from harness_lm.network import Transformer
from harness_lm.reading import RowWatch
from harness_lm.rows import row_entropies
from harness_lm.tokens import Tokens
from harness_lm.training import Recipe


class TinyReader:
    """A trained network as a `harness_lm.reading.Reader`."""

    def __init__(self, network: Transformer, device: str) -> None:
        self._network, self.device = network, device
        self.start, self.window = network.start, network.design.window
        self.layers, self.heads = network.design.layers, network.design.heads

    def logits(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        return self._network(ids)

    def watched(self, ids: Tensor, watch: RowWatch) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        return self._network(ids, lambda layer, q, k: watch(layer, row_entropies(q, k)))

    def hidden(self, ids: Tensor) -> list[Tensor]:
        """See `harness_lm.reading.Reader`."""
        return self._network.hidden(ids)

    def maps(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        found: list[Tensor] = []

        def watch(layer: int, q: Tensor, k: Tensor) -> None:
            z = (q @ k.transpose(-1, -2)).double()
            found.append(
                z.masked_fill(torch.ones_like(z, dtype=torch.bool).triu(1), -torch.inf).softmax(-1)
            )

        self._network(ids, watch)
        return torch.stack(found, 1)

    def describe(self) -> str:
        """See `harness_lm.reading.Reader`."""
        return weights.describe(self._network)


@dataclass(frozen=True)
class _TinyLM:
    """The parameters that all kinds of output share."""

    layers: int = 2
    heads: int = 4
    width: int = 64
    window: int = 64
    norm: str = "layer"
    activation: str = "gelu"
    feed_forward: str = "standard"
    weight_norm: str = "none"
    normalised: str = "ffn"
    temperature: str = "fixed"
    temperature_start: float = 1.0
    entropy_penalty: float = 0.0
    entropy_margin: float = 0.2
    entropy_reference: str = "log"
    threshold_start: float = 0.5
    tokenizer: str = "native"
    vocabulary: int = 512
    steps: int = 400
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    training_seed: int = 0
    checkpoint: str = ""
    device: str = "cpu"

    def network(self, data: TokenSequences) -> tuple[Transformer, Any]:
        """The trained network and its tokenizer.

        Raises
        ------
        UsageError : sizes or parts that do not fit together, or no such checkpoint.
        Incompatible : no split, a diverged training, a vocabulary that is not the data's.
        """
        if self.checkpoint:
            return weights.load(Path(self.checkpoint), self.device)
        if self.width % self.heads:
            raise UsageError(f"tiny-lm: width {self.width} is no multiple of heads {self.heads}")
        if self.feed_forward == "fused" and (
            self.activation != "identity" or self.weight_norm != "none"
        ):
            wanted = "activation=identity and weight_norm=none"
            raise UsageError(
                f"tiny-lm: feed_forward=fused has no activation between its maps; wanted {wanted}"
            )
        if self.temperature_start <= 0:
            raise UsageError(
                f"tiny-lm: temperature_start {self.temperature_start}; wanted more than 0"
            )
        shape = {
            name: getattr(self, name)
            for name in ("window", "layers", "heads", "width", "norm", "activation", "feed_forward")
        }
        shape |= {"weight_norm": self.weight_norm, "normalised": self.normalised}
        shape |= {"temperature": self.temperature, "temperature_start": self.temperature_start}
        shape |= {"threshold_start": self.threshold_start}
        recipe = Recipe(
            **{
                f.name: getattr(self, f.name)
                for f in dataclasses.fields(Recipe)
                if f.name != "warm_up"
            }
        )
        train = data.part("train")
        return weights.obtain(
            train, shape, recipe, self.tokenizer, self.vocabulary, self.training_seed, self.device
        )

    def reader(self, data: TokenSequences) -> tuple[TinyReader, Tokens]:
        """The network, and the test part in its tokens. Raises as `network`."""
        network, tokenizer = self.network(data)
        return TinyReader(network, self.device), tokenizer.encode(data.part("test"))


@dataclass(frozen=True)
class TinyLM(_TinyLM):
    """Log-probabilities of every token of the test part."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLogProbabilities:
        """Trained on the training part (or taken from the cache), applied to the test part.

        Raises as `network`.
        """
        return reading.log_probabilities(*self.reader(data))


@dataclass(frozen=True)
class TinyLMStates(_TinyLM):
    """Hidden states of one layer at the tokens of the test part."""

    layer: int = -1

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> HiddenStates:
        """States after the embedding (layer 0) or a block.

        Raises as `network`, and as `harness_lm.reading.states`.
        """
        return reading.states(*self.reader(data), self.layer, "tiny-lm-states.layer")


@dataclass(frozen=True)
class TinyLMAttention(_TinyLM):
    """Entropies of the attention of every head, row by row, and the log-probabilities besides."""

    limit: int = 64

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionProfile:
        """Streamed layer by layer and over tiles of queries: no map is ever whole.

        Raises as `network`, and as `harness_lm.reading.full_windows`.
        """
        return reading.attention_profile(*self.reader(data), self.limit)


@dataclass(frozen=True)
class TinyLMMaps(_TinyLM):
    """Whole attention maps, for methods that compare heads key by key."""

    limit: int = 8

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionMaps:
        """Maps of full windows. Raises as `network`, and as `harness_lm.reading.full_windows`."""
        return reading.attention_maps(*self.reader(data), self.limit)
