"""Token sequences, and what a language model makes of them."""

from __future__ import annotations

from typing import Self

import numpy as np

from harness import mapped
from harness.arrays import Bools, Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid
from harness.kinds.fields import array, offsets

ALPHABETS = ("codes", "bytes")
ROUNDING = 1e-4
"""How far a row of attention may stand off a distribution: half precision adds up to this much."""
_NETWORK = (
    '{"layers": 2, "heads": 2, "width": 8, "norm": "layer", "activation": "gelu", '
    '"feed_forward": "standard"}'
)


class TokenSequences(Kind):
    """n sequences of symbols, each within ``0 .. vocab_size-1``.

    Sequence i owns ``ids[offsets[i]:offsets[i + 1]]``.

    ``alphabet`` says what the symbols are: ``codes`` of a made language, or the ``bytes`` of UTF-8
    text, which a model may cut into tokens of its own.
    """

    ids: Ints = array("items", np.int64)
    offsets: Ints = offsets()
    vocab_size: int
    alphabet: str = "codes"

    def check(self) -> None:
        """Refuse symbols outside the alphabet, and alphabets that are not known."""
        if self.alphabet not in ALPHABETS:
            raise DataError(
                "TokenSequences.alphabet", repr(self.alphabet), "one of " + ", ".join(ALPHABETS)
            )
        if self.alphabet == "bytes" and self.vocab_size != 256:
            raise DataError(
                "TokenSequences.vocab_size", str(self.vocab_size), "256, as the symbols are bytes"
            )
        for part in mapped.blocks_of(self.ids):
            wrong = np.flatnonzero((self.ids[part] < 0) | (self.ids[part] >= self.vocab_size))
            if wrong.size:
                at = part.start + int(wrong[0])
                row = int(np.searchsorted(self.offsets, at, side="right")) - 1
                wanted = f"symbols from 0 to {self.vocab_size - 1}"
                raise DataError("TokenSequences.ids", f"symbol {self.ids[at]}", wanted, row)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Counts that go up by one or two, modulo 4."""
        cuts = _cuts(rng, n)
        return cls(np.cumsum(rng.integers(1, 3, size=cuts[-1])) % 4, cuts, 4)


class TokenLogProbabilities(Kind):
    """What a model thought of n sequences, token by token.

    ``log_p`` is ln p(token | the tokens before it), in nats; ``symbols`` counts the symbols of the
    data (bytes, codes) that a token stands for, so that models with different tokens can be
    compared; ``context`` counts the tokens that the model saw before it.
    """

    log_p: Floats = array("items")
    symbols: Ints = array("items", np.int64)
    context: Ints = array("items", np.int64)
    offsets: Ints = offsets()

    def check(self) -> None:
        """Refuse positive log-probabilities, negative counts, and sequences of no symbol."""
        refuse_positive(self.log_p, "TokenLogProbabilities.log_p")
        for name in ("symbols", "context"):
            if getattr(self, name).min() < 0:
                row = int(getattr(self, name).argmin())
                raise DataError(
                    f"TokenLogProbabilities.{name}", "a negative count", "counts from 0 up", row
                )
        empty = np.flatnonzero(np.add.reduceat(self.symbols, self.offsets[:-1]) == 0)
        if empty.size:
            raise DataError(
                "TokenLogProbabilities.symbols",
                "a sequence of no symbols",
                "at least one",
                int(empty[0]),
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Probabilities from a tenth to one; a token is a symbol."""
        cuts = _cuts(rng, n)
        total = int(cuts[-1])
        context = np.arange(total) - np.repeat(cuts[:-1], np.diff(cuts))
        log_p = np.log(on_grid(rng.uniform(0.1, 1.0, total)))
        return cls(log_p, np.ones(total, int), context, cuts)


class HiddenStates(Kind):
    """The vectors of one layer at every token of n sequences: ``x (items, d)``.

    ``ids (items,)`` are the tokens that were read there, in the model's own vocabulary; ``layer``
    counts from 0, the embedding, to ``layers``, the last block.
    """

    x: Floats = array("items d")
    ids: Ints = array("items", np.int64)
    offsets: Ints = offsets()
    layer: int
    layers: int

    def check(self) -> None:
        """Refuse a layer that the model does not have."""
        if not 0 <= self.layer <= self.layers:
            raise DataError(
                "HiddenStates.layer", str(self.layer), f"a layer from 0 to {self.layers}"
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Normal vectors in the first of two layers."""
        cuts = _cuts(rng, n)
        x = on_grid(rng.normal(size=(cuts[-1], 3)))
        return cls(x, rng.integers(4, size=cuts[-1]), cuts, 1, 2)


class AttentionMaps(Kind):
    """The attention of every head over n sequences of t tokens.

    ``a (n, layers, heads, t, t)`` is query by key.

    Rows are distributions over keys; with ``causal`` query i sees the keys up to i. Rows that a
    model computed as NaN are marked in ``broken`` and hold zeros. ``padded (n, t)`` marks the
    tokens that are padding: their rows count for nothing, and no other row may look at them. Whole
    maps are large: what can be reduced row by row travels as an `AttentionProfile`.
    """

    a: Floats = array("n layers heads t s")
    broken: Bools | None = array("n layers heads t", np.bool_, default=None)
    causal: bool = True
    padded: Bools | None = array("n t", np.bool_, default=None, late=True)

    def check(self) -> None:
        """Refuse maps that are not square, rows that are no distributions, weight on padding."""
        if self.a.shape[3] != self.a.shape[4]:
            raise DataError(
                "AttentionMaps.a",
                f"{self.a.shape[3]} queries and {self.a.shape[4]} keys",
                "as many keys",
            )
        if self.a.min() < 0:
            row = int(np.argwhere(self.a < 0)[0][0])
            raise DataError(
                "AttentionMaps.a",
                f"a negative weight, {self.a.min():.3g}",
                "weights from 0 up",
                row,
            )
        sums = self.a.sum(-1)
        off = np.abs(sums - 1) > ROUNDING
        counted = np.ones(off.shape, bool) if self.broken is None else ~self.broken
        if self.padded is not None:
            refuse_all_padded(self.padded, "AttentionMaps.padded")
            counted &= ~self.padded[:, None, None]
            lost = np.where(counted, (self.a * self.padded[:, None, None, None]).sum(-1), 0.0)
            if lost.max() > ROUNDING:
                row = int(np.argwhere(lost > ROUNDING)[0][0])
                found = f"a weight of {lost.max():.3g} on padding"
                raise DataError("AttentionMaps.a", found, "none", row)
        off &= counted
        if off.any():
            at = tuple(np.argwhere(off)[0])
            where = f"layer {at[1]}, head {at[2]}, query {at[3]}"
            found = f"{where} sums to {sums[at]:.6g}"
            raise DataError("AttentionMaps.a", found, "rows that sum to 1 (no dropout)", int(at[0]))
        ahead = 0.0
        if self.causal:
            later = (self.a * np.triu(np.ones(self.a.shape[3:]), 1)).max(-1)
            ahead = later.max(initial=0.0, where=counted)
        if ahead > ROUNDING:
            raise DataError(
                "AttentionMaps.a",
                f"a weight of {ahead:.3g} on a later key",
                "none, as it is causal",
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Random causal maps of two layers of two heads."""
        return cls(_attention(rng, n), broken=None)


class AttentionProfile(Kind):
    """What is left of attention when each row is reduced to its entropy, in nats.

    ``entropy (n, layers, heads, t)``; ``broken`` marks the rows that were NaN in the model (their
    entropy is 0 and means nothing). ``log_p (n, t)`` is what the model gave the token at each
    place, where it is known. ``padded (n, t)`` marks the tokens that are padding, whose rows count
    for nothing, and which are no keys. ``network`` describes the model in JSON (``layers``,
    ``heads``, ``width``, ``norm``, ``activation``, ``feed_forward`` ...), or is empty.
    """

    entropy: Floats = array("n layers heads t")
    broken: Bools | None = array("n layers heads t", np.bool_, default=None)
    log_p: Floats | None = array("n t", default=None)
    causal: bool = True
    network: str = ""
    padded: Bools | None = array("n t", np.bool_, default=None, late=True)

    def check(self) -> None:
        """Refuse entropies below 0 or above their maximum, and positive log-probabilities."""
        n, _, _, t = self.entropy.shape
        most = np.log(keys_in_sight(n, t, self.causal, self.padded))[:, None, None]
        wrong = (self.entropy < -ROUNDING) | (self.entropy > most + ROUNDING * np.log(t + 1))
        if self.padded is not None:
            refuse_all_padded(self.padded, "AttentionProfile.padded")
            wrong &= ~self.padded[:, None, None]
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0])
            found = f"layer {at[1]}, head {at[2]}, query {at[3]} has {self.entropy[at]:.6g} nats"
            wanted = f"0 to {most[at[0], 0, 0, at[3]]:.6g}, the logarithm of the keys in sight"
            raise DataError("AttentionProfile.entropy", found, wanted, int(at[0]))
        if self.log_p is not None:
            refuse_positive(self.log_p, "AttentionProfile.log_p")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """The entropies of random causal maps."""
        a = _attention(rng, n)
        entropy = -(a * np.log(np.where(a > 0, a, 1.0))).sum(-1)
        log_p = -on_grid(rng.uniform(0.1, 2.0, (n, a.shape[-1])))
        return cls(entropy, broken=None, log_p=log_p, network=_NETWORK)


def keys_in_sight(n: int, t: int, causal: bool, padded: Bools | None) -> Ints:
    """How many keys each query sees ``(n, t)``, one at least: those up to it, or all, without
    padding ``(n, t)``."""
    keys = np.ones((n, t), np.int64) if padded is None else 1 - padded.astype(np.int64)
    seen = keys.cumsum(1) if causal else np.broadcast_to(keys.sum(1, keepdims=True), keys.shape)
    return np.asarray(np.maximum(seen, 1))


def refuse_all_padded(padded: Bools, where: str) -> None:
    """Raise `DataError` where a sequence is nothing but padding."""
    if padded.all(1).any():
        row = int(padded.all(1).argmax())
        raise DataError(where, "nothing but padding", "a token at least", row)


def refuse_positive(log_p: Floats, where: str, wanted: str = "numbers up to 0") -> None:
    """Raise `DataError` where a log-probability is above 0."""
    if log_p.size and log_p.max() > 0:
        row = int(np.unravel_index(log_p.argmax(), log_p.shape)[0])
        raise DataError(where, f"log-probability {log_p.max():.6g}", wanted, row)


def _cuts(rng: np.random.Generator, n: int) -> Ints:
    """Offsets of n sequences of 6 to 11 tokens."""
    return np.concatenate([[0], np.cumsum(rng.integers(6, 12, size=n))])


def _attention(rng: np.random.Generator, n: int, t: int = 6) -> Floats:
    """Causal maps of two layers of two heads ``(n, 2, 2, t, t)``."""
    weights = np.exp(rng.normal(size=(n, 2, 2, t, t))) * np.tri(t)
    return np.asarray(weights / weights.sum(-1, keepdims=True))
