"""`tiny-lm`: a small transformer, trained on the training part and applied to the test part."""

from __future__ import annotations

from pathlib import Path

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
from harness_lm import reading, settings, weights
from harness_lm.network import Transformer
from harness_lm.reading import RowWatch
from harness_lm.rows import row_entropies
from harness_lm.tokens import Tokenizer, Tokens


class TinyReader:
    """A trained network as a `harness_lm.reading.Reader`."""

    def __init__(self, network: Transformer, device: str) -> None:
        self._network, self.device = network, device
        self.start, self.window = network.start, network.design.window
        self.layers, self.heads = network.design.layers, network.design.heads

    def logits(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        found: Tensor = self._network(ids)
        return found

    def watched(self, ids: Tensor, watch: RowWatch) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        found: Tensor = self._network(ids, lambda layer, q, k: watch(layer, row_entropies(q, k)))
        return found

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


class _Trained(settings.TinyLM):
    """A small transformer, trained or taken from the cache: what all kinds of output share."""

    def network(self, data: TokenSequences) -> tuple[Transformer, Tokenizer]:
        """The trained network and its tokenizer.

        Raises
        ------
        UsageError : sizes or parts that do not fit together, or there is no such checkpoint.
        Incompatible : no split, a diverged training, or a vocabulary that is not that of the data.
        """
        if self.checkpoint:
            return weights.load(Path(self.checkpoint), self.device)
        if self.width % self.heads:
            raise UsageError(f"tiny-lm: width {self.width} is not a multiple of heads {self.heads}")
        if self.feed_forward == "fused" and (
            self.activation != "identity" or self.weight_norm != "none"
        ):
            raise UsageError(
                "tiny-lm: feed_forward=fused has no activation between its maps; "
                "wanted activation=identity and weight_norm=none"
            )
        return weights.obtain(data.part("train"), self, self.device)

    def reader(self, data: TokenSequences) -> tuple[TinyReader, Tokens]:
        """The network, and the test part in its tokens. Raises as `network`."""
        network, tokenizer = self.network(data)
        return TinyReader(network, self.device), tokenizer.encode(data.part("test"))


class TinyLM(_Trained):
    """Log-probabilities of every token of the test part."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLogProbabilities:
        """Trained on the training part (or taken from the cache), applied to the test part.

        Raises as `network`.
        """
        return reading.log_probabilities(*self.reader(data))


class TinyLMStates(_Trained, settings.TinyStates):
    """Hidden states of one layer at the tokens of the test part."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> HiddenStates:
        """States after the embedding (layer 0) or a block.

        Raises as `network`, and as `harness_lm.reading.states`.
        """
        return reading.states(*self.reader(data), self.layer, "tiny-lm-states.layer")


class TinyLMAttention(_Trained, settings.TinyAttention):
    """Entropies of the attention rows of every head, and log-probabilities of the tokens."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionProfile:
        """Computed layer by layer and over tiles of queries: no map is ever held as a whole.

        Raises as `network`, and as `harness_lm.reading.full_windows`.
        """
        return reading.attention_profile(*self.reader(data), self.limit)


class TinyLMMaps(_Trained, settings.TinyMaps):
    """Whole attention maps, for methods that compare heads key by key."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionMaps:
        """Maps of full windows. Raises as `network`, and as `harness_lm.reading.full_windows`."""
        return reading.attention_maps(*self.reader(data), self.limit)
