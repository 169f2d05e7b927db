"""Vector-valued samples."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.errors import DataError
from harness.kinds.base import FloatArray, IntArray, Kind, array

VARIABLES = ("continuous", "discrete", "mixed")


class Samples(Kind):
    """n independent draws of one variable: ``x (n, d)``."""

    min_n: ClassVar[int] = 2

    x: FloatArray = array("n d")


class PairedSamples(Kind):
    """n joint draws of two variables: ``x (n, dx)``, ``y (n, dy)``.

    ``x_kind`` and ``y_kind`` say whether a variable is continuous, discrete (integer codes) or
    mixed (a continuous part and atoms).
    """

    min_n: ClassVar[int] = 2

    x: FloatArray = array("n dx")
    y: FloatArray = array("n dy")
    x_kind: str = "continuous"
    y_kind: str = "continuous"

    def check(self) -> None:
        """Refuse unknown kinds of variable, and fractions where codes are promised."""
        for side in "xy":
            stated, values = getattr(self, f"{side}_kind"), getattr(self, side)
            if stated not in VARIABLES:
                raise DataError(
                    f"PairedSamples.{side}_kind", repr(stated), "one of " + ", ".join(VARIABLES)
                )
            if stated == "discrete" and (values != np.rint(values)).any():
                row = int(np.argwhere(values != np.rint(values))[0][0])
                raise DataError(
                    f"PairedSamples.{side}", "a fraction", "integer codes, as it is discrete", row
                )


class ConditionedSamples(Kind):
    """n joint draws of two variables and what they are conditioned on: ``x (n, dx)``, ``y (n, dy)``, ``z (n, dz)``."""

    min_n: ClassVar[int] = 2

    x: FloatArray = array("n dx")
    y: FloatArray = array("n dy")
    z: FloatArray = array("n dz")


class LabelledSamples(Kind):
    """n vectors with a class each: ``x (n, d)``, ``y (n,)`` in ``0 .. n_classes-1``."""

    min_n: ClassVar[int] = 2

    x: FloatArray = array("n d")
    y: IntArray = array("n", np.int64)

    @property
    def n_classes(self) -> int:
        """Number of classes, the largest label plus one."""
        return int(self.y.max()) + 1

    def check(self) -> None:
        """Refuse negative labels, a single class, and a training part that lacks a class."""
        if self.y.min() < 0:
            raise DataError(
                "LabelledSamples.y",
                f"label {self.y.min()}",
                "labels from 0 up",
                int(self.y.argmin()),
            )
        if (self.y == self.y[0]).all():
            raise DataError(
                "LabelledSamples.y", f"the one class {self.y[0]}", "at least two classes"
            )
        if self.split is not None:
            unseen = np.setdiff1d(self.y, self.y[self.split.train])
            if unseen.size:
                raise DataError(
                    "LabelledSamples.split",
                    f"class {unseen[0]} absent from the training part",
                    "every class in it",
                )
