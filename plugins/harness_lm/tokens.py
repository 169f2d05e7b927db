"""From the symbols of the data to the tokens of a model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness import Incompatible, Ints, TokenSequences, mapped

WORDS = r" ?[A-Za-z_]+| ?[0-9]+|\s+|[^\sA-Za-z_0-9]+"
"""Pieces of text; bytes are merged within a piece only."""
BATCH = 256
"""Sequences that are cut into byte pairs together."""


@dataclass(frozen=True)
class Tokens:
    """n sequences in a model's tokens.

    Attributes
    ----------
    ids : tokens of all sequences, one after the other.
    symbols : how many symbols of the data each token stands for.
    offsets : sequence i has the tokens ``offsets[i]:offsets[i + 1]``.
    """

    ids: Ints
    symbols: Ints
    offsets: Ints

    def sequences(self) -> Iterator[Ints]:
        """The tokens of each sequence."""
        for a, b in itertools.pairwise(self.offsets):
            yield self.ids[a:b]


class Native:
    """The symbols themselves."""

    text = ""

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary = vocabulary

    def encode(self, data: TokenSequences) -> Tokens:
        """One token for each symbol. Raises `Incompatible` where the vocabularies differ."""
        if data.vocab_size != self.vocabulary:
            raise Incompatible(
                f"the data have {data.vocab_size} symbols, the model has {self.vocabulary} tokens"
            )
        one: Ints = mapped.zeros(len(data.ids), np.int64)
        one.fill(1)
        one.flags.writeable = False  # nobody else has it: it need not be copied
        return Tokens(data.ids, one, data.offsets)


class Pairs:
    """Byte pairs, merged by how often they stand together in a training text (`tokenizers`).

    Every byte is one character of Latin-1 on the way, so any bytes can be encoded, and the length
    of a token is its number of bytes.
    """

    def __init__(self, text: str) -> None:
        from tokenizers import Tokenizer

        self.text = text
        self._tokenizer = Tokenizer.from_str(text)
        self.vocabulary = int(self._tokenizer.get_vocab_size())
        self._bytes = np.array(
            [len(self._tokenizer.id_to_token(i) or "") for i in range(self.vocabulary)], np.int64
        )

    @classmethod
    def train(cls, data: TokenSequences, vocabulary: int) -> Pairs:
        """Learn ``vocabulary`` tokens from sequences of bytes.

        Raises `Incompatible` for codes, and below 256.
        """
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

        _refuse_codes(data)
        if vocabulary < 256:
            raise Incompatible(
                f"vocabulary={vocabulary}; a tokenizer of byte pairs needs at least 256"
            )
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORDS), "isolated")
        alphabet = [chr(i) for i in range(256)]
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator(_characters(data), trainer)
        return cls(tokenizer.to_str())

    def encode(self, data: TokenSequences) -> Tokens:
        """The tokens of byte sequences. Raises `Incompatible` for codes."""
        _refuse_codes(data)
        found, sizes, texts = mapped.Column(np.int64), [0], _characters(data)
        while part := list(itertools.islice(texts, BATCH)):
            for one in self._tokenizer.encode_batch(part):
                found.add(one.ids)
                sizes.append(len(one.ids))
        ids = found.array()
        return Tokens(ids, mapped.taken(self._bytes, ids), np.cumsum(sizes))


Tokenizer = Native | Pairs


def restored(text: str, vocabulary: int) -> Tokenizer:
    """The tokenizer of a stored network: byte pairs from ``text``, or symbols where it is empty."""
    return Pairs(text) if text else Native(vocabulary)


def _refuse_codes(data: TokenSequences) -> None:
    if data.alphabet != "bytes":
        raise Incompatible(
            "tokenizer=pairs reads text, but these data are codes; wanted tokenizer=native"
        )


def _characters(data: TokenSequences) -> Iterator[str]:
    for a, b in itertools.pairwise(data.offsets):
        yield bytes(data.ids[a:b].astype(np.uint8)).decode("latin-1")
