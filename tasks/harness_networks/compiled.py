"""Transformers that are compiled, not trained: their weights compute a function exactly.

A program in the manner of RASP (Weiss et al. 2021) becomes attention heads that select by equality
and feed-forward layers that look up tables, on a residual stream of named one-hot fields, as Tracr
does (Lindner et al. 2023, arXiv:2301.05062). No normalization, one start token, no causal mask.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness import Floats, Ints, UsageError
from harness_networks.own import arrays_of

SHARPNESS = 30.0
"""Difference between the scores of keys that are selected and others: e^-30 is what leaks."""
PADDING = -1
ATTENTION = ("query", "key", "value", "output")
FEED_FORWARD = ("up", "up_bias", "down", "down_bias")
_WANTED = (
    "wanted arrays embedding (tokens + 1, width), whose last row is the start token; positions "
    "(length + 1, width); readout (width, tokens); and for blocks 0, 1, ... blocks.N.query, .key, "
    ".value (heads, width, size), .output (heads, size, width), or .up (width, units), .up_bias, "
    ".down (units, width), .down_bias, or both"
)


@dataclass(frozen=True)
class Block:
    """Attention of several heads and then a feed-forward layer with ReLU; either may be missing."""

    attention: tuple[Tensor, ...] | None = None
    feed_forward: tuple[Tensor, ...] | None = None

    def attend(self, x: Tensor, kept: Tensor) -> Tensor:
        """What the heads add to a stream ``x (..., positions, width)``, ``kept (..., positions)``.

        Scores are products of queries and keys, not divided by anything.
        """
        assert self.attention is not None
        query, key, value, output = self.attention
        q, k, v = (torch.einsum("...td,hds->...hts", x, a) for a in (query, key, value))
        scores = (q @ k.mT).masked_fill(~kept[..., None, None, :], -torch.inf)
        return torch.einsum("...hts,hsd->...td", scores.softmax(-1) @ v, output)

    def look_up(self, x: Tensor) -> Tensor:
        """What the feed-forward layer adds to a stream ``x (..., width)``."""
        assert self.feed_forward is not None
        up, up_bias, down, down_bias = self.feed_forward
        return torch.relu(x @ up + up_bias) @ down + down_bias


@dataclass(frozen=True)
class Transformer:
    """Weights: ``embedding (tokens + 1, width)``, ``positions (length + 1, width)``, blocks,
    ``readout (width, tokens)``. The last token is the start token, at position 0.
    """

    embedding: Tensor
    positions: Tensor
    blocks: tuple[Block, ...]
    readout: Tensor

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.embedding.shape[1])

    @property
    def tokens(self) -> int:
        """Number of tokens besides the start token."""
        return len(self.embedding) - 1

    @property
    def length(self) -> int:
        """Largest number of tokens in an input."""
        return len(self.positions) - 1

    def embed(self, inputs: Tensor) -> Tensor:
        """The stream that the first block reads ``(n, length + 1, width)``; zero where padded."""
        kept = (inputs != PADDING)[..., None]
        return (self.embedding[inputs.clamp(min=0)] + self.positions[: inputs.shape[1]]) * kept

    def streams(self, inputs: Tensor, through: Tensor | None = None) -> Iterator[Tensor]:
        """The stream after the embedding and after each block, ``(..., n, length + 1, width)``.

        ``through (..., units, width)`` is W: the stream is kept as h = W x, and everything reads
        ReLU(W^T h) in place of x and adds W times what it writes; h is given.
        """
        kept = inputs != PADDING
        write: Callable[[Tensor], Tensor] = torch.Tensor.clone
        read = write
        if through is not None:
            write = partial(times, by=through.mT)
            read = partial(read_through, through=through)
        stream = write(self.embed(inputs))
        yield stream
        for block in self.blocks:
            if block.attention is not None:
                stream = stream + write(block.attend(read(stream), kept))
            if block.feed_forward is not None:
                stream = stream + write(block.look_up(read(stream)))
            yield stream


def times(x: Tensor, by: Tensor) -> Tensor:
    """Vectors ``x (..., n, positions, a)`` times a matrix ``(a, b)`` or each of ``(s, a, b)``."""
    if by.ndim == 2:
        return x @ by
    product: Tensor = x.flatten(-3, -2) @ by
    return product.reshape(*product.shape[:-2], *x.shape[-3:-1], by.shape[-1])


def read_through(h: Tensor, through: Tensor) -> Tensor:
    """ReLU(W^T h): what is read from a stream that was compressed by W ``(..., units, width)``."""
    return torch.relu(times(h, through))


def inputs_of(tokens: int, length: int) -> Ints:
    """All inputs of 1 to ``length`` tokens ``(n, length + 1)``: start token, tokens, padding."""
    found = [
        (tokens, *word, *(PADDING,) * (length - size))
        for size in range(1, length + 1)
        for word in itertools.product(range(tokens), repeat=size)
    ]
    return np.array(found, np.int64)


def wanted_of(program: str, inputs: Ints) -> Ints:
    """What the program gives for each input ``(n, length)``, padded alike."""
    found = np.full_like(inputs[:, 1:], PADDING)
    for row, word in zip(found, inputs[:, 1:], strict=True):
        given = word[word != PADDING]
        row[: len(given)] = given[::-1] if program == "reverse" else np.sort(given)
    return found


class _Fields:
    """Named one-hot fields of a residual stream, and weights between them."""

    def __init__(self, **sizes: int) -> None:
        starts = itertools.accumulate(sizes.values(), initial=0)
        self.at = {
            name: np.arange(start, start + size)
            for (name, size), start in zip(sizes.items(), starts, strict=False)
        }
        self.width = sum(sizes.values())

    def reads(self, name: str, columns: Floats) -> Floats:
        """A map from the stream that sees one field only: ``(width, columns)``."""
        found = np.zeros((self.width, columns.shape[1]))
        found[self.at[name]] = columns
        return found

    def copies(self, source: str, to: str, times: float = 1.0) -> tuple[Floats, Floats]:
        """Value and output of a head that writes one field into another of the same size."""
        unit = times * np.eye(len(self.at[source]))
        return self.reads(source, unit), self.reads(to, np.eye(len(unit))).T

    def head(self, query: Floats, key: Floats, source: str, to: str, times: float = 1.0) -> Block:
        """A block of one head: query and key ``(width, size)`` with products of 0 and 1."""
        arrays = (SHARPNESS * query, key, *self.copies(source, to, times))
        return Block(attention=_tensors(*(a[None] for a in arrays)))

    def both(self, first: str, second: str, to: str, table: Mapping[tuple[int, int], int]) -> Block:
        """A block that looks up a table of two fields: ReLU(a_i + b_j - 1) is their conjunction."""
        up, down = np.zeros((self.width, len(table))), np.zeros((len(table), self.width))
        for unit, ((i, j), value) in enumerate(table.items()):
            up[[self.at[first][i], self.at[second][j]], unit] = 1.0
            down[unit, self.at[to][value]] = 1.0
        return Block(feed_forward=_tensors(up, -np.ones(len(table)), down, np.zeros(self.width)))

    def steps(self, number: str, to: str, values: NDArray[Any]) -> tuple[Tensor, ...]:
        """A feed-forward layer that tells which of the falling ``values`` a field holds.

        A step between two values is the difference of two ReLUs, flat on both sides; a field is the
        difference of two steps. At the start token nothing is written.
        """
        up, bias, down = [], [], []
        for i, (above, below) in enumerate(itertools.pairwise([*values, 0.0])):
            gap = above - below
            for edge, sign in ((below + 0.25 * gap, 1.0), (below + 0.75 * gap, -1.0)):
                row = np.zeros(self.width)
                row[self.at[number]] = 2.0 / gap
                row[self.at["start"]] = -2.0 / gap * values[0]
                out = np.zeros(self.width)
                out[self.at[to][i]] = sign
                if i + 1 < len(values):
                    out[self.at[to][i + 1]] = -sign
                up.append(row)
                bias.append(-2.0 / gap * edge)
                down.append(out)
        # The step below value i is 1 for all values up to i, so that the field before it is taken
        # off the one after: field i is step i less step i - 1.
        return _tensors(np.array(up).T, np.array(bias), np.array(down), np.zeros(self.width))

    def finished(self, *blocks: Block) -> Transformer:
        """The transformer with embeddings of tokens and positions, and the field of the output."""
        tokens, length = len(self.at["token"]), len(self.at["place"])
        embedding = np.zeros((tokens + 1, self.width))
        positions = np.zeros((length + 1, self.width))
        embedding[np.arange(tokens), self.at["token"]] = 1.0
        embedding[tokens, self.at["start"]] = 1.0
        positions[1 + np.arange(length), self.at["place"]] = 1.0
        readout = self.reads("result", np.eye(tokens))
        e, p, r = _tensors(embedding, positions, readout)
        return Transformer(e, p, blocks, r)


def reverse(tokens: int, length: int) -> Transformer:
    """length = selector_width(all); source = length - place - 1; take the token at the source.

    The share of attention on the start token is 1 / (length + 1), and 1 for the longest input in
    the stream.
    """
    f = _Fields(
        token=tokens, place=length, start=1, share=1, length=length, source=length, result=tokens
    )
    nothing = np.zeros((f.width, 1))
    count = f.head(nothing, nothing, "start", "share", length + 1.0)
    lengths = f.steps("share", "length", (length + 1.0) / (1.0 + np.arange(1, length + 1)))
    table = {(i, n): n - i for i in range(length) for n in range(i, length)}
    unit = np.eye(length)
    return f.finished(
        Block(count.attention, lengths),
        f.both("place", "length", "source", table),
        f.head(f.reads("source", unit), f.reads("place", unit), "token", "result"),
    )


def sort(tokens: int, length: int) -> Transformer:
    """rank = selector_width(smaller); take the token whose rank is the place.

    Equal tokens are told apart by their places: the field ``pair`` is the token with its place, in
    order. The share of attention on the start token is 1 / (rank + 1), and 1 for the largest rank
    in the stream.
    """
    f = _Fields(
        token=tokens,
        place=length,
        start=1,
        pair=tokens * length,
        share=1,
        rank=length,
        result=tokens,
    )
    table = {(t, i): t * length + i for t in range(tokens) for i in range(length)}
    size = tokens * length
    smaller = np.tri(size, size, -1)  # row: query, column: key
    query = f.reads("pair", np.hstack([smaller, np.ones((size, 1))]))
    key = f.reads("pair", np.eye(size, size + 1))
    key[f.at["start"], size] = 1.0
    count = f.head(query, key, "start", "share", float(length))
    ranks = f.steps("share", "rank", length / np.arange(1.0, length + 1))
    unit = np.eye(length)
    return f.finished(
        f.both("token", "place", "pair", table),
        Block(count.attention, ranks),
        f.head(f.reads("place", unit), f.reads("rank", unit), "token", "result"),
    )


PROGRAMS: dict[str, Callable[[int, int], Transformer]] = {"reverse": reverse, "sort": sort}


def read(path: Path) -> Transformer:
    """A transformer from an NPZ or safetensors file. Raises `UsageError` for any other."""
    arrays = arrays_of(path)
    numbers = {int(found[1]) for n in arrays if (found := re.match(r"blocks\.(\d+)\.", n))}
    try:
        blocks = tuple(
            Block(
                _part(arrays, f"blocks.{n}.", ATTENTION),
                _part(arrays, f"blocks.{n}.", FEED_FORWARD),
            )
            for n in range(len(numbers))
        )
        embedding, positions, readout = _tensors(
            arrays["embedding"], arrays["positions"], arrays["readout"]
        )
        made = Transformer(embedding, positions, blocks, readout)
        with torch.no_grad():
            *_, last = made.streams(torch.from_numpy(inputs_of(made.tokens, 1)))
            shape = (last @ made.readout).shape[-1]
    except (KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
        said = f"no array {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{path}: {said.splitlines()[0]}; {_WANTED}") from error
    if shape != made.tokens or made.length < 1 or numbers != set(range(len(numbers))):
        raise UsageError(
            f"{path}: {made.tokens} tokens in the embedding, {shape} in the readout, blocks "
            f"{sorted(numbers)}; {_WANTED}"
        )
    unknown = sorted(set(arrays) - set(named(made)))
    if unknown:
        raise UsageError(f"{path}: arrays {', '.join(unknown)} are not known; {_WANTED}")
    return made


def named(transformer: Transformer) -> dict[str, Floats]:
    """The arrays of the file that `read` reads."""
    found = {n: getattr(transformer, n).numpy() for n in ("embedding", "positions", "readout")}
    for number, block in enumerate(transformer.blocks):
        for names, part in ((ATTENTION, block.attention), (FEED_FORWARD, block.feed_forward)):
            if part is not None:
                found |= {
                    f"blocks.{number}.{n}": a.numpy() for n, a in zip(names, part, strict=True)
                }
    return found


def _part(
    arrays: Mapping[str, Any], prefix: str, names: tuple[str, ...]
) -> tuple[Tensor, ...] | None:
    if not any(prefix + name in arrays for name in names):
        return None
    return _tensors(*(arrays[prefix + name] for name in names))


def _tensors(*arrays: Any) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(np.array(a, np.float64)) for a in arrays)
