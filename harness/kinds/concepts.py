"""Items in categories: words or things, their vectors, and ways to cut them into clusters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import classes_first, on_grid, parts, shuffled_labels
from harness.kinds.fields import array, strings
from harness.kinds.text import check_classes

NAMES = ("fruit", "bird", "tool")


class _Categorized(Kind):
    """n things with a category each: what the three kinds share."""

    min_n: ClassVar[int] = 2

    def _check_categories(self, y: Ints, classes: tuple[str, ...]) -> None:
        kind = type(self).__name__
        check_classes(kind, y, classes)
        if (y == y[0]).all():
            raise DataError(f"{kind}.y", f"the one category {classes[y[0]]!r}", "at least two")
        if self.split is not None:
            unseen = np.setdiff1d(y, y[self.split.train])
            if unseen.size:
                raise DataError(
                    f"{kind}.split",
                    f"category {classes[unseen[0]]!r} absent from the training part",
                    "every category in it",
                )

    def _check_rows(self, name: str, rows: Floats | None, classes: tuple[str, ...]) -> None:
        if rows is not None and len(rows) != len(classes):
            raise DataError(
                f"{type(self).__name__}.{name}",
                f"{len(rows)} rows",
                f"one per category ({len(classes)})",
            )

    def _divided(self, rng: np.random.Generator, y: Ints) -> Self:
        return dataclasses.replace(self, split=parts(classes_first(rng.permutation(self.n), y)))


class ConceptItems(_Categorized):
    """n items that people have put into categories.

    Attributes
    ----------
    items (n)          the names of the items; the same name may stand in several categories
    y (n,)             the category, a position in ``classes``
    classes            names of the categories, all different
    typicality (n,)    how good an example of its category an item is, as it was published
    typical            the end of that scale at which the good examples are, ``high`` or ``low``
    vectors (n, d)     a vector per item, where the items come with some
    centres (k, d)     a vector per category, where the categories come with some
    row (n,)           where an item stands in the file that it comes from
    """

    whole: ClassVar[tuple[str, ...]] = ("k",)
    coordinates: ClassVar[tuple[str, ...]] = ("vectors",)
    scaled_too: ClassVar[tuple[str, ...]] = ("centres",)

    items: tuple[str, ...] = strings("n")
    y: Ints = array("n", np.int64)
    classes: tuple[str, ...]
    typicality: Floats | None = array("n", default=None)
    typical: str = "high"
    vectors: Floats | None = array("n d", default=None)
    centres: Floats | None = array("k d", default=None)
    row: Ints | None = array("n", np.int64, default=None)

    @property
    def n_classes(self) -> int:
        """Number of categories that occur; ``classes`` may name more."""
        return len(np.unique(self.y))

    def check(self) -> None:
        """Refuse blank names, unnamed or single categories, an unknown scale, odd centres."""
        for row, item in enumerate(self.items):
            if not item.strip():
                raise DataError("ConceptItems.items", "an empty name", "a visible character", row)
        self._check_categories(self.y, self.classes)
        self._check_rows("centres", self.centres, self.classes)
        if self.typical not in ("high", "low"):
            raise DataError("ConceptItems.typical", repr(self.typical), "'high' or 'low'")
        if self.centres is not None and self.vectors is None:
            raise DataError("ConceptItems.centres", "centres without vectors", "both, or neither")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Three clouds about the vectors of their names; typical items are the near ones."""
        x = _clouds(rng, n)
        items = tuple(f"{x.classes[c]} {i}" for i, c in enumerate(x.y))
        return cls(items, x.y, x.classes, x.typicality, "high", x.x, x.centres, np.arange(n))

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """With vectors, and with names and ratings only, where 1 is the best example."""
        full = cls.example(rng, n)
        yield full
        assert full.typicality is not None
        yield cls(full.items, full.y, full.classes, 8.0 - full.typicality, "low")

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with every category in the training part."""
        return self._divided(rng, self.y)


class ConceptVectors(_Categorized):
    """n items as vectors, with their categories.

    Attributes
    ----------
    x (n, d)         the vectors
    y (n,)           the category, a position in ``classes``
    classes          names of the categories
    typicality (n,)  how good an example an item is; here high is always typical
    centres (k, d)   the vectors of the categories' names, where there are any
    layer            what the vectors are: a layer of a network, say
    """

    whole: ClassVar[tuple[str, ...]] = ("k",)
    coordinates: ClassVar[tuple[str, ...]] = ("x",)
    scaled_too: ClassVar[tuple[str, ...]] = ("centres",)

    x: Floats = array("n d")
    y: Ints = array("n", np.int64)
    classes: tuple[str, ...]
    typicality: Floats | None = array("n", default=None)
    centres: Floats | None = array("k d", default=None)
    layer: str = ""

    @property
    def n_classes(self) -> int:
        """Number of categories that occur; ``classes`` may name more."""
        return len(np.unique(self.y))

    def check(self) -> None:
        """Refuse unnamed or single categories, and centres that are not one per category."""
        self._check_categories(self.y, self.classes)
        self._check_rows("centres", self.centres, self.classes)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Three clouds about the vectors of their names; typical items are the near ones."""
        x = _clouds(rng, n)
        return cls(x.x, x.y, x.classes, x.typicality, x.centres, x.layer)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """With ratings and vectors of the names, and without."""
        full = cls.example(rng, n)
        yield full
        yield cls(full.x, full.y, full.classes)

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """A vector of length zero, ratings that are all equal, a name that no item has."""
        x = self.x.copy()
        x[0] = 0.0
        yield "a zero vector", dataclasses.replace(self, x=x)
        yield "equal ratings", dataclasses.replace(self, typicality=np.ones(self.n))
        more = dataclasses.replace(self, classes=(*self.classes, "another"), centres=None)
        yield "a category without items", more

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with every category in the training part."""
        return self._divided(rng, self.y)


class Partitions(_Categorized):
    """n items with their vectors and categories, cut into clusters in several ways.

    Attributes
    ----------
    labels (n, sets)   the cluster of every item in each way to cut, whole numbers from 0 up
    k (sets,)          the number of clusters of each way; every one has an item
    informed (sets,)   whether the way was found with the help of the categories
    x, y, classes      as in `ConceptVectors`: the vectors that were cut
    """

    whole: ClassVar[tuple[str, ...]] = ("sets",)
    coordinates: ClassVar[tuple[str, ...]] = ("x",)

    labels: Ints = array("n sets", np.int64)
    k: Ints = array("sets", np.int64)
    informed: Bools = array("sets", np.bool_)
    x: Floats = array("n d")
    y: Ints = array("n", np.int64)
    classes: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        """Number of categories that occur; ``classes`` may name more."""
        return len(np.unique(self.y))

    def check(self) -> None:
        """Refuse labels outside ``0 .. k - 1``, and unnamed or single categories."""
        self._check_categories(self.y, self.classes)
        wrong = np.argwhere((self.labels < 0) | (self.labels >= self.k))
        if wrong.size:
            row, column = map(int, wrong[0])
            raise DataError(
                "Partitions.labels",
                f"cluster {self.labels[row, column]} in set {column}",
                f"0 to {self.k[column] - 1}",
                row,
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """The categories of three clouds, and the same with a share of items moved at random."""
        x = _clouds(rng, n)
        k = x.n_classes
        labels = np.stack([x.y, *(_shuffled(rng, x.y, 0.1 * i) for i in range(1, 5))], 1)
        informed = np.arange(5) == 0
        return cls(labels, np.full(5, k), informed, x.x, x.y, x.classes)

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with every category in the training part."""
        return self._divided(rng, self.y)


def _clouds(rng: np.random.Generator, n: int) -> ConceptVectors:
    y = shuffled_labels(rng, n)
    classes = NAMES[: min(len(NAMES), n)]
    centres = 4.0 * rng.normal(size=(len(classes), 6))
    spread = 0.3 + rng.random(n)
    x = on_grid(centres[y] + spread[:, None] * rng.normal(size=(n, 6)))
    return ConceptVectors(x, y, classes, on_grid(6.0 - spread), on_grid(centres), "planted")


def _shuffled(rng: np.random.Generator, labels: Ints, share: float) -> Ints:
    moved = rng.random(len(labels)) < share
    out = labels.copy()
    out[moved] = rng.permutation(labels[moved])
    return out
