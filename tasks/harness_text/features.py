"""Labelled texts as labelled vectors: the numbers in them, and what they mean in a NOMA problem."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from harness import Incompatible, Kind, LabelledSamples, LabelledText
from harness_text import noma

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def numbers(text: str) -> list[float]:
    """The numbers in a text, in order; digits inside a word are none."""
    return [float(found) for found in NUMBER.findall(text)]


@dataclass(frozen=True)
class Numbers:
    """A column per number, in the order in which they stand in text and context."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors (n, d); the split goes along. Raises `Incompatible` where texts have different counts of numbers."""
        contexts = data.contexts or ("",) * data.n
        rows = [
            numbers(text) + numbers(context)
            for text, context in zip(data.texts, contexts, strict=True)
        ]
        counts = {len(row) for row in rows}
        if len(counts) > 1 or not max(counts):
            raise Incompatible(
                f"texts have {min(counts)} to {max(counts)} numbers; wants equally many in all, and one at least"
            )
        return LabelledSamples(np.array(rows), data.y, split=data.split)


@dataclass(frozen=True)
class NomaFeatures:
    """How far each stated rate is from the golden one, |ln ratio|, cut at 1."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors (n, 1) or (n, 4); the split goes along. Raises `Incompatible` for texts of other tasks."""
        if data.contexts is None:
            raise Incompatible(
                "reads problems of the task noma; these texts have no claim or options beside them"
            )
        rows = []
        for text, context in zip(data.texts, data.contexts, strict=True):
            found = noma.distances(text, context, numbers)
            if found is None or (rows and len(found) != len(rows[0])):
                raise Incompatible(f"reads problems of the task noma, not {text[:40]!r}")
            rows.append(np.minimum(found, 1.0))
        return LabelledSamples(np.array(rows), data.y, split=data.split)
