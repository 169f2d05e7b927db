"""What a causal network makes of token sequences, whichever network it is."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from harness import (
    AttentionMaps,
    AttentionProfile,
    Floats,
    HeadStates,
    HiddenStates,
    Incompatible,
    Ints,
    PointedAttention,
    TokenLaws,
    TokenLogProbabilities,
    UsageError,
    mapped,
    single_threaded,
)
from harness_lm.network import Watch
from harness_lm.pointers import targets_of
from harness_lm.profile import PointedRows, ProfileRows, token_log_p
from harness_lm.runtime import Result, halving
from harness_lm.tokens import Tokens
from harness_lm.training import pieces

LOG = logging.getLogger("harness.lm")
HALF = 1e-4
"""Rounding of a number from which on it is one of half precision."""
BATCH = 32
"""Windows that are read together."""
MANY = 2**14
"""Windows that are listed at once."""


class Reader(Protocol):
    """A causal network: ``start`` is the token before the first, it sees ``window`` tokens."""

    start: int
    window: int
    layers: int
    heads: int
    device: str

    def logits(self, ids: Tensor) -> Tensor:
        """``(batch, t)`` tokens to ``(batch, t, vocabulary)`` logits of the next."""

    def watched(self, ids: Tensor, watch: Watch) -> Tensor:
        """The same, with the queries and keys of each layer on the way."""

    def head(self, ids: Tensor) -> Tensor:
        """What the output layer reads ``(batch, t, width)``."""

    def output(self) -> tuple[Tensor, Tensor | None]:
        """Weights of the output layer ``(vocabulary, width)``, and its bias where it has one."""

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
    log_p = mapped.zeros(len(tokens.ids))
    context = mapped.zeros(len(tokens.ids), np.int64)
    windows = _by_length(np.diff(tokens.offsets), reader.window)

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
    for own in (log_p, context):
        own.flags.writeable = False  # nobody else has it: it need not be copied
    return TokenLogProbabilities(log_p, tokens.symbols, context, tokens.offsets)


def states(reader: Reader, tokens: Tokens, layer: int, name: str) -> HiddenStates:
    """Hidden states of a layer at every token; negative layers count from the last.

    Raises `UsageError` for a layer that does not exist; ``name`` is the parameter that asks for it.
    """
    layers = reader.layers
    found = layer + layers + 1 if layer < 0 else layer
    if not 0 <= found <= layers:
        raise UsageError(f"{name} {layer}; wanted {-layers - 1} to {layers}")
    held: list[Floats] = []  # made when the first states say how wide they are
    # Windows over the opened sequences: the state of a token is where it was read, the start token
    # has none.
    lengths = np.diff(tokens.offsets) + 1
    windows = _by_length(lengths, reader.window)

    def work(batch: int) -> None:
        for chosen in _groups(windows, batch):
            parts = [
                _opened(reader, tokens, i, first, first + reader.window) for i, first, _ in chosen
            ]
            seen = reader.hidden(_inputs(parts, reader.device))[found].double().cpu().numpy()
            if not held:
                held.append(mapped.zeros((len(tokens.ids), seen.shape[2])))
            for row, (i, first, counts) in enumerate(chosen):
                start, stop = max(1, counts), first + len(parts[row])
                at = tokens.offsets[i] - 1
                held[0][at + start : at + stop] = seen[row, start - first : stop - first]

    _quietly(reader, work)
    (x,) = held
    x.flags.writeable = False  # nobody else has it: it need not be copied
    return HiddenStates(x, tokens.ids, tokens.offsets, found, layers)


def attention_profile(reader: Reader, tokens: Tokens, limit: int) -> AttentionProfile:
    """Entropies of attention rows and log-probabilities over at most ``limit`` windows.

    Raises as `full_windows`.
    """
    chosen = full_windows(reader, tokens, limit)

    def work(batch: int) -> AttentionProfile:
        rows = ProfileRows(len(chosen), reader.layers, reader.heads, reader.window)
        for group in _groups(chosen, batch):
            inputs, targets = _read(reader, tokens, group)
            rows.add_log_p(token_log_p(reader.watched(inputs, rows.add), targets))
        return rows.profile(reader.describe())

    return _quietly(reader, work)


def pointed_attention(reader: Reader, tokens: Tokens, limit: int, rule: str) -> PointedAttention:
    """Attention against a rule, and log-probabilities, over at most ``limit`` windows.

    Raises as `full_windows`, and `Incompatible` where no query has a target.
    """
    chosen = full_windows(reader, tokens, limit)

    def work(batch: int) -> PointedAttention:
        rows = PointedRows(len(chosen), reader.layers, reader.heads, reader.window)
        for group in _groups(chosen, batch):
            inputs, targets = _read(reader, tokens, group)
            rows.begin(targets_of(inputs, rule))
            rows.end(reader.watched(inputs, rows.add), targets)
        return rows.pointed(rule, reader.describe())

    return _quietly(reader, work)


def token_laws(reader: Reader, tokens: Tokens, limit: int) -> TokenLaws:
    """Laws of the tokens of at most ``limit`` windows; the blind law is that after nothing at all.

    A sequence is cut into windows, each of which is a sequence of its own; the last may be shorter.
    """
    chosen = _spread(_every_window(reader, tokens), limit)

    def work(batch: int) -> tuple[Floats, Floats]:
        found: list[Floats] = []
        for group in _groups(chosen, batch):
            inputs, targets = _read(reader, tokens, group)
            law = reader.logits(inputs).double().log_softmax(-1).cpu().numpy()
            found += [row[seen >= 0] for row, seen in zip(law, targets, strict=True)]
        opening = torch.tensor([[reader.start]], device=reader.device)
        blind = reader.logits(opening)[0, 0].double().log_softmax(-1).cpu().numpy()
        return np.concatenate(found), blind

    law, blind = _quietly(reader, work)
    ids, cuts = _windowed(tokens, chosen, reader.window)
    if ids.max() >= law.shape[1]:
        raise Incompatible(f"token {ids.max()}, but the model has laws of {law.shape[1]} tokens")
    return TokenLaws(law, np.broadcast_to(blind, law.shape), ids, cuts)


def head_states(reader: Reader, tokens: Tokens, limit: int) -> HeadStates:
    """What the output layer reads where each token is predicted, in windows as in `token_laws`."""
    chosen = _spread(_every_window(reader, tokens), limit)
    w, bias = reader.output()

    def work(batch: int) -> Floats:
        found: list[Floats] = []
        for group in _groups(chosen, batch):
            inputs, targets = _read(reader, tokens, group)
            states = reader.head(inputs).double().cpu().numpy()
            found += [row[seen >= 0] for row, seen in zip(states, targets, strict=True)]
        return np.concatenate(found)

    h = _quietly(reader, work)
    ids, cuts = _windowed(tokens, chosen, reader.window)
    own = None if bias is None else _plain(bias)
    return HeadStates(h, _plain(w), ids, cuts, bias=own)


def _plain(x: Tensor) -> Floats:
    return np.asarray(x.detach().double().cpu().numpy())


def attention_maps(reader: Reader, tokens: Tokens, limit: int) -> AttentionMaps:
    """Whole maps of at most ``limit`` full windows: memory grows with layers x heads x window^2.

    Raises as `full_windows`.
    """
    chosen = full_windows(reader, tokens, limit)

    def work(batch: int) -> Floats:
        found = [
            _rounded(reader.maps(_read(reader, tokens, group)[0]))
            for group in _groups(chosen, batch)
        ]
        return np.concatenate(found)

    a = _quietly(reader, work)
    broken = np.asarray(np.isnan(a).any(-1))
    return AttentionMaps(
        np.where(broken[..., None], 0.0, a), broken=broken if broken.any() else None
    )


def _rounded(maps: Tensor) -> Floats:
    """Maps in double precision; rows of half precision that its rounding takes off one are divided
    by their sums, and a note says so.
    """
    a = _plain(maps)
    eps = torch.finfo(maps.dtype).eps
    sums = a.sum(-1, keepdims=True)
    if eps < HALF or (np.abs(sums - 1) > eps).any():
        return a
    LOG.warning(
        "attention maps of %s sum to one within %.1g, its rounding: rows are divided by their sums",
        str(maps.dtype).removeprefix("torch."),
        eps,
    )
    return np.asarray(a / sums)


def watched_maps(reader: Reader, ids: Tensor) -> Tensor:
    """Maps ``(batch, layers, heads, t, t)`` from queries and keys, in double precision."""
    found: list[Tensor] = []

    def watch(layer: int, q: Tensor, k: Tensor, mask: Tensor | None) -> None:
        z = (q @ k.transpose(-1, -2)).double()
        if mask is None:
            mask = torch.zeros_like(z).masked_fill(
                torch.ones_like(z, dtype=torch.bool).triu(1), -torch.inf
            )
        found.append((z + mask).softmax(-1))

    reader.watched(ids, watch)
    return torch.stack(found, 1)


def full_windows(reader: Reader, tokens: Tokens, limit: int) -> list[Window]:
    """At most ``limit`` full windows, evenly spread: shorter ones have another maximum entropy.

    Raises `Incompatible` where no sequence is as long as the window.
    """
    t, lengths = reader.window, np.diff(tokens.offsets)
    found = [(i, at, at) for i, at, _ in _every_window(reader, tokens) if at + t <= lengths[i]]
    if not found:
        raise Incompatible(
            f"no sequence fills the window of {t} tokens; the longest has {lengths.max()}"
        )
    return _spread(found, limit)


def _every_window(reader: Reader, tokens: Tokens) -> list[Window]:
    """The windows that sequences are cut into, side by side."""
    return [
        (i, first, first)
        for i, length in enumerate(np.diff(tokens.offsets))
        for first in range(0, length, reader.window)
    ]


def _spread(found: list[Window], limit: int) -> list[Window]:
    """At most ``limit`` of them, evenly spread."""
    kept = np.unique(np.linspace(0, len(found) - 1, min(limit, len(found))).round().astype(int))
    return [found[i] for i in kept]


def _windowed(tokens: Tokens, chosen: list[Window], window: int) -> tuple[Ints, Ints]:
    """The tokens of windows, one after the other, and where each begins."""
    parts = [
        tokens.ids[
            tokens.offsets[i] + first : min(
                tokens.offsets[i] + first + window, tokens.offsets[i + 1]
            )
        ]
        for i, first, _ in chosen
    ]
    return np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])])


def _quietly(reader: Reader, work: Callable[[int], Result]) -> Result:
    """Do it without gradients, and with smaller batches where memory runs out."""
    with single_threaded(reader.device, np.random.default_rng(0)), torch.no_grad():
        return halving(BATCH, work)


def _by_length(lengths: Ints, window: int) -> Ints:
    """The windows of `pieces`, a row each ``(windows, 3)``.

    Longest first, so that a batch has little padding and memory runs out at once if it does.
    """
    found, left = mapped.Column(np.int64, 3), pieces(lengths, window)
    while part := list(itertools.islice(left, MANY)):
        found.add(part)
    rows = found.array()
    # By length, then in their order: no number is there twice, so that they are sorted in place.
    order: Ints = mapped.zeros(len(rows), np.int64)
    for block in mapped.blocks_of(rows):
        i, first, _ = rows[block].T
        shorter = window - np.minimum(window, lengths[i] - first)
        order[block] = shorter * len(rows) + np.arange(block.start, block.stop)
    order.sort()
    for block in mapped.blocks_of(order):
        order[block] %= len(rows)
    return mapped.taken(rows, order)


def _opened(reader: Reader, tokens: Tokens, i: int, first: int, stop: int) -> Ints:
    """Positions ``first`` to ``stop`` of a sequence with the start token before it."""
    begin, end = tokens.offsets[i], tokens.offsets[i + 1]
    part = tokens.ids[begin + max(first - 1, 0) : min(begin + stop - 1, end)]
    return part if first else np.concatenate([[reader.start], part])


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
        _opened(reader, tokens, i, first, first + reader.window + 1) for i, first, _ in chosen
    ]
    return _inputs([o[:-1] for o in opened], reader.device), _padded([o[1:] for o in opened])


def _groups(items: list[Window] | Ints, size: int) -> Iterator[list[Window]]:
    for start in range(0, len(items), size):
        part = items[start : start + size]
        yield part.tolist() if isinstance(part, np.ndarray) else part
