"""Paragraphs of the language reference that ships inside CPython, by topic."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, LabelledText, UsageError, stream
from harness_text import parts
from harness_text.settings import Manual

LEAST_LETTERS = 0.7
"""Share of letters and spaces below which a paragraph is taken for a grammar or a listing."""


class PydocTopics(Manual):
    """Which topic is a paragraph from?

    The texts are those of the running interpreter and change with its version, which records name.
    A paragraph that several topics share is left out; one that a topic repeats counts once.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each number of topics and share of wrong labels.

        Raises `UsageError` where the manual has fewer topics.
        """
        found = paragraphs(self.least)
        stamp = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
        for count in self.topics:
            if count > len(found):
                raise UsageError(
                    f"pydoc-topics.topics: {count}; "
                    f"wanted {len(found)} or fewer with least={self.least}"
                )
            for noise in self.noise:
                yield Case(
                    f"{count}-topics" + (f"-noise-{noise:g}" if noise else ""),
                    partial(self._draw, count, noise, seed),
                    facts={"topics": count, "noise": noise},
                    stamp=stamp,
                )

    def _draw(self, count: int, noise: float, seed: int) -> LabelledText:
        rng = stream(seed, "pydoc-topics", str(count), f"{noise:g}")
        chosen = paragraphs(self.least)[:count]
        texts = [text for _, members in chosen for text in members]
        clean = np.repeat(np.arange(count), [len(members) for _, members in chosen])
        y, wrong = parts.flipped(clean, count, noise, rng)
        split = parts.stratified(y, self.test_share, rng)
        names = tuple(name for name, _ in chosen)
        return LabelledText(tuple(texts), y, names, wrong=wrong, split=split)


def paragraphs(least: int) -> list[tuple[str, list[str]]]:
    """Topics with their own paragraphs of prose, those with most first; each has at least four."""
    from pydoc_data.topics import topics

    by_topic: dict[str, list[str]] = {}
    homes: Counter[str] = Counter()
    for name in sorted(topics):
        plain = (" ".join(part.split()) for part in re.split(r"\n\s*\n", topics[name]))
        kept = list(dict.fromkeys(p for p in plain if len(p) >= least and _prose(p)))
        by_topic[name] = kept
        homes.update({p.casefold() for p in kept})
    own = {name: [p for p in kept if homes[p.casefold()] == 1] for name, kept in by_topic.items()}
    return sorted(
        ((name, kept) for name, kept in own.items() if len(kept) >= 4),
        key=lambda t: (-len(t[1]), t[0]),
    )


def _prose(text: str) -> bool:
    return sum(c.isalpha() or c == " " for c in text) >= LEAST_LETTERS * len(text)
