"""Which units models fit on, and which they are judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from harness.arrays import Ints
from harness.errors import DataError


@dataclass(frozen=True, eq=False)
class Split:
    """Disjoint index sets over a kind's units. Models fit on ``train`` only."""

    train: Ints
    test: Ints
    valid: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        for name, given in self.parts():
            part = np.array(given)
            if part.ndim != 1 or (part.size and part.dtype.kind not in "iu"):
                raise DataError(
                    f"Split.{name}",
                    f"{part.dtype} array of {part.ndim} axes",
                    "a flat array of integer positions",
                )
            positions = part.astype(np.int64)
            positions.flags.writeable = False
            object.__setattr__(self, name, positions)
        for name in ("train", "test"):
            if not getattr(self, name).size:
                raise DataError(f"Split.{name}", "an empty part", "at least one unit")
        together = np.concatenate([part for _, part in self.parts()])
        values, counts = np.unique(together, return_counts=True)
        if (counts > 1).any():
            raise DataError(
                "Split",
                f"unit {values[counts > 1][0]} in two places",
                "train, valid and test disjoint, each unit once",
            )

    def parts(self) -> Iterator[tuple[str, Ints]]:
        """The three parts by name."""
        yield "train", self.train
        yield "valid", self.valid
        yield "test", self.test

    def take(self, indices: Ints, n: int) -> Split | None:
        """The split of ``kind.take(indices)``; None where a needed part has become empty."""
        role = np.zeros(n, np.int8)
        for code, (_, part) in enumerate(self.parts(), start=1):
            role[part] = code
        role = role[indices]
        train, valid, test = (np.flatnonzero(role == code) for code in (1, 2, 3))
        return Split(train, test, valid) if train.size and test.size else None
