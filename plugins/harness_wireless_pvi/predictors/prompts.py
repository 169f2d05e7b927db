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
    prefix = _ids(words, f"{instruction}\n", special=True)
    if prefix and prefix[-1] == words.eos_token_id and prefix[-1] != words.bos_token_id:
        prefix = prefix[:-1]
    contexts = data.contexts or ("",) * data.n
    tails = [
        _ids(words, f"\n{context}\nAnswer:" if context else "\nAnswer:") for context in contexts
    ]
    bodies = [_ids(words, f"Text: {text}") for text in data.texts]
    pairs = list(zip(bodies, tails, strict=True))
    batches.tell_cut([len(prefix) + len(b) + len(t) for b, t in pairs], max_length)
    full = [b[: max(0, max_length - len(prefix) - len(t))] + t for b, t in pairs]
    blank, bare = _ids(words, f"Text: {BLANK}"), _ids(words, "\nAnswer:")
    keeps = null_keeps_context and data.contexts is not None
    null = [blank + tail for tail in tails] if keeps else [blank + bare]
    for row, (prompt, tail) in enumerate(zip(full, tails, strict=True)):
        if len(prompt) - len(tail) <= len(blank) or prompt == null[row if keeps else 0]:
            raise UsageError(
                f"row {row}: nothing of the text fits into its prompt; "
                f"wanted max_length above {max_length}"
            )
    options = [_ids(words, f" {name}") for name in data.classes]
    if not all(options):
        raise UsageError(
            f"the answer {data.classes[options.index([])]!r} has no tokens; "
            "wanted class names with at least one"
        )
    first = [
        sorted({option[0], *_ids(words, name)[:1]})
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
