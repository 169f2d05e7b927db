"""Texts with their blocks as counts of words: the manual inside CPython, or a file."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from harness import BlockCounts, Case, DataError, UsageError
from harness.files import json_lines
from harness_blocks.settings import LabelledBlocks, PydocBlocks, Words

LOG = logging.getLogger("harness.blocks")
WORD = re.compile(r"[^\W\d_]+")


class _Counted(Words):
    def counted(self, texts: Sequence[str], blocks: Sequence[str], where: str) -> BlockCounts:
        """Counts of the most frequent words, in lower case; blocks are numbered by name.

        Texts with fewer than ``least`` words of the vocabulary are left out, with a note. Raises
        `DataError` where none is left.
        """
        found = [Counter(WORD.findall(text.lower())) for text in texts]
        total: Counter[str] = Counter()
        for count in found:
            total.update(count)
        # Equal counts by the alphabet, so that the order of texts decides nothing.
        words = tuple(sorted(total, key=lambda word: (-total[word], word))[: self.vocabulary])
        counts = np.array([[count[word] for word in words] for count in found], np.int64)
        counts = counts.reshape(len(texts), len(words))
        kept = np.flatnonzero(counts.sum(1) >= self.least).tolist()
        if not kept:
            raise DataError(where, f"no text of {self.least} words", "one at least")
        if len(kept) < len(texts):
            LOG.info("%s: %d of %d texts are too short", where, len(texts) - len(kept), len(texts))
        names = sorted({blocks[i] for i in kept})
        codes = np.array([names.index(blocks[i]) for i in kept])
        return BlockCounts(counts[kept], codes, words)


class PydocTopics(PydocBlocks, _Counted):
    """Paragraphs of the longest topics of the manual. Their number is no truth: topics overlap."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case. Raises `UsageError` where there are not as many topics."""
        from pydoc_data.topics import topics

        if self.blocks > len(topics):
            raise UsageError(
                f"pydoc-blocks.blocks: {self.blocks}; the manual has {len(topics)} topics"
            )
        # Several names may have one and the same text.
        names = {text: name for name, text in sorted(topics.items(), reverse=True)}
        longest = sorted(names, key=lambda text: (-len(text), names[text]))[: self.blocks]
        digest = hashlib.sha256("\0".join(longest).encode()).hexdigest()[:16]

        def load() -> BlockCounts:
            parts = [(part, names[text]) for text in longest for part in text.split("\n\n")]
            texts, blocks = zip(*parts, strict=True)
            return self.counted(texts, blocks, "pydoc-blocks")

        yield Case("pydoc", load, facts={"blocks": self.blocks}, stamp=digest)


class LabelledTexts(LabelledBlocks, _Counted):
    """Texts of a file of JSON lines, ``{"text": ..., "block": ...}``."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case. Raises `UsageError` without a file that can be read."""
        path = Path(self.path)
        if not self.path or not path.is_file():
            found = "empty" if not self.path else f"{path}: no such file"
            raise UsageError(
                f'labelled-blocks.path: {found}; wanted JSON lines such as {{"text": "...", '
                '"block": "..."}'
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        yield Case(path.stem, self._load, facts={"data": path.stem}, stamp=digest)

    def _load(self) -> BlockCounts:
        path, texts, blocks = Path(self.path), [], []
        for number, row in json_lines(path):
            where = f"{path.name}, line {number}"
            if not isinstance(row, dict):
                raise DataError(where, type(row).__name__, "a JSON object")
            for field in (self.text, self.block):
                if field not in row:
                    raise DataError(where, f"no field {field!r}", "a text and its block")
            if not isinstance(row[self.text], str):
                raise DataError(where, f"{self.text} is no string", "a text")
            if isinstance(row[self.block], list | dict) or row[self.block] is None:
                # A text of several blocks has no single code: blocks that overlap are an error.
                raise DataError(
                    where, f"{self.block} is {row[self.block]!r}", "the name of one block"
                )
            texts.append(row[self.text])
            blocks.append(str(row[self.block]))
        return self.counted(texts, blocks, path.name)
