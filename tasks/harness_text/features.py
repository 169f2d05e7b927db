"""Labelled texts as labelled vectors: their numbers, and what these mean in a NOMA problem."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from harness import Floats, Incompatible, Kind, LabelledSamples, LabelledText
from harness_text import noma

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def numbers(text: str) -> list[float]:
    """The numbers in a text, in order; digits inside a word do not count."""
    return [float(found) for found in NUMBER.findall(text)]


@dataclass(frozen=True)
class Numbers:
    """A column for each number, in the order of the text and its context."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors (n, d) with the split of the texts.

        Raises `Incompatible` where texts have different counts of numbers, or none.
        """
        contexts = data.contexts or ("",) * data.n
        rows = [
            numbers(text) + numbers(context)
            for text, context in zip(data.texts, contexts, strict=True)
        ]
        counts = {len(row) for row in rows}
        if len(counts) > 1 or not max(counts):
            raise Incompatible(
                f"texts have {min(counts)} to {max(counts)} numbers; "
                "wanted the same count in all, and at least one"
            )
        return LabelledSamples(np.array(rows), data.y, split=data.split)


@dataclass(frozen=True)
class NomaFeatures:
    """Distance |ln ratio| of each stated rate from the golden one, at most 1."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors (n, 1) or (n, 4) with the split of the texts.

        Raises `Incompatible` for texts of other tasks.
        """
        if data.contexts is None:
            raise Incompatible(
                "these texts have no claim or options as context; wanted problems of the task noma"
            )
        rows: list[Floats] = []
        for text, context in zip(data.texts, data.contexts, strict=True):
            found = noma.distances(text, context, numbers)
            if found is None or (rows and len(found) != len(rows[0])):
                raise Incompatible(
                    f"the text {text[:40]!r} is not a problem; wanted problems of the task noma"
                )
            rows.append(np.minimum(found, 1.0))
        return LabelledSamples(np.array(rows), data.y, split=data.split)
