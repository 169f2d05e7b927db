"""Paragraphs of the language reference that ships inside CPython, by topic."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness import Case, LabelledText, UsageError, stream
from harness_text import parts

LEAST_LETTERS = 0.7
"""Share of letters and spaces below which a paragraph is a grammar or a listing."""


@dataclass(frozen=True)
class PydocTopics:
    """Which topic is a paragraph from? Cases: the largest topics, so many.

    The texts are those of the running interpreter, and change with its version; records name it. A paragraph that
    several topics share is left out, and one that a topic repeats counts once.

    Attributes
    ----------
    topics : numbers of topics, a case each.
    least : characters that a paragraph has.
    noise : shares of labels made wrong, a case each besides the clean ones.
    """

    topics: tuple[int, ...] = (4, 12)
    noise: tuple[float, ...] = (0.0, 0.1)
    least: int = 60
    test_share: float = 0.4

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case per number of topics and share of noise."""
        found = paragraphs(self.least)
        stamp = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
        for count in self.topics:
            if count > len(found):
                raise UsageError(
                    f"pydoc-topics.topics: {count}; wanted {len(found)} or fewer with least={self.least}"
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
    """Topics with their own paragraphs in plain words, those with most first; each has four at least."""
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
