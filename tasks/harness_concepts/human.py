"""The published ratings of words of three studies, from a CSV file or the Hugging Face hub."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness import Case, ConceptItems, Split, UsageError, needs
from harness.tabular import read_table
from harness_concepts.scores import Categories
from harness_concepts.settings import Human

LOG = logging.getLogger("harness.concepts")
ROWS = {"Rosch1973": 48, "Rosch1975": 565, "McCloskey1978": 492}
"""Rows of each study in the published file. The paper counts 48, 552 and 449."""
LOW = ("Rosch1973", "Rosch1975")
"""Studies in which 1 is the best example; in the third it is 10."""
COLUMNS = ("item", "category", "typicality", "subdataset")
SHA = "d658801f32d1d94a93acc6b10ab80ae69c96f650ca0594716d00f9a1b7bec341"


class HumanConcepts(Categories, Human):
    """Words with their category and rating, as they stand in the file: case and order are kept.

    ``row`` of the data counts the rows of the whole file, so that an array of vectors for the file
    fits every study.
    """

    task: ClassVar[str] = "human-concepts"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per study.

        Raises `UsageError` for an unknown study, a missing column, a rating that is no number, and
        rows that are not the published ones (unless ``published`` is false).
        """
        found, stamp = self._rows()
        present = list(dict.fromkeys(study for *_, study in found))
        for study in self.studies:
            if study not in present:
                raise UsageError(
                    f"human-concepts.studies: {study!r}; wanted some of {', '.join(present)}"
                )
        for study in self.studies or present:
            if self.published and ROWS.get(study) != (count := [r[3] for r in found].count(study)):
                raise UsageError(
                    f"{self.dataset}: {count} rows of {study}; wanted {ROWS.get(study, 'none')}, "
                    "as published, or published=false"
                )
            rows = [row for row, entry in enumerate(found) if entry[3] == study]
            categories: dict[str, set[str]] = {}
            for row in rows:
                categories.setdefault(found[row][0].casefold(), set()).add(found[row][1])
            repeated = sum(len(names) > 1 for names in categories.values())
            if self.repeats == "drop":
                rows = [row for row in rows if len(categories[found[row][0].casefold()]) == 1]
            classes = tuple(dict.fromkeys(found[row][1] for row in rows))
            y = np.array([classes.index(found[row][1]) for row in rows], np.int64)
            yield self.case(
                study,
                y,
                partial(_items, [found[row] for row in rows], np.array(rows), y, classes),
                {"study": study, "repeated": repeated},
                seed=seed,
                stamp=stamp,
            )

    def _rows(self) -> tuple[list[tuple[str, str, float, str]], str]:
        """Item, category, rating and study of every row, and a digest of all."""
        path = Path(self.dataset)
        if path.is_file():
            data = path.read_bytes()
            if self.published and (sha := hashlib.sha256(data).hexdigest()) != SHA:
                LOG.warning(
                    "%s: digest %s..., the published file has %s...", path, sha[:8], SHA[:8]
                )
            table: list[Any] = read_table(path).dictionaries()
        elif path.suffix == ".csv":
            raise UsageError(f"human-concepts.dataset: no file {self.dataset!r}")
        else:
            table = self._hub()
        if not table:
            raise UsageError(f"{self.dataset}: no rows; wanted at least one")
        missing = [name for name in COLUMNS if name not in table[0]]
        if missing:
            raise UsageError(
                f"{self.dataset}: no column {missing[0]!r}; wanted {', '.join(COLUMNS)}, "
                f"found {', '.join(map(str, table[0]))}"
            )
        rows = [self._entry(number, row) for number, row in enumerate(table, start=1)]
        return rows, hashlib.sha256(repr(rows).encode()).hexdigest()[:16]

    def _entry(self, number: int, row: dict[str, Any]) -> tuple[str, str, float, str]:
        item, category, typicality, study = (row[name] for name in COLUMNS)
        try:
            rating = float(typicality)
        except (TypeError, ValueError):
            rating = float("nan")
        if not np.isfinite(rating):
            raise UsageError(
                f"{self.dataset}: row {number}: typicality {typicality!r}; wanted a finite number"
            )
        return str(item), str(category), rating, str(study)

    def _hub(self) -> list[Any]:
        datasets = needs("datasets", "infoharness[hub]")
        try:
            return list(datasets.load_dataset(self.dataset, split="train", revision=self.revision))
        except Exception as error:  # whatever the network, the hub or the files raise
            first = " ".join(str(error).split())[:160]
            raise UsageError(
                f"human-concepts.dataset: {self.dataset!r} cannot be loaded ({first}); wanted the "
                "published CSV file, or its id where the hub can be reached"
            ) from error


def _items(
    rows: list[tuple[str, str, float, str]],
    places: Any,
    y: Any,
    classes: tuple[str, ...],
    split: Split,
) -> ConceptItems:
    words, _, ratings, studies = zip(*rows, strict=True)
    typical = "low" if studies[0] in LOW else "high"
    return ConceptItems(words, y, classes, np.array(ratings), typical, row=places, split=split)
