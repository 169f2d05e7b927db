"""Texts as predictors read them."""

from __future__ import annotations

import re

from harness import LabelledText

WORDS = r"(?u)\b\w+\b"
"""A word, as vectorizers of scikit-learn find it; single letters and digits count."""
TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word, or a punctuation mark."""


def joined(data: LabelledText) -> list[str]:
    """Each text with its context (n)."""
    if data.contexts is None:
        return list(data.texts)
    return [f"{text} ; {context}" for text, context in zip(data.texts, data.contexts, strict=True)]
