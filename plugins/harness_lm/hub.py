"""`hf-causal-lm`: any causal model of transformers, from a folder or the hub, as it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from harness import (
    AttentionMaps,
    AttentionProfile,
    HeadStates,
    HiddenStates,
    Incompatible,
    Kind,
    PointedAttention,
    TokenLaws,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
    quiet_transformers,
)
from harness_lm import reading, settings
from harness_lm.hub_reader import HubReader
from harness_lm.pointers import refuse_idle_dial, refuse_rule
from harness_lm.texts import encode_texts
from harness_lm.tokens import Tokens

LONGEST = 1024
"""Tokens of a window, where the model would allow more and nothing is asked for."""


@lru_cache(maxsize=1)
def load(name: str, dtype: str, device: str) -> tuple[Any, Any]:
    """A model in evaluation mode and its tokenizer (None where it has none).

    Raises
    ------
    UsageError : it cannot be loaded, it wants code of its own, its tokenizer has more tokens than
        the model, or the device is absent.
    Incompatible : no model is named, or it is not causal.
    """
    if not name:
        raise Incompatible(
            "the parameter model is empty; wanted a folder of a checkpoint, or a Hugging Face id"
        )
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device 'cuda': torch sees no GPU here; wanted device=cpu")
    model: Any  # its own types know no name of a device
    try:
        config = AutoConfig.from_pretrained(name)
        with torch.random.fork_rng(devices=[]), quiet_transformers():
            model = AutoModelForCausalLM.from_pretrained(
                name, config=config, dtype=getattr(torch, dtype)
            )
    except Exception as error:  # whatever the files, the hub or the library raise
        first = " ".join(str(error).split())[:200]
        raise UsageError(
            f"hf-causal-lm.model: {name!r} cannot be loaded as a causal language model "
            f"({type(error).__name__}: {first}); wanted a folder or a Hugging Face id of one that "
            "needs no code of its own; for gated models log in with `hf auth login`"
        ) from error
    model = model.to(device).eval()
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except Exception:  # a model of codes has none
        tokenizer = None
    rows = model.get_input_embeddings().weight.shape[0]
    if tokenizer is not None and len(tokenizer) > rows:
        raise UsageError(
            f"hf-causal-lm.model: {name}: the tokenizer has {len(tokenizer)} tokens, "
            f"the model has {rows}"
        )
    _refuse_acausal(model, rows, device)
    return model, tokenizer


@torch.no_grad()
def _refuse_acausal(model: Any, rows: int, device: str) -> None:
    """Change the last of four tokens: a causal model gives the same logits before it."""
    ids = torch.tensor([[0, 1 % rows, 0, 0], [0, 1 % rows, 0, 1 % rows]], device=device)
    first, second = model(input_ids=ids, use_cache=False).logits[:, :3].float()
    if not torch.allclose(first, second, atol=1e-3, rtol=1e-3):
        kind = model.config.model_type
        raise Incompatible(f"{kind}: earlier positions see later tokens; wanted a causal model")


class _Loaded(settings.HubLM):
    """A model of transformers: what all kinds of output share. Nothing is trained."""

    def reader(self, data: TokenSequences) -> tuple[HubReader, Tokens]:
        """The model, and the test part (all data where there is no split) in its tokens.

        Bytes are read as text and cut by the model's own tokenizer; codes are fed as they are.

        Raises
        ------
        UsageError : see `load`; or a window longer than the model's; or a dial that does nothing.
        Incompatible : more symbols than the model has tokens, bytes that are no UTF-8, no tokenizer
            for text, or no token to begin with.
        """
        refuse_idle_dial(self, "hf-causal-lm", conditioned=False)
        if self.dial_bias == "targets":
            self.refuse_rule(data)
        model, tokenizer = load(self.model, self.dtype, self.device)
        own = int(getattr(model.config, "max_position_embeddings", 0) or LONGEST)
        if self.window > own:
            raise UsageError(
                f"hf-causal-lm.window: {self.window}; {self.model} can see at most {own} tokens"
            )
        rows = model.get_input_embeddings().weight.shape[0]
        start = _start(model.config, rows)
        part = data.evaluated()
        if part.alphabet == "bytes":
            if tokenizer is None:
                raise Incompatible(f"{self.model} has no tokenizer, but the data are text")
            tokens = encode_texts(part, tokenizer)
        elif part.vocab_size > rows:
            raise Incompatible(
                f"the data have {part.vocab_size} symbols, {self.model} has {rows} tokens"
            )
        else:
            tokens = Tokens(part.ids, np.ones_like(part.ids), part.offsets)
        window = self.window or min(own, LONGEST)
        return HubReader(model, start, window, self.device, self), tokens

    def refuse_rule(self, data: TokenSequences) -> None:
        """Raise where the rule does not suit the data, as `harness_lm.pointers.refuse_rule`."""
        refuse_rule(self.rule, data, native=False)


def _start(config: Any, rows: int) -> int:
    """The token before the first: the one that begins texts, or else the one that ends them."""
    for name in ("bos_token_id", "eos_token_id"):
        found = getattr(config, name, None)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, int):
            if found >= rows:
                raise Incompatible(f"{name} is {found}, but the model has {rows} tokens")
            return found
    raise Incompatible(
        "the model has no token to begin or end a text with, so the first token cannot be judged"
    )


class HubLM(_Loaded):
    """Log-probabilities of every token."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLogProbabilities:
        """ln p of the tokens of the test part; of all where there is no split.

        Raises as `reader`.
        """
        return reading.log_probabilities(*self.reader(data))


class HubLMStates(_Loaded, settings.HubStates):
    """Hidden states of one layer."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> HiddenStates:
        """States after the embedding (layer 0) or a block.

        Raises as `reader`, and as `harness_lm.reading.states`.
        """
        return reading.states(*self.reader(data), self.layer, "hf-causal-lm-states.layer")


class HubLMAttention(_Loaded, settings.HubAttention):
    """Entropies of attention rows, streamed by layer."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionProfile:
        """No map is ever whole. Raises as `reader`, and as `harness_lm.reading.full_windows`."""
        return reading.attention_profile(*self.reader(data), self.limit)


class HubLMMaps(_Loaded, settings.HubMaps):
    """Whole attention maps."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionMaps:
        """Maps of full windows. Raises as `reader`, and as `harness_lm.reading.full_windows`."""
        return reading.attention_maps(*self.reader(data), self.limit)


class HubLMPointers(_Loaded, settings.HubPointers):
    """How much of the attention of every head is on the keys that a rule points to."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> PointedAttention:
        """No map is ever whole. Raises as `reader` and `harness_lm.reading.pointed_attention`."""
        self.refuse_rule(data)
        return reading.pointed_attention(*self.reader(data), self.limit, self.rule)


class HubLMLaws(_Loaded, settings.HubLaws):
    """Laws of the next token."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLaws:
        """``full`` given what stands before in the window, ``blind`` given nothing.

        Raises as `reader`.
        """
        return reading.token_laws(*self.reader(data), self.limit)


class HubLMHead(_Loaded, settings.HubHead):
    """What the output layer reads, and its weights."""

    def transform(
        self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> HeadStates:
        """States as the output layer gets them. Raises as `reader`, and as `HubReader.head`."""
        return reading.head_states(*self.reader(data), self.limit)
