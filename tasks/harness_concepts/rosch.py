"""The 48 ratings of Rosch 1973."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from harness import Case, ConceptItems, Split
from harness_concepts.scores import Categories

RATINGS = {
    "fruit": "apple 1.3, plum 2.3, pineapple 2.3, strawberry 2.3, fig 4.7, olive 6.2",
    "science": "chemistry 1.0, botany 1.7, geology 2.6, sociology 4.6, anatomy 1.7, history 5.9",
    "sport": "football 1.2, hockey 1.8, wrestling 3.0, archery 3.9, gymnastics 2.6, "
    "weightlifting 4.7",
    "bird": "robin 1.1, eagle 1.2, wren 1.4, chicken 3.8, ostrich 3.3, bat 5.8",
    "vehicle": "car 1.0, boat 2.7, scooter 2.5, tricycle 3.5, horse 5.9, skis 5.7",
    "crime": "murder 1.0, assault 1.4, stealing 1.3, embezzling 1.8, blackmail 1.7, vagrancy 5.3",
    "disease": "cancer 1.2, measles 2.8, cold 4.7, malaria 1.4, muscular dystrophy 1.9, "
    "rheumatism 3.5",
    "vegetable": "carrot 1.1, asparagus 1.3, celery 1.7, onion 2.7, parsley 3.8, pickle 4.4",
}
"""Mean ratings of goodness of example, 1 the best (E. Rosch, On the internal structure of
perceptual and semantic categories, in: T. Moore, ed., Cognitive Development and the Acquisition of
Language, Academic Press 1973, pages 111-144)."""


def table() -> list[tuple[str, str, float]]:
    """Item, category and rating, in the order of the publication."""
    return [
        (word, category, float(rating))
        for category, line in RATINGS.items()
        for word, _, rating in (entry.rpartition(" ") for entry in line.split(", "))
    ]


@dataclass(frozen=True)
class Rosch1973(Categories):
    """Eight categories of six words: I(X;C) is ln 8, 3 bits. The words come without vectors."""

    task: ClassVar[str] = "rosch-1973"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case; the seed draws the split."""
        y = np.repeat(np.arange(len(RATINGS)), 6)
        yield self.case(
            "rosch-1973", y, partial(_read), {"study": "Rosch1973"}, seed=seed, stamp=""
        )


def _read(split: Split) -> ConceptItems:
    words, names, ratings = zip(*table(), strict=True)
    classes = tuple(RATINGS)
    y = np.array([classes.index(name) for name in names])
    return ConceptItems(words, y, classes, np.array(ratings), "low", row=np.arange(48), split=split)
