"""`tiny-lm`: a small transformer, trained on the training part, and what it makes of the test part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness import (
    AttentionMaps,
    AttentionProfile,
    HiddenStates,
    Incompatible,
    Kind,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
)
from harness_lm import weights
from harness_lm.network import Transformer
from harness_lm.profile import ProfileRows, token_log_p
from harness_lm.runtime import calm, halving
from harness_lm.tokens import Tokens
from harness_lm.training import Recipe, pieces

BATCH = 32
"""Windows that are read together, once the network is trained."""


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
        if self.feed_forward == "fused" and (self.activation != "identity" or self.weight_norm != "none"):
            wanted = "activation=identity and weight_norm=none"
            raise UsageError(f"tiny-lm: feed_forward=fused has no activation between its maps; wanted {wanted}")
        if self.temperature_start <= 0:
            raise UsageError(f"tiny-lm: temperature_start {self.temperature_start}; wanted more than 0")
        shape = {
            name: getattr(self, name)
            for name in ("window", "layers", "heads", "width", "norm", "activation", "feed_forward", "weight_norm")
        }
        shape |= {"temperature": self.temperature, "temperature_start": self.temperature_start}
        shape |= {"threshold_start": self.threshold_start}
        recipe = Recipe(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Recipe) if f.name != "warm_up"})
        train = data.part("train")
        return weights.obtain(train, shape, recipe, self.tokenizer, self.vocabulary, self.training_seed, self.device)

    def reader(self, data: TokenSequences) -> tuple[Transformer, Tokens]:
        """The network, and the test part in its tokens. Raises as `network`."""
        network, tokenizer = self.network(data)
        return network, tokenizer.encode(data.part("test") if data.split is not None else data)


def _windows(tokens: Tokens, network: Transformer) -> list[tuple[int, int, int]]:
    return list(pieces(np.diff(tokens.offsets), network.design.window))


def _padded(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Sequences as rows ``(batch, t)``, -1 beyond their ends."""
    out = np.full((len(parts), max(map(len, parts))), -1)
    for row, part in enumerate(parts):
        out[row, : len(part)] = part
    return out


def _opened(network: Transformer, tokens: Tokens, i: int) -> NDArray[np.int64]:
    """A sequence with the start token before it."""
    return np.concatenate([[network.start], tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]])


def _inputs(parts: list[NDArray[np.int64]], device: str) -> Tensor:
    return torch.tensor(np.maximum(_padded(parts), 0), device=device)


def _read(
    network: Transformer, tokens: Tokens, chosen: list[tuple[int, int, int]], device: str
) -> tuple[Tensor, NDArray[np.int64]]:
    """Inputs ``(batch, t)`` of some windows, and the tokens to predict ``(batch, t)``, -1 beyond an end."""
    t = network.design.window
    opened = [_opened(network, tokens, i)[first : first + t + 1] for i, first, _ in chosen]
    return _inputs([o[:-1] for o in opened], device), _padded([o[1:] for o in opened])


def _groups(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@dataclass(frozen=True)
class TinyLM(_TinyLM):
    """Log-probabilities of every token of the test part.

    Sequences longer than the window are read in windows that overlap by half.
    """

    def transform(self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator) -> TokenLogProbabilities:
        """Trained on the training part (or taken from the cache), applied to the test part. Raises as `network`."""
        network, tokens = self.reader(data)
        log_p, context = np.zeros(len(tokens.ids)), np.zeros(len(tokens.ids), np.int64)

        def work(batch: int) -> None:
            for chosen in _groups(_windows(tokens, network), batch):
                inputs, targets = _read(network, tokens, chosen, self.device)
                found = token_log_p(network(inputs), targets)
                for row, (i, first, counts) in enumerate(chosen):
                    length = int((targets[row] >= 0).sum())
                    at = tokens.offsets[i] + np.arange(counts, first + length)
                    log_p[at] = found[row, counts - first : length]
                    # A window that does not open its sequence starts with the token before it.
                    context[at] = np.arange(counts, first + length) - (first - 1 if first else 0)

        with calm(self.device, np.random.default_rng(0)), torch.no_grad():
            halving(BATCH, work)
        return TokenLogProbabilities(log_p, tokens.symbols, context, tokens.offsets)


@dataclass(frozen=True)
class TinyLMStates(_TinyLM):
    """Hidden states of one layer at the tokens of the test part."""

    layer: int = -1

    def transform(self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator) -> HiddenStates:
        """States after the embedding (layer 0) or a block; negative numbers count from the last. Raises as `network`,
        and `UsageError` for a layer that is not there.
        """
        network, tokens = self.reader(data)
        layers = network.design.layers
        layer = self.layer + layers + 1 if self.layer < 0 else self.layer
        if not 0 <= layer <= layers:
            raise UsageError(f"tiny-lm-states.layer {self.layer}; wanted {-layers - 1} to {layers}")
        x = np.zeros((len(tokens.ids), network.design.width))
        # Windows over the opened sequences: the state of a token is where it was read, the start token has none.
        windows = list(pieces(np.diff(tokens.offsets) + 1, network.design.window))

        def work(batch: int) -> None:
            for chosen in _groups(windows, batch):
                parts = [_opened(network, tokens, i)[first : first + network.design.window] for i, first, _ in chosen]
                states = network.hidden(_inputs(parts, self.device))[layer].double().cpu().numpy()
                for row, (i, first, counts) in enumerate(chosen):
                    places = np.arange(max(1, counts), first + len(parts[row]))
                    x[tokens.offsets[i] + places - 1] = states[row, places - first]

        with calm(self.device, np.random.default_rng(0)), torch.no_grad():
            halving(BATCH, work)
        return HiddenStates(x, tokens.ids, tokens.offsets, layer, layers)


@dataclass(frozen=True)
class _Whole(_TinyLM):
    """Reads full windows only: attention over windows of different lengths cannot be averaged."""

    limit: int = 64

    def windows(self, data: TokenSequences) -> tuple[Transformer, Tokens, list[tuple[int, int, int]]]:
        """At most ``limit`` windows, evenly spread over the test part. Raises as `network`, and `Incompatible` where
        no sequence is as long as the window.
        """
        network, tokens = self.reader(data)
        t = network.design.window
        lengths = np.diff(tokens.offsets)
        found = [(i, first, first) for i, length in enumerate(lengths) for first in range(0, length - t + 1, t)]
        if not found:
            raise Incompatible(f"no sequence of {t} tokens, the window; the longest has {lengths.max()}")
        kept = np.unique(np.linspace(0, len(found) - 1, min(self.limit, len(found))).round().astype(int))
        return network, tokens, [found[i] for i in kept]


@dataclass(frozen=True)
class TinyLMAttention(_Whole):
    """Entropies of the attention of every head, row by row, and the log-probabilities besides."""

    def transform(self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator) -> AttentionProfile:
        """Streamed layer by layer and over tiles of queries: no map is ever whole. Raises as `windows`."""
        network, tokens, chosen = self.windows(data)
        shape = len(chosen), network.design.layers, network.design.heads, network.design.window

        def work(batch: int) -> AttentionProfile:
            rows = ProfileRows(*shape)
            for group in _groups(chosen, batch):
                inputs, targets = _read(network, tokens, group, self.device)
                rows.add_log_p(token_log_p(network(inputs, rows.watch), targets))
            return rows.profile(weights.describe(network))

        with calm(self.device, np.random.default_rng(0)), torch.no_grad():
            return halving(BATCH, work)


@dataclass(frozen=True)
class TinyLMMaps(_Whole):
    """Whole attention maps, for methods that compare heads key by key."""

    limit: int = 8

    def transform(self, data: TokenSequences, *, to: type[Kind], rng: np.random.Generator) -> AttentionMaps:
        """Maps of at most ``limit`` windows: memory grows with layers x heads x window^2. Raises as `windows`."""
        network, tokens, chosen = self.windows(data)
        maps: list[Tensor] = []

        def watch(layer: int, q: Tensor, k: Tensor) -> None:
            z = (q @ k.transpose(-1, -2)).double()
            maps.append(z.masked_fill(torch.ones_like(z, dtype=torch.bool).triu(1), -torch.inf).softmax(-1))

        with calm(self.device, np.random.default_rng(0)), torch.no_grad():
            network(_read(network, tokens, chosen, self.device)[0], watch)
        a = torch.stack(maps, 1).cpu().numpy()
        broken = np.isnan(a).any(-1)
        return AttentionMaps(np.where(broken[..., None], 0.0, a), broken=broken if broken.any() else None)
