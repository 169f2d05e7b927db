"""Passages of documents, ranked by the words that they share with a query."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness import Floats, Ints

SATURATION, LENGTH = 1.2, 0.75
"""k1 and b of BM25: how soon repeats stop to count, and how much long passages are held back."""


def words(text: str) -> list[str]:
    """Words and numbers in lower case."""
    return re.findall(r"\w+", text.casefold())


def passages(text: str, most: int) -> list[str]:
    """Passages of at most ``most`` words: whole sentences where they fit, and no blank line within.

    A longer sentence is cut.
    """
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        room = 0
        for sentence in re.split(r"(?<=[.!?])\s+", paragraph.strip()):
            parts = sentence.split()
            for start in range(0, len(parts), most):
                piece = parts[start : start + most]
                if len(piece) <= room:
                    found[-1] += " " + " ".join(piece)
                    room -= len(piece)
                else:
                    found.append(" ".join(piece))
                    room = most - len(piece)
    return found


def bm25(query: str, texts: Sequence[str]) -> Floats:
    """Scores ``(texts,)`` of Okapi BM25 (Robertson and Zaragoza 2009, equation 3.15).

    The weight of a word that df of n texts have is ln(1 + (n - df + 1/2) / (df + 1/2)), which is
    never negative. Each word of the query counts once.
    """
    counts = [Counter(words(text)) for text in texts]
    sizes = np.array([sum(count.values()) for count in counts], float)
    norm = SATURATION * (1 - LENGTH + LENGTH * sizes / max(sizes.mean(), 1.0))
    scores = np.zeros(len(texts))
    for word in sorted(set(words(query))):
        times = np.array([count[word] for count in counts], float)
        df = int((times > 0).sum())
        weight = math.log1p((len(texts) - df + 0.5) / (df + 0.5))
        scores += weight * times * (SATURATION + 1) / (times + norm)
    return scores


def best(query: str, texts: Sequence[str], count: int) -> tuple[Ints, Floats]:
    """The places of the ``count`` best texts, the first of equal ones first, and their scores."""
    scores = bm25(query, texts)
    order = np.argsort(-scores, kind="stable")[:count]
    return order, scores[order]
