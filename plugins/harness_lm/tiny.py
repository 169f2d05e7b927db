"""`tiny-lm`: a small transformer, trained on the training part and applied to the test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from harness import (
    AttentionMaps,
    AttentionProfile,
    HeadStates,
    HiddenStates,
    Kind,
    PointedAttention,
    TokenLaws,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
)
from harness_lm import reading, settings, weights
from harness_lm.network import Bias, Transformer, Watch
from harness_lm.pointers import dial_bias, refuse_idle_dial, refuse_rule
from harness_lm.tokens import Tokenizer, Tokens


class TinyReader:
    """A trained network, with its dial, as a `harness_lm.reading.Reader`."""

    def __init__(self, network: Transformer, device: str, dial: settings.Dial) -> None:
        self._network, self.device, self._dial = network, device, dial
        self.start, self.window = network.start, network.design.window
        self.layers, self.heads = network.design.layers, network.design.heads

    def _bias(self, ids: Tensor) -> Bias | None:
        return dial_bias(self._dial, ids, self.layers)

    def logits(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        found: Tensor = self._network(ids, None, self._bias(ids), self._dial.dial)
        return found

    def watched(self, ids: Tensor, watch: Watch) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        found: Tensor = self._network(ids, watch, self._bias(ids), self._dial.dial)
        return found

    def hidden(self, ids: Tensor) -> list[Tensor]:
        """See `harness_lm.reading.Reader`."""
        return self._network.hidden(ids, None, self._bias(ids), self._dial.dial)

    def head(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        return self._network.read(self.hidden(ids)[-1])

    def output(self) -> tuple[Tensor, Tensor | None]:
        """See `harness_lm.reading.Reader`."""
        return self._network.head.weight, None

    def maps(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        return reading.watched_maps(self, ids)

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
            if self.at_step:
                raise UsageError("tiny-lm: both checkpoint and at_step; a file is of one step")
            return weights.load(Path(self.checkpoint), self.device)
        if self.at_step > self.steps:
            raise UsageError(f"tiny-lm.at_step: {self.at_step} of steps={self.steps}")
        if self.width % self.heads:
            raise UsageError(f"tiny-lm: width {self.width} is not a multiple of heads {self.heads}")
        if self.feed_forward == "fused" and (
            self.activation != "identity" or self.weight_norm != "none"
        ):
            raise UsageError(
                "tiny-lm: feed_forward=fused has no activation between its maps; "
                "wanted activation=identity and weight_norm=none"
            )
        if self.feed_forward == "none" and self.weight_norm != "none" and "ffn" in self.normalised:
            raise UsageError(
                f"tiny-lm: normalised={self.normalised} and feed_forward=none; wanted normalised=qk"
            )
        return weights.obtain(data.part("train"), self, self.device, self.at_step)

    def reader(self, data: TokenSequences) -> tuple[TinyReader, Tokens]:
        """The network, and the test part in its tokens.

        Raises as `network`, and where the dial or its rule does not suit the data or the network.
        """
        if self.dial_bias == "targets":
            self.refuse_rule(data)
        network, tokenizer = self.network(data)
        refuse_idle_dial(self, "tiny-lm", conditioned=network.design.dial_conditioned)
        return TinyReader(network, self.device, self), tokenizer.encode(data.part("test"))

    def refuse_rule(self, data: TokenSequences) -> None:
        """Raise where the rule does not suit the data, as `harness_lm.pointers.refuse_rule`."""
        refuse_rule(self.rule, data, native=self.tokenizer == "native")


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


class TinyLMPointers(_Trained, settings.TinyPointers):
    """How much of the attention of every head is on the keys that a rule points to."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> PointedAttention:
        """Computed layer by layer and over tiles of queries: no map is ever held as a whole.

        Raises as `network`, and as `harness_lm.reading.pointed_attention`.
        """
        self.refuse_rule(data)
        return reading.pointed_attention(*self.reader(data), self.limit, self.rule)


class TinyLMLaws(_Trained, settings.TinyLaws):
    """Laws of the next token."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLaws:
        """``full`` given what stands before in the window, ``blind`` given nothing.

        Raises as `network`.
        """
        return reading.token_laws(*self.reader(data), self.limit)


class TinyLMHead(_Trained, settings.TinyHead):
    """What the output layer reads, and its weights."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> HeadStates:
        """States after the last normalization. Raises as `network`."""
        return reading.head_states(*self.reader(data), self.limit)
