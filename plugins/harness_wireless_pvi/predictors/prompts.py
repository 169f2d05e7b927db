"""Prompts of causal language models: one prefix for all, the text, and classes as answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness import LabelledText, UsageError
from harness_wireless_pvi import batches

BLANK = " "


@dataclass(frozen=True)
class Prompts:
    """Token ids.

    Attributes
    ----------
    prefix : beginning of every prompt.
    full, null : the rest of each prompt, with its text and with a blank one; a single null where
        all are equal.
    options : tokens of each class as an answer.
    first : for each class the tokens that its answer may begin with (with and without a space
        before it).
    """

    prefix: list[int]
    full: list[list[int]]
    null: list[list[int]]
    options: list[list[int]]
    first: list[list[int]]


def build(
    words: Any, data: LabelledText, instruction: str, max_length: int, null_keeps_context: bool
) -> Prompts:
    """The prompts of all rows; a text is cut where its prompt would exceed ``max_length`` tokens.

    Raises `UsageError` where an answer has no tokens, and where nothing of a text fits into its
    prompt.
    """
    instruction = instruction or f"Answer with one of: {', '.join(data.classes)}."
    start = f"{instruction}\n"
    contexts = data.contexts or ("",) * data.n
    tails = [f"\n{context}\nAnswer:" if context else "\nAnswer:" for context in contexts]
    # Whole prompts, because what a tokenizer makes of a part depends on what stands before it.
    wholes = [
        _ids(words, f"{start}Text: {text}{tail}", special=True)
        for text, tail in zip(data.texts, tails, strict=True)
    ]
    keeps = null_keeps_context and data.contexts is not None
    blanks = [
        _ids(words, f"{start}Text: {BLANK}{tail}", special=True)
        for tail in (tails if keeps else ["\nAnswer:"])
    ]
    if all(ids[-1:] == [words.eos_token_id] for ids in wholes + blanks):
        wholes, blanks = [ids[:-1] for ids in wholes], [ids[:-1] for ids in blanks]
    prefix = _common([*wholes, *blanks])
    batches.tell_cut([len(ids) for ids in wholes], max_length)
    full, null = [], [ids[len(prefix) :] for ids in blanks]
    room = len(_after(words, start, f"Text: {BLANK}"))
    for row, ids in enumerate(wholes):
        prompt = ids[len(prefix) :]
        over = len(ids) - max_length
        if over > 0:
            tail = _after(words, "a", tails[row])
            body = prompt[: len(prompt) - len(tail)]
            body = body[: max(0, len(body) - over)]
            prompt = null[row if keeps else 0] if len(body) <= room else body + tail
        if prompt == null[row if keeps else 0]:
            raise UsageError(
                f"row {row}: nothing of the text fits into its prompt; "
                f"wanted max_length above {max_length}"
            )
        full.append(prompt)
    options = [_after(words, "\nAnswer:", f" {name}") for name in data.classes]
    if not all(options):
        raise UsageError(
            f"the answer {data.classes[options.index([])]!r} has no tokens; "
            "wanted class names with at least one"
        )
    first = [
        sorted({option[0], *_after(words, "\nAnswer:", name)[:1]})
        for option, name in zip(options, data.classes, strict=True)
    ]
    return Prompts(prefix, full, null, options, first)


def check_first(prompts: Prompts, classes: Sequence[str]) -> None:
    """Raise `UsageError` where the answers of two classes may begin with the same token."""
    owner: dict[int, str] = {}
    for name, tokens in zip(classes, prompts.first, strict=True):
        for token in tokens:
            if token in owner:
                raise UsageError(
                    f"the answers {owner[token]!r} and {name!r} begin with the same token; "
                    "wanted scoring=whole, or class names that begin differently, such as letters"
                )
            owner[token] = name


def _ids(words: Any, text: str, special: bool = False) -> list[int]:
    found: list[int] = words(text, add_special_tokens=special, verbose=False)["input_ids"]
    return found


def _after(words: Any, before: str, piece: str) -> list[int]:
    """The tokens of ``piece`` where it follows on ``before``; those of it alone where the two melt
    into one token.
    """
    start, whole = _ids(words, before), _ids(words, before + piece)
    return whole[len(start) :] if whole[: len(start)] == start else _ids(words, piece)


def _common(sequences: list[list[int]]) -> list[int]:
    """The longest common beginning, which leaves each at least one token."""
    first, most = sequences[0], min(map(len, sequences)) - 1
    same = 0
    while same < most and all(ids[same] == first[same] for ids in sequences):
        same += 1
    return first[:same]
