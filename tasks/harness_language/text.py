"""Real text as bytes: what comes with CPython, or what the user names."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Case, DataError, Ints, Split, TokenSequences, UsageError, needs, stream
from harness.files import opened
from harness.mapped import Column
from harness_language.settings import Documents

CHUNK = 2**20
"""Characters of a file that are read at once."""


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
        content, sizes = _gathered(_pydoc() if self.dataset == "pydoc" else self._read())
        rng = stream(seed, "pydoc-text", self.dataset)
        order = rng.permutation(len(sizes))
        if self.limit:
            order = order[: self.limit]
        order = order[sizes[order] > 0]
        if len(order) < 2:
            raise DataError(
                f"pydoc-text: {self.dataset}",
                f"{len(order)} documents",
                "two that are not empty",
            )
        last = np.cumsum(sizes)
        ids = Column(np.int64)
        for i in order:
            ids.add(content[last[i] - sizes[i] : last[i]])
        ends = np.cumsum(sizes[order])
        # The first documents of the random order, until there are enough bytes.
        wanted = min(self.test_bytes, int(ends[-1]) // 5)
        test = min(int(np.searchsorted(ends, wanted)) + 1, len(order) - 1)
        places = np.arange(len(order))
        split = Split(places[test:], places[:test])
        symbols = ids.array()
        symbols.flags.writeable = False  # so that the kind need not copy them
        cuts = np.concatenate([[0], ends])
        return TokenSequences(symbols, cuts, 256, "bytes", split=split)

    def _read(self) -> Iterable[str]:
        path = Path(self.dataset)
        if path.is_file() and path.suffix != ".parquet":
            return _paragraphs(path)
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
        return (str(text) for text in table[self.column])


def _paragraphs(path: Path) -> Iterator[str]:
    """The documents of a plain file: what stands between empty lines, but for blanks."""
    rest = ""
    try:
        with opened(path) as file, io.TextIOWrapper(file, encoding="utf-8") as lines:
            while chunk := lines.read(CHUNK):
                *parts, rest = (rest + chunk).split("\n\n")
                yield from (part for part in parts if part.strip())
    except UnicodeDecodeError as error:
        raise UsageError(f"pydoc-text.dataset: {path}: {error}; wanted UTF-8 text") from error
    if rest.strip():
        yield rest


def _gathered(texts: Iterable[str]) -> tuple[NDArray[Any], Ints]:
    """All texts in UTF-8, one after another ``(bytes,)``, and how many bytes each has ``(n,)``."""
    content, sizes = Column(np.uint8), Column(np.int64)
    for text in texts:
        data = text.encode()
        content.add(np.frombuffer(data, np.uint8))
        sizes.add(len(data))
    return content.array(), sizes.array()


def _pydoc() -> list[str]:
    from pydoc_data.topics import topics

    return [topics[name] for name in sorted(topics)]
