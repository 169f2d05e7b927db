"""Byte sequences in the tokens of a transformers tokenizer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from harness import Incompatible, TokenSequences, mapped
from harness_lm.tokens import Tokens


def encode_texts(data: TokenSequences, tokenizer: Any) -> Tokens:
    """Sequences of UTF-8 bytes in a tokenizer's tokens, and the bytes that each stands for.

    A token has the bytes from the end of the one before it (or of the text) to its own end: bytes
    that the tokenizer drops, such as spaces, are counted, so that nats per byte stay comparable.

    Raises
    ------
    Incompatible : bytes that are no UTF-8, a text without tokens, a tokenizer that does not tell
        where its tokens lie.
    """
    ids, symbols, ends = mapped.Column(np.int64), mapped.Column(np.int64), [0]
    for row, (a, b) in enumerate(itertools.pairwise(data.offsets)):
        try:
            text = bytes(data.ids[a:b].astype(np.uint8)).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Incompatible(
                f"sequence {row} is not UTF-8 text ({error.reason}), which the tokenizer needs"
            ) from None
        try:
            found = tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
        except NotImplementedError:
            raise Incompatible(
                "the tokenizer does not say where its tokens are in the text; wanted a fast one"
            ) from None
        if not found["input_ids"]:
            raise Incompatible(f"sequence {row} has no tokens")
        until = [0, *itertools.accumulate(len(c.encode()) for c in text)]
        own = np.maximum.accumulate([until[end] for _, end in found["offset_mapping"]])
        own[-1] = b - a
        ids.add(found["input_ids"])
        symbols.add(np.diff(own, prepend=0))
        ends.append(ends[-1] + len(own))
    return Tokens(ids.array(), symbols.array(), np.array(ends))
