"""Long documents, from files or the Hugging Face hub, as contexts with a question."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from harness import Case, Contexts, DataError, UsageError, needs, stream
from harness.files import json_lines, parquet_rows, read_json
from harness_language.corpora import PRESETS, Corpus, Row, Wanted
from harness_language.settings import Corpora

LOG = logging.getLogger("harness.language")
ENDINGS = (".json", ".jsonl", ".parquet")
LONGHEALTH = "data/benchmark_v5.json of github.com/kbressem/LongHealth"


class LongContexts(Corpora):
    """One case for each question: the text that it is about, and others.

    The answer is known for the one text only; for the others it is empty. Corpora without questions
    are one case, with one question for all texts.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per question. Raises `UsageError` where there is nothing to read."""
        preset = PRESETS[self.preset]
        if not (self.path or preset.hub):
            raise UsageError(f"long-contexts.path: empty; wanted a copy of {LONGHEALTH}")
        path = Path(self.path)
        if path.suffix.lower() in ENDINGS and not path.is_file():
            raise UsageError(
                f"long-contexts.path: {path}: no such file; wanted {', '.join(ENDINGS)}"
            )
        local = path.is_file() and not self.documents
        stamp = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if local else None
        for number in (0,) if preset.query else range(self.questions):
            name = "all" if preset.query else f"question-{number + 1}"
            facts: dict[str, str | int | float] = {
                "data": self.preset,
                "contexts": self.contexts,
            }
            yield Case(
                f"{self.preset}-{name}", partial(self._load, number, seed), facts=facts, stamp=stamp
            )

    def _load(self, number: int, seed: int) -> Contexts:
        preset = PRESETS[self.preset]
        corpus = preset.read(
            self._rows(preset.hub), Wanted(self.contexts, self.documents, self.characters)
        )
        where = f"long-contexts: {self.path or preset.hub}"
        if len(corpus.texts) < 2:
            wanted = f"two at least, in the format of {self.preset}"
            raise DataError(where, f"{len(corpus.texts)} texts", wanted)
        if preset.query:
            return Contexts(self._cut(corpus.texts), None, query=self.query or preset.query)
        return self._asked(corpus, number, stream(seed, "long-contexts", self.preset), where)

    def _asked(self, corpus: Corpus, number: int, rng: np.random.Generator, where: str) -> Contexts:
        """Question ``number`` of a random order, with its text and others drawn at random."""
        if number >= len(corpus.asked):
            raise DataError(
                where, f"{len(corpus.asked)} questions", f"long-contexts.questions={self.questions}"
            )
        asked = corpus.asked[rng.permutation(len(corpus.asked))[number]]
        others = np.setdiff1d(np.arange(len(corpus.texts)), [asked.text])
        # A generator of the question's own, so that the number of questions changes none.
        drawn = rng.spawn(number + 1)[number].permutation(others)[: self.contexts - 1]
        chosen = np.sort(np.append(drawn, asked.text))
        answers = tuple(asked.answer if i == asked.text else "" for i in chosen)
        texts = self._cut([corpus.texts[i] for i in chosen])
        return Contexts(texts, answers, query=asked.query, options=asked.options)

    def _cut(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Texts of at most ``characters``, cut where a word ends."""
        texts = tuple(texts)
        long = [
            i for i, text in enumerate(texts) if self.characters and len(text) > self.characters
        ]
        if not long:
            return texts
        LOG.warning(
            "%d of %d texts are cut to %d characters", len(long), len(texts), self.characters
        )
        # One more than fits, so that a word that ends just there is kept.
        return tuple(
            text[: self.characters + 1].rpartition(" ")[0] or text[: self.characters]
            if i in long
            else text
            for i, text in enumerate(texts)
        )

    def _rows(self, hub: str) -> Iterator[Row]:
        path = Path(self.path)
        if not path.is_file():
            return self._hub_rows(self.path or hub)
        if path.suffix.lower() not in ENDINGS:
            raise UsageError(f"long-contexts.path: {path}: wanted {', '.join(ENDINGS)}")
        if path.suffix.lower() == ".parquet":
            return parquet_rows(path, "infoharness[text]")
        return _json(path)

    def _hub_rows(self, name: str) -> Iterator[Row]:
        """Rows are streamed, so that no more of a large corpus is fetched than is used."""
        datasets = needs("datasets", "infoharness[hub]")
        try:
            yield from datasets.load_dataset(name, split=self.split, streaming=True)
        except Exception as error:  # whatever the network, the hub or the files raise
            first = " ".join(str(error).split())[:160]
            raise UsageError(
                f"long-contexts.path: {name!r} cannot be loaded ({type(error).__name__}: {first}); "
                f"wanted a file ({', '.join(ENDINGS)}), or a Hugging Face id that is reachable or "
                "in its cache"
            ) from error


def _json(path: Path) -> Iterator[Row]:
    """Objects of a list, of the values of an object, or of lines."""
    if path.suffix.lower() == ".jsonl":
        yield from (row for _, row in json_lines(path))
        return
    found = read_json(path)
    if not isinstance(found, dict | list):
        raise UsageError(
            f"long-contexts.path: {path}: {type(found).__name__}; "
            "wanted a list, or an object of objects"
        )
    yield from found.values() if isinstance(found, dict) else found
