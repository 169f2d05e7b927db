"""What a causal network makes of token sequences, whichever network it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from harness import (
    AttentionMaps,
    AttentionProfile,
    Floats,
    HiddenStates,
    Incompatible,
    Ints,
    TokenLogProbabilities,
    UsageError,
    single_threaded,
)
from harness_lm.profile import ProfileRows, token_log_p
from harness_lm.runtime import Result, halving
from harness_lm.tokens import Tokens
from harness_lm.training import pieces

BATCH = 32
"""Windows that are read together."""


class RowWatch(Protocol):
    """Told the entropies ``(batch, heads, t)`` of the attention rows of a layer, in nats."""

    def __call__(self, layer: int, rows: Tensor) -> None:
        """Take them."""


class Reader(Protocol):
    """A causal network: ``start`` is the token before the first, it sees ``window`` tokens."""

    start: int
    window: int
    layers: int
    heads: int
    device: str

    def logits(self, ids: Tensor) -> Tensor:
        """``(batch, t)`` tokens to ``(batch, t, vocabulary)`` logits of the next."""

    def watched(self, ids: Tensor, watch: RowWatch) -> Tensor:
        """The same, with the entropies of each layer's attention on the way."""

    def hidden(self, ids: Tensor) -> list[Tensor]:
        """Hidden states ``(batch, t, width)`` after the embedding and every block."""

    def maps(self, ids: Tensor) -> Tensor:
        """Attention ``(batch, layers, heads, t, t)``."""

    def describe(self) -> str:
        """What it is made of, in JSON."""


Window = tuple[int, int, int]
"""A sequence, the first position that is read of it, the first that counts."""


def log_probabilities(reader: Reader, tokens: Tokens) -> TokenLogProbabilities:
    """ln p of every token; longer sequences are read in windows that overlap by half."""
    log_p, context = np.zeros(len(tokens.ids)), np.zeros(len(tokens.ids), np.int64)
    windows = _by_length(
        pieces(np.diff(tokens.offsets), reader.window), np.diff(tokens.offsets), reader.window
    )

    def work(batch: int) -> None:
        for chosen in _groups(windows, batch):
            inputs, targets = _read(reader, tokens, chosen)
            found = token_log_p(reader.logits(inputs), targets)
            for row, (i, first, counts) in enumerate(chosen):
                length = int((targets[row] >= 0).sum())
                places = np.arange(counts, first + length)
                log_p[tokens.offsets[i] + places] = found[row, counts - first : length]
                # A window that does not open its sequence starts with the token before it.
                context[tokens.offsets[i] + places] = places - (first - 1 if first else 0)

    _quietly(reader, work)
    return TokenLogProbabilities(log_p, tokens.symbols, context, tokens.offsets)


def states(reader: Reader, tokens: Tokens, layer: int, name: str) -> HiddenStates:
    """Hidden states of a layer at every token; negative layers count from the last.

    Raises `UsageError` for a layer that does not exist; ``name`` is the parameter that asks for it.
    """
    layers = reader.layers
    found = layer + layers + 1 if layer < 0 else layer
    if not 0 <= found <= layers:
        raise UsageError(f"{name} {layer}; wanted {-layers - 1} to {layers}")
    x: list[Any] = [None] * len(tokens.ids)
    # Windows over the opened sequences: the state of a token is where it was read, the start token
    # has none.
    lengths = np.diff(tokens.offsets) + 1
    windows = _by_length(pieces(lengths, reader.window), lengths, reader.window)

    def work(batch: int) -> None:
        for chosen in _groups(windows, batch):
            parts = [
                _opened(reader, tokens, i)[first : first + reader.window] for i, first, _ in chosen
            ]
            seen = reader.hidden(_inputs(parts, reader.device))[found].double().cpu().numpy()
            for row, (i, first, counts) in enumerate(chosen):
                for place in range(max(1, counts), first + len(parts[row])):
                    x[tokens.offsets[i] + place - 1] = seen[row, place - first]

    _quietly(reader, work)
    return HiddenStates(np.stack(x), tokens.ids, tokens.offsets, found, layers)


def attention_profile(reader: Reader, tokens: Tokens, limit: int) -> AttentionProfile:
    """Entropies of attention rows and log-probabilities over at most ``limit`` windows.

    Raises as `full_windows`.
    """
    chosen = full_windows(reader, tokens, limit)

    def work(batch: int) -> AttentionProfile:
        rows = ProfileRows(len(chosen), reader.layers, reader.heads, reader.window)
        for group in _groups(chosen, batch):
            inputs, targets = _read(reader, tokens, group)
            rows.add_log_p(token_log_p(reader.watched(inputs, rows.add_rows), targets))
        return rows.profile(reader.describe())

    return _quietly(reader, work)


def attention_maps(reader: Reader, tokens: Tokens, limit: int) -> AttentionMaps:
    """Whole maps of at most ``limit`` full windows: memory grows with layers x heads x window^2.

    Raises as `full_windows`.
    """
    chosen = full_windows(reader, tokens, limit)

    def work(batch: int) -> Floats:
        found = [
            reader.maps(_read(reader, tokens, group)[0]).double().cpu().numpy()
            for group in _groups(chosen, batch)
        ]
        return np.concatenate(found)

    a = _quietly(reader, work)
    broken = np.asarray(np.isnan(a).any(-1))
    return AttentionMaps(
        np.where(broken[..., None], 0.0, a), broken=broken if broken.any() else None
    )


def full_windows(reader: Reader, tokens: Tokens, limit: int) -> list[Window]:
    """At most ``limit`` full windows, evenly spread: shorter ones have another maximum entropy.

    Raises `Incompatible` where no sequence is as long as the window.
    """
    t, lengths = reader.window, np.diff(tokens.offsets)
    found = [
        (i, first, first)
        for i, length in enumerate(lengths)
        for first in range(0, length - t + 1, t)
    ]
    if not found:
        raise Incompatible(
            f"no sequence fills the window of {t} tokens; the longest has {lengths.max()}"
        )
    kept = np.unique(np.linspace(0, len(found) - 1, min(limit, len(found))).round().astype(int))
    return [found[i] for i in kept]


def _quietly(reader: Reader, work: Callable[[int], Result]) -> Result:
    """Do it without gradients, and with smaller batches where memory runs out."""
    with single_threaded(reader.device, np.random.default_rng(0)), torch.no_grad():
        return halving(BATCH, work)


def _by_length(windows: Iterator[Window], lengths: Ints, window: int) -> list[Window]:
    """Longest first, so that a batch has little padding and memory runs out at once if it does."""
    return sorted(windows, key=lambda w: -min(window, int(lengths[w[0]]) - w[1]))


def _opened(reader: Reader, tokens: Tokens, i: int) -> Ints:
    """A sequence with the start token before it."""
    return np.concatenate([[reader.start], tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]]])


def _padded(parts: list[Ints]) -> Ints:
    """Sequences as rows ``(batch, t)``, -1 beyond their ends."""
    out = np.full((len(parts), max(map(len, parts))), -1)
    for row, part in enumerate(parts):
        out[row, : len(part)] = part
    return out


def _inputs(parts: list[Ints], device: str) -> Tensor:
    # What stands beyond an end is never seen by what stands before it.
    return torch.tensor(np.maximum(_padded(parts), 0), device=device)


def _read(reader: Reader, tokens: Tokens, chosen: list[Window]) -> tuple[Tensor, Ints]:
    """Inputs and tokens to predict ``(batch, t)`` of some windows; the latter -1 beyond an end."""
    opened = [
        _opened(reader, tokens, i)[first : first + reader.window + 1] for i, first, _ in chosen
    ]
    return _inputs([o[:-1] for o in opened], reader.device), _padded([o[1:] for o in opened])


def _groups(items: list[Window], size: int) -> Iterator[list[Window]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
