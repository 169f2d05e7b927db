"""Several views of one thing with a class."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import as_column, classes_first, on_grid, parts, shuffled_labels
from harness.kinds.fields import array
from harness.kinds.text import check_classes
from harness.kinds.vectors import check_exact

FORMS = ("continuous", "discrete")


class Modalities(Kind):
    """n things, each seen in two or three modalities, with a class each.

    Attributes
    ----------
    x1 (n, d1), x2 (n, d2)   the modalities
    y (n,)                   the class, a position in ``classes``
    classes                  names of the classes, all different
    x3 (n, d3)               a third modality, if any; continuous
    target (n,)              a continuous target, if any; ``y`` is then a coarse form of it
    x1_kind, x2_kind         continuous, or discrete (integer codes)
    """

    min_n: ClassVar[int] = 2
    coordinates: ClassVar[tuple[str, ...]] = ("x1", "x2")
    judged: ClassVar[tuple[str, ...]] = ("y", "target")

    x1: Floats = array("n d1")
    x2: Floats = array("n d2")
    y: Ints = array("n", np.int64)
    classes: tuple[str, ...]
    x3: Floats | None = array("n d3", default=None)
    target: Floats | None = array("n", default=None)
    x1_kind: str = "continuous"
    x2_kind: str = "continuous"

    @property
    def modalities(self) -> tuple[Floats, ...]:
        """All modalities, in order."""
        return (self.x1, self.x2) if self.x3 is None else (self.x1, self.x2, self.x3)

    @property
    def n_classes(self) -> int:
        """Number of classes that occur; ``classes`` may name more."""
        return len(np.unique(self.y))

    def check(self) -> None:
        """Refuse labels without a name, a single class or one unseen in training, and no codes."""
        check_classes("Modalities", self.y, self.classes)
        if (self.y == self.y[0]).all():
            found = f"the one class {self.classes[self.y[0]]!r}"
            raise DataError("Modalities.y", found, "at least two classes")
        if self.split is not None:
            unseen = np.setdiff1d(self.y, self.y[self.split.train])
            if unseen.size:
                found = f"class {self.classes[unseen[0]]!r} absent from the training part"
                raise DataError("Modalities.split", found, "every class in it")
        for name in ("x1", "x2"):
            stated, values = getattr(self, f"{name}_kind"), getattr(self, name)
            if stated not in FORMS:
                raise DataError(f"Modalities.{name}_kind", repr(stated), " or ".join(FORMS))
            if stated == "discrete":
                broken = (values != np.rint(values)).any(axis=1)
                if broken.any():
                    row = int(broken.argmax())
                    where, wanted = f"Modalities.{name}", "integer codes, as it is discrete"
                    raise DataError(where, "a fraction", wanted, row)
                check_exact(values, f"Modalities.{name}")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Two views of three normal clouds."""
        y = shuffled_labels(rng, n)
        x1, x2 = (on_grid(rng.normal(size=(n, 2)) + 2.0 * y[:, None]) for _ in range(2))
        return cls(x1, x2, y, ("a", "b", "c")[: max(2, min(3, n))])

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Continuous views, codes with a class that is one of them, three views, a target."""
        first = cls.example(rng, n)
        yield first
        one, two = as_column(first.y), as_column(rng.integers(2, size=n))
        yield dataclasses.replace(first, x1=one, x2=two, x1_kind="discrete", x2_kind="discrete")
        yield dataclasses.replace(first, x3=on_grid(rng.normal(size=(n, 1))))
        yield dataclasses.replace(first, target=on_grid(first.y + rng.normal(size=n)))

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """A class name without units."""
        yield "a class without units", dataclasses.replace(self, classes=(*self.classes, "another"))

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with every class in the training part."""
        order = classes_first(rng.permutation(self.n), self.y)
        return dataclasses.replace(self, split=parts(order))
