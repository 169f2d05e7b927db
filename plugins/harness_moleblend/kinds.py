"""Data of this plugin alone: what predictors say of hidden relations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness import Bools, DataError, Floats, Ints, Kind, array
from harness import offsets as cut

PATTERNS = ("pair", "all", "other", "own", "both", "none")
"""What a predictor of a hidden relation saw: the other relation of the pair alone; the other
relation of all pairs; of the pairs that show it; its own relation of the pairs that show that;
both; nothing but the atoms."""
MODALITIES = ("2d", "3d")
"""What was hidden: hops, or distance."""


class RelationLogProbabilities(Kind):
    """What predictors give the hidden relations of n molecules, in nats; a row per hidden relation.

    A row is a pair of atoms with one thing hidden and one pattern of what was shown besides.

    Attributes
    ----------
    log_full (items,)   log-probability of the class that the hidden relation has
    log_null (items,)   the same by the shares of classes in the training part
    y (items,)          the class
    pattern (items,)    what was shown, a position in `PATTERNS`
    modality (items,)   what was hidden, a position in `MODALITIES`
    hidden (items,)     whether the answer was nowhere in the input, as it should be
    offsets (n+1,)      the cuts between molecules, of which those of training have no rows
    features (n, d)     a vector for each molecule, where the predictor makes one
    labels (n,)         a property of each molecule, where known
    """

    judged: ClassVar[tuple[str, ...]] = ("labels",)
    patterns: ClassVar[tuple[str, ...]] = PATTERNS
    modalities: ClassVar[tuple[str, ...]] = MODALITIES

    log_full: Floats = array("items")
    log_null: Floats = array("items")
    y: Ints = array("items", np.int64)
    pattern: Ints = array("items", np.int64)
    modality: Ints = array("items", np.int64)
    hidden: Bools = array("items", np.bool_)
    offsets: Ints = cut(min_items=0)
    features: Floats | None = array("n d", default=None)
    labels: Floats | None = array("n", default=None)

    def check(self) -> None:
        """Refuse probabilities above 1, and positions out of range."""
        if not len(self.y):
            raise DataError("RelationLogProbabilities", "no rows", "at least one")
        for name, most in (
            *(("log_full", 1e-9), ("log_null", 1e-9)),
            *(("pattern", len(PATTERNS) - 1), ("modality", len(MODALITIES) - 1)),
        ):
            value, where = getattr(self, name), f"RelationLogProbabilities.{name}"
            broken = (value > most) | ((value < 0) if value.dtype.kind == "i" else False)
            if broken.any():
                row = int(broken.argmax())
                wanted = "at most 0" if value.dtype.kind == "f" else f"0 to {most}"
                raise DataError(where, f"{value[row]}", wanted, row)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Every pattern of 4 pairs of each molecule, the better the more was shown."""
        gain = np.array([0.5, 0.8, 0.6, 0.4, 0.9, 0.1])
        modality, pattern = (part.ravel() for part in np.indices((2, len(PATTERNS))))
        rows = 4 * len(pattern)
        y = rng.integers(3, size=n * rows)
        null = np.full(n * rows, -math.log(3))
        full = null + np.tile(np.repeat(gain[pattern], 4), n) * (0.5 + rng.random(n * rows))
        return cls(
            np.minimum(full, -0.01),
            null,
            y,
            np.tile(np.repeat(pattern, 4), n),
            np.tile(np.repeat(modality, 4), n),
            np.ones(n * rows, bool),
            rows * np.arange(n + 1),
            features=np.rint(rng.normal(size=(n, 2)) * 1024) / 1024,
            labels=np.rint(rng.normal(size=n) * 1024) / 1024,
        )

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """Exact predictors of 4 codes through a channel that errs one time in ten, and ones that
        guess, hardly trusting themselves, what nothing tells; 4 rows for each unit.
        """
        rows, codes, flip, trust = 4 * n, 4, 0.1, 0.004
        y, right = rng.integers(codes, size=rows), rng.random(rows) > flip
        lucky = rng.integers(codes, size=rows) == y
        null = np.full(rows, -math.log(codes))
        told = np.where(right, math.log(1 - flip), math.log(flip / (codes - 1)))
        guess = null + np.where(lucky, math.log1p((codes - 1) * trust), math.log1p(-trust))
        truth = math.log(codes) + (1 - flip) * math.log(1 - flip)
        truth += flip * math.log(flip / (codes - 1))
        for full, nats in ((told, truth), (guess, 0.0)):
            pair, flat = np.full(rows, PATTERNS.index("pair")), np.zeros(rows, np.int64)
            data = cls(full, null, y, pair, flat, np.ones(rows, bool), 4 * np.arange(n + 1))
            yield "mutual_information", nats, data
