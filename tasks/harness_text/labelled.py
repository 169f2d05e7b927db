"""Labelled texts of the user: a file, two files, a folder, or a data set on the hub."""

from __future__ import annotations

import dataclasses
import logging
import math
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, Ints, LabelledText, Split, UsageError, stream
from harness.tables import counted
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
            table = tables.read_files(files, encoding=self.encoding, quotes=self.quotes)
        else:
            table, names = tables.read_hub(
                self.path, self.config, self.revision, self.train, self.test or "test"
            )
        rng = stream(seed, "labelled-text", Path(self.path).name)
        return self._made(table, names.get(self.label), rng)

    def _made(
        self, table: Table, names: list[str] | None, rng: np.random.Generator
    ) -> LabelledText:
        labels = self._labels(table, names)
        texts = self._texts(table, "text")
        contexts = self._texts(table, "context") if self.context else None
        groups = self._texts(table, "group") if self.group else None
        kept = self._kept(texts, labels, table.places, rng)
        classes = tuple(sorted({str(labels[i]) for i in kept}, key=_rank))
        code = {name: c for c, name in enumerate(classes)}
        y = np.array([code[str(labels[i])] for i in kept], np.int64)
        role = np.array([table.parts[i] for i in kept])
        if (role == "").all():
            split = None
        else:
            split = Split(np.flatnonzero(role == "train"), np.flatnonzero(role == "test"))
        found = LabelledText(
            tuple(texts[i] for i in kept),
            y,
            classes,
            None if contexts is None else tuple(contexts[i] for i in kept),
            groups=None if groups is None else tuple(groups[i] for i in kept),
            repeats=True,
            split=split,
        )
        if split is None:
            split = parts.together(y, found.prints(), self.test_share, rng)
            return dataclasses.replace(found, repeats=False, split=split)
        leaked = found.leaks()
        if leaked.size and self.duplicates == "error":
            raise UsageError(
                f"{self.path}: {counted(len(leaked), 'test text')} also in the training part, the "
                f"first at {table.places[kept[leaked[0]]]} ({found.texts[leaked[0]][:40]!r}); "
                "wanted test texts that training does not have, or labelled-text.duplicates=drop"
            )
        return _without(found, leaked)

    def _texts(self, table: Table, setting: str) -> list[str]:
        column = table.column(getattr(self, setting), self.path, f"labelled-text.{setting}")
        found = []
        for place, value in zip(table.places, column, strict=True):
            if isinstance(value, dict):
                raise UsageError(
                    f"{place}: an object in {getattr(self, setting)!r}; wanted a "
                    "text, a number or a list of options"
                )
            found.append(_text(value))
        return found

    def _labels(self, table: Table, names: list[str] | None) -> list[str | None]:
        column = table.column(self.label, self.path, "labelled-text.label")
        negative = self.negative == "class" and names is None
        found = []
        for place, value in zip(table.places, column, strict=True):
            try:
                found.append(_label(value, names, negative))
            except ValueError as error:
                raise UsageError(f"{place}: {error}") from None
        return found

    def _kept(
        self,
        texts: list[str],
        labels: list[str | None],
        places: list[str],
        rng: np.random.Generator,
    ) -> list[int]:
        """Rows with a text and a label. Raises `UsageError` for the first without, unless told
        to leave such rows out.
        """
        blank = [i for i, text in enumerate(texts) if not text.strip()]
        missing = [i for i, label in enumerate(labels) if label is None]
        if missing and self.missing == "error":
            raise UsageError(
                f"{places[missing[0]]}: no label in {self.label!r} ({len(missing)} such "
                "rows: empty, null, NaN, or negative codes such as -1); wanted one in each row, "
                "labelled-text.missing=drop, or labelled-text.negative=class where -1 is a class"
            )
        if missing:
            LOG.warning("%s: left out: %s without a label", self.path, counted(len(missing), "row"))
        if blank and self.empty == "error":
            raise UsageError(
                f"{places[blank[0]]}: an empty text in {self.text!r}; wanted a text, or "
                "labelled-text.empty=drop"
            )
        if blank:
            LOG.warning("%s: left out: %s without a text", self.path, counted(len(blank), "row"))
        rows = [i for i, text in enumerate(texts) if text.strip() and labels[i] is not None]
        if not rows:
            raise UsageError(f"{self.path}: no row has a text and a label; wanted at least one")
        if self.limit and self.limit < len(rows):
            rows = sorted(int(i) for i in rng.choice(rows, self.limit, replace=False))
        return rows


def _without(data: LabelledText, leaked: Ints) -> LabelledText:
    """The data without the leaked rows, which repeat a training text."""
    if leaked.size:
        LOG.warning("left out: %s with a text of the training part", counted(len(leaked), "row"))
        data = data.take(np.setdiff1d(np.arange(data.n), leaked))
    return dataclasses.replace(data, repeats=False)


def _rank(name: str) -> tuple[bool, int, str]:
    """Whole numbers by value, then names in alphabetical order."""
    number = _INTEGER.fullmatch(name) and len(name) < 19
    return not number, int(name) if number else 0, name


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list | tuple):
        return " ".join(f"{a}) {option}" for a, option in zip("ABCDEFGH", value, strict=False))
    return str(value)


_INTEGER = re.compile(r"-?[0-9]+")


def _label(value: Any, names: list[str] | None, negative: bool) -> str | None:
    """The name of a class; None without a label, whatever the format of the file.

    Without a label are the empty, null, NaN, and negative whole numbers unless ``negative``. Raises
    `ValueError` for what is no class.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    if text == "" or text.casefold() == "nan":
        return None
    if isinstance(value, float | dict | list):
        what = f"{value:g}" if isinstance(value, float) else type(value).__name__
        raise ValueError(f"the label {what}; wanted the name or the whole number of a class")
    if not negative and text.startswith("-") and _INTEGER.fullmatch(text):
        return None
    if names is not None and isinstance(value, int):
        if value >= len(names):
            raise ValueError(f"the label {value}; wanted 0 to {len(names) - 1}, as there are names")
        return names[value]
    return text
