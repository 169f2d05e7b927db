"""Real text as bytes: what comes with CPython, or what the user names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from harness import Case, DataError, Split, TokenSequences, UsageError, needs, stream
from harness_language.settings import Documents


class PydocText(Documents):
    """One case: documents as UTF-8 bytes, divided at random into training and test documents."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case. Raises `UsageError` where the texts cannot be read."""
        stamp = None
        if self.dataset == "pydoc":  # its text changes with Python, a hub or file at any time
            stamp = hashlib.sha256("\0".join(_pydoc()).encode()).hexdigest()[:16]
        name = Path(self.dataset).stem if Path(self.dataset).exists() else self.dataset
        yield Case(id=name, data=lambda: self._load(seed), stamp=stamp)

    def _load(self, seed: int) -> TokenSequences:
        texts = _pydoc() if self.dataset == "pydoc" else self._read()
        rng = stream(seed, "pydoc-text", self.dataset)
        order = rng.permutation(len(texts))
        if self.limit:
            order = order[: self.limit]
        documents = [np.frombuffer(texts[i].encode(), np.uint8).astype(np.int64) for i in order]
        documents = [d for d in documents if d.size]
        if len(documents) < 2:
            raise DataError(
                f"pydoc-text: {self.dataset}",
                f"{len(documents)} documents",
                "two that are not empty",
            )
        ends = np.cumsum([len(d) for d in documents])
        # The first documents of the random order, until there are enough bytes.
        wanted = min(self.test_bytes, int(ends[-1]) // 5)
        test = min(int(np.searchsorted(ends, wanted)) + 1, len(documents) - 1)
        places = np.arange(len(documents))
        split = Split(places[test:], places[:test])
        return TokenSequences(
            np.concatenate(documents), np.concatenate([[0], ends]), 256, "bytes", split=split
        )

    def _read(self) -> list[str]:
        path = Path(self.dataset)
        if path.is_file() and path.suffix != ".parquet":
            try:
                # Paragraphs are the documents of a plain file.
                return [
                    part for part in path.read_text(encoding="utf-8").split("\n\n") if part.strip()
                ]
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(
                    f"pydoc-text.dataset: {path}: {error}; wanted UTF-8 text"
                ) from error
        datasets = needs("datasets", "infoharness[hub]")
        try:
            if path.is_file():
                tables = datasets.load_dataset("parquet", data_files=str(path))
            else:
                tables = datasets.load_dataset(
                    self.dataset, *([self.config] if self.config else [])
                )
            table = tables["train"] if "train" in tables else next(iter(tables.values()))
        except Exception as error:  # whatever the network, the hub or the files raise
            first = " ".join(str(error).split())[:160]
            raise UsageError(
                f"pydoc-text.dataset: {self.dataset!r} cannot be loaded "
                f"({type(error).__name__}: {first}); wanted pydoc, a text or Parquet file, or a "
                "Hugging Face id that is reachable or in its cache"
            ) from error
        if self.column not in table.column_names:
            columns = ", ".join(table.column_names)
            raise UsageError(
                f"pydoc-text.column: {self.dataset} has no column {self.column!r}; "
                f"wanted one of {columns}"
            )
        return [str(text) for text in table[self.column]]


def _pydoc() -> list[str]:
    from pydoc_data.topics import topics

    return [topics[name] for name in sorted(topics)]
