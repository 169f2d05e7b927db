"""Texts as predictors read them."""

from __future__ import annotations

import re

from harness import LabelledText

TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word, or a punctuation mark."""


def joined(data: LabelledText) -> list[str]:
    """Each text with its context (n)."""
    if data.contexts is None:
        return list(data.texts)
    return [f"{text} ; {context}" for text, context in zip(data.texts, data.contexts, strict=True)]
