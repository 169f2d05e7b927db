"""Sentences of the language reference that ships inside CPython, as a prefix tree."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial

from harness import Case, PreferenceSource, UsageError, stream
from harness_preferences import settings
from harness_preferences.trees import drawn
from harness_preferences.tries import trie

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def sentences(least: int, most: int) -> list[str]:
    """At most ``most`` different sentences, those with the commonest first words first.

    Paragraphs with code, tables or headings are left out.
    """
    from pydoc_data.topics import topics

    found: set[str] = set()
    for text in topics.values():
        for paragraph in re.split(r"\n\s*\n", text):
            lines = paragraph.strip("\n").split("\n")
            if any(re.search(r"[*=+|~^-]{3}|::=|>>>|   \S", line) for line in lines):
                continue
            for sentence in SENTENCE.split(" ".join(" ".join(lines).split())):
                if len(sentence.split()) >= least and sentence[:1].isupper():
                    found.add(sentence)
    common = Counter(sentence.split()[0] for sentence in found)
    return sorted(found, key=lambda s: (-common[s.split()[0]], s))[:most]


class PydocTrie(settings.PydocTrie):
    """Rewards are drawn along the tree of sentences: alike beginnings, alike rewards.

    The texts are those of the running interpreter and change with its version, which records name.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each noise and budget. Raises `UsageError` for too few sentences."""
        found = sentences(self.least, self.most)
        if len(found) < 4:
            raise UsageError(
                f"pydoc-trie.least: {self.least}; no four sentences have so many words"
            )
        stamp = hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]
        for noise in self.noises:
            for budget in self.budgets:
                yield Case(
                    f"noise-{noise:g}-n-{budget}",
                    partial(self._made, noise, budget, seed),
                    facts={"noise": noise, "comparisons": budget, "responses": len(found)},
                    stamp=stamp,
                )

    def _made(self, noise: float, budget: int, seed: int) -> PreferenceSource:
        parent, texts, leaves = trie(sentences(self.least, self.most))
        variance = PreferenceSource.by_depth(parent, leaves, self.alpha)
        rng = stream(seed, "pydoc-trie")
        return drawn(parent, variance, leaves, noise, budget, self, rng, texts)
