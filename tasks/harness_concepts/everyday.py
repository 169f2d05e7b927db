"""Data sets of scikit-learn as items in categories."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

import numpy as np

from harness import Case, ConceptItems, Ints, Split, UsageError, needs, stream
from harness_concepts.scores import Categories
from harness_concepts.settings import Everyday

SETS = ("digits", "wine", "iris")


class EverydayCategories(Categories, Everyday):
    """Things with measured features and the categories that experts gave them; no typicality."""

    task: ClassVar[str] = "everyday-categories"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per data set. Raises `UsageError` for an unknown name."""
        for name in self.only or SETS:
            if name not in SETS:
                raise UsageError(
                    f"everyday-categories.only: {name!r}; wanted some of {', '.join(SETS)}"
                )
            datasets = needs("sklearn.datasets", "infoharness[tokens_to_thoughts]")
            y = getattr(datasets, f"load_{name}")().target.astype(np.int64)
            rows = chosen(y, self.per_category, stream(seed, self.task, name))
            yield self.case(
                name,
                y[rows],
                partial(self._read, name, rows),
                {"dataset": name},
                seed=seed,
                stamp="",
            )

    def _read(self, name: str, rows: Ints, split: Split) -> ConceptItems:
        datasets = needs("sklearn.datasets", "infoharness[tokens_to_thoughts]")
        found = getattr(datasets, f"load_{name}")()
        items = tuple(f"{name} {row}" for row in rows)
        classes = tuple(map(str, found.target_names))
        return ConceptItems(
            items, found.target[rows], classes, vectors=found.data[rows], row=rows, split=split
        )


def chosen(y: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Rows, in order, with at most so many of every category."""
    kept = [rng.permutation(np.flatnonzero(y == category))[:most] for category in np.unique(y)]
    return np.sort(np.concatenate(kept))
