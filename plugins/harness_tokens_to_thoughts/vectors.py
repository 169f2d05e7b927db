"""Vectors of items that are given or random, and vectors as plain labelled samples."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import harness
from harness import (
    ConceptItems,
    ConceptVectors,
    Floats,
    Incompatible,
    Ints,
    Kind,
    LabelledSamples,
    PairedSamples,
    Samples,
    UsageError,
)
from harness.files import read_arrays, read_text
from harness_tokens_to_thoughts.settings import Given, RandomVectors

LOG = logging.getLogger("harness.tokens_to_thoughts")


def turned(items: ConceptItems) -> Floats | None:
    """Typicality with the typical items high, whatever the scale of the study."""
    if items.typicality is None or items.typical == "high":
        return items.typicality
    return -items.typicality


def with_vectors(
    items: ConceptItems, x: Floats, centres: Floats | None, layer: str
) -> ConceptVectors:
    """The items with these vectors, a row each."""
    return ConceptVectors(
        x, items.y, items.classes, turned(items), centres, layer, split=items.split
    )


class ConceptFile(Given):
    """The vectors that the items come with, or those of an array: word vectors, say."""

    def transform(
        self, data: ConceptItems, *, to: type[Kind], rng: np.random.Generator
    ) -> ConceptVectors:
        """The vectors; items without one (length zero) are dropped, kept or refused.

        Raises
        ------
        Incompatible : no file is named and the items have no vectors.
        UsageError : a file that is not there or is no table of numbers, with too few rows, without
            a word, or with NaN; a zero vector where they are refused.
        """
        centres = None
        if self.file:
            x, centres = self._from_file(data)
        elif data.vectors is None:
            raise Incompatible("items without vectors; wanted the parameter file, or another model")
        else:
            x, centres = data.vectors, data.centres
        found = with_vectors(data, x, centres, Path(self.file).stem)
        zero = np.flatnonzero((x == 0).all(1))
        if not zero.size or self.zeros == "keep":
            return found
        if self.zeros == "refuse":
            raise UsageError(
                f"concept-vectors: {data.items[zero[0]]!r} has a zero vector ({len(zero)} such); "
                "wanted zeros=drop or keep"
            )
        LOG.warning("%d items without a vector are left out (%s)", len(zero), data.items[zero[0]])
        return dropped(found, zero)

    def _from_file(self, data: ConceptItems) -> tuple[Floats, Floats | None]:
        try:
            held = read_arrays(Path(self.file))
        except UsageError as error:
            raise UsageError(f"concept-vectors.file: {error}") from error
        if "" not in held:
            raise UsageError(f"concept-vectors.file: {self.file!r}: an archive; wanted .npy")
        array = held[""]
        if array.ndim != 2 or array.dtype.kind not in "fiu":
            raise UsageError(f"{self.file}: {array.dtype}{array.shape}; wanted a table of numbers")
        bad = np.flatnonzero(~np.isfinite(array).all(1))
        if bad.size:
            raise UsageError(f"{self.file}: row {bad[0]}: NaN or infinity; wanted finite numbers")
        if not self.words:
            if data.row is None:
                raise Incompatible("items without row numbers; wanted the parameter words")
            if data.row.max() >= len(array):
                raise UsageError(
                    f"{self.file}: {len(array)} rows; wanted {data.row.max() + 1}, "
                    "as the task's file"
                )
            return array[data.row].astype(np.float64), None
        try:
            # Lines end at \n alone: a word may hold any other character.
            words = read_text(Path(self.words)).removesuffix("\n").split("\n")
        except UsageError as error:
            raise UsageError(f"concept-vectors.words: {error}") from error
        if len(words) != len(array):
            raise UsageError(
                f"{self.words}: {len(words)} words; wanted {len(array)}, as in the array"
            )
        place = {word.strip().casefold(): row for row, word in reversed(list(enumerate(words)))}
        missing = [item for item in data.items if item.casefold() not in place]
        if missing:
            raise UsageError(
                f"{self.words}: no word {missing[0]!r} ({len(missing)} such); wanted all items, "
                "with a row of zeros where there is no vector"
            )
        names = [place.get(name.casefold()) for name in data.classes]
        centres = None if None in names else array[np.array(names, np.int64)].astype(np.float64)
        return array[[place[item.casefold()] for item in data.items]].astype(np.float64), centres


def dropped(data: ConceptVectors, rows: Ints) -> ConceptVectors:
    """The data without these rows. Raises `Incompatible` where too little is left."""
    kept = np.setdiff1d(np.arange(data.n), rows)
    try:
        return data.take(kept)
    except harness.DataError:
        pass
    try:  # a split that lost a category is no split
        return dataclasses.replace(data, split=None).take(kept)
    except harness.DataError as error:
        raise Incompatible(f"without zero vectors: {error}") from error


class RandomConcepts(RandomVectors):
    """Normal vectors that know nothing of words: equal words are equal, and that is all."""

    def transform(
        self, data: ConceptItems, *, to: type[Kind], rng: np.random.Generator
    ) -> ConceptVectors:
        """A vector for every different word, and for the names of the categories."""
        words = sorted({item.casefold() for item in (*data.items, *data.classes)})
        table = dict(zip(words, rng.normal(size=(len(words), self.dim)), strict=True))
        x, centres = (
            np.stack([table[word.casefold()] for word in side])
            for side in (data.items, data.classes)
        )
        return with_vectors(data, x, centres, "random")


@dataclass(frozen=True)
class LabelledConcepts:
    """Vectors with their categories as classes."""

    def transform(
        self, data: ConceptVectors, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """All items, with their split."""
        return LabelledSamples(data.x, data.y, split=data.split)


@dataclass(frozen=True)
class ConceptSamples:
    """Vectors alone."""

    def transform(
        self, data: ConceptVectors, *, to: type[Kind], rng: np.random.Generator
    ) -> Samples:
        """All items, with their split."""
        return Samples(data.x, split=data.split)


@dataclass(frozen=True)
class ConceptPairs:
    """Vectors and the code of their category, which is discrete."""

    def transform(
        self, data: ConceptVectors, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """All items, with their split."""
        return PairedSamples(
            data.x, data.y[:, None].astype(np.float64), y_kind="discrete", split=data.split
        )
