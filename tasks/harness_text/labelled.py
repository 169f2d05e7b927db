"""Labelled texts of the user: a file, two files, a folder, or a data set on the hub."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, Ints, LabelledText, Split, UsageError, stream
from harness_text import parts, tables
from harness_text.settings import Labelled
from harness_text.tables import Table

LOG = logging.getLogger("harness.text")


class LabelledFile(Labelled):
    """One case: the rows of a file or data set.

    Files are CSV, TSV, JSON, JSON lines or Parquet. Where there is no test part, ``test_share`` of
    each class is drawn for testing.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The case. Raises `UsageError` where no path is given, and where a file does not exist."""
        if not self.path:
            raise UsageError(
                "labelled-text.path is empty; "
                "wanted --set labelled-text.path=FILE, or an id on the Hugging Face hub"
            )
        local = tables.is_file(self.path)
        files = [name for name in (self.path, self.test) if name and local]
        for name in files:
            if not tables.is_file(name):
                raise UsageError(f"{name}: no such file; wanted {', '.join(tables.ENDINGS)}")
        yield Case(
            Path(self.path).name,
            partial(self._load, seed),
            facts={"data": Path(self.path).name},
            stamp=tables.digest(files) if local else None,
        )

    def _load(self, seed: int) -> LabelledText:
        names: dict[str, list[str]] = {}
        if tables.is_file(self.path):
            files = {"train": self.path, "test": self.test} if self.test else {"": self.path}
            table = tables.read_files(files)
        else:
            table, names = tables.read_hub(
                self.path, self.config, self.revision, self.train, self.test or "test"
            )
        rng = stream(seed, "labelled-text", Path(self.path).name)
        return self._made(table, names.get(self.label), rng)

    def _made(
        self, table: Table, names: list[str] | None, rng: np.random.Generator
    ) -> LabelledText:
        labels = [_label(value, names) for value in table.column(self.label, self.path)]
        texts = self._texts(table, self.text)
        contexts = self._texts(table, self.context) if self.context else None
        groups = self._texts(table, self.group) if self.group else None
        kept = self._kept(texts, labels, rng)
        classes = tuple(sorted({str(labels[i]) for i in kept}, key=_rank))
        code = {name: c for c, name in enumerate(classes)}
        y = np.array([code[str(labels[i])] for i in kept], np.int64)
        role = np.array([table.parts[i] for i in kept])
        if (role == "").all():
            split = parts.stratified(y, self.test_share, rng)
        else:
            split = Split(np.flatnonzero(role == "train"), np.flatnonzero(role == "test"))
        found = LabelledText(
            tuple(texts[i] for i in kept),
            y,
            classes,
            None if contexts is None else tuple(contexts[i] for i in kept),
            groups=None if groups is None else tuple(groups[i] for i in kept),
            repeats=self.duplicates == "drop",
            split=split,
        )
        return _without(found, found.leaks()) if self.duplicates == "drop" else found

    def _texts(self, table: Table, column: str) -> list[str]:
        return [_text(value) for value in table.column(column, self.path)]

    def _kept(
        self, texts: list[str], labels: list[str | None], rng: np.random.Generator
    ) -> list[int]:
        """Rows with a text and a label. Raises `UsageError` for the first without."""
        blank = [i for i, text in enumerate(texts) if not text.strip()]
        missing = [i for i, label in enumerate(labels) if label is None]
        if missing:
            raise UsageError(
                f"{self.path}, row {missing[0]}: no label in {self.label!r}; wanted one in each row"
            )
        if blank and self.empty == "error":
            raise UsageError(
                f"{self.path}, row {blank[0]}: an empty text in {self.text!r}; "
                "wanted a text, or empty=drop"
            )
        if blank:
            LOG.warning("%s: %d rows without a text are left out", self.path, len(blank))
        rows = [i for i, text in enumerate(texts) if text.strip()]
        if not rows:
            raise UsageError(f"{self.path}: no row has a text; wanted at least one")
        if self.limit and self.limit < len(rows):
            rows = sorted(int(i) for i in rng.choice(rows, self.limit, replace=False))
        return rows


def _without(data: LabelledText, leaked: Ints) -> LabelledText:
    """The data without the leaked rows, which repeat a training text."""
    if leaked.size:
        LOG.warning("%d rows repeat a text of the training part and are left out", len(leaked))
        data = data.take(np.setdiff1d(np.arange(data.n), leaked))
    return dataclasses.replace(data, repeats=False)


def _rank(name: str) -> tuple[bool, str]:
    """Numbers by value, then names in alphabetical order."""
    return not name.isdigit(), name.zfill(12)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(f"{a}) {option}" for a, option in zip("ABCDEFGH", value, strict=False))
    return str(value)


def _label(value: Any, names: list[str] | None) -> str | None:
    """The name of a class; None without a label (empty, or a negative code, as data sets write)."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or str(value).strip() == "" or (isinstance(value, int) and value < 0):
        return None
    if names is not None and isinstance(value, int):
        return names[value]
    return str(value).strip()
