"""What networks do on their inputs: activations of a layer."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid
from harness.kinds.fields import array


class Activations(Kind):
    """One layer on n inputs: ``x (n, units)``.

    Attributes
    ----------
    x (n, units)          activations
    labels (n,)           classes of the inputs, from 0 up, where there are any
    layer                 which layer this is
    accuracy              of the network on inputs that it did not learn from, where known
    learning_coefficient  local learning coefficient of its weights, where the task estimated it
    directions (features, units)  of the features that the layer was made of, where it was made
    """

    whole = ("features",)

    judged = ("labels",)

    min_n: ClassVar[int] = 2
    coordinates: ClassVar[tuple[str, ...]] = ("x",)

    x: Floats = array("n units")
    labels: Ints | None = array("n", np.int64, default=None)
    layer: str = ""
    accuracy: float | None = None
    learning_coefficient: float | None = None
    directions: Floats | None = array("features units", default=None, late=True)

    @property
    def width(self) -> int:
        """Number of units of the layer."""
        return int(self.x.shape[1])

    @classmethod
    def of_maps(cls, maps: ArrayLike, *, layer: str = "") -> Self:
        """From the maps of a convolution ``(inputs, channels, height, width)``.

        Each position is a sample. Raises `DataError` where the array has other than four axes.
        """
        values = np.asarray(maps)
        if values.ndim != 4:
            raise DataError(
                f"{cls.__name__}.of_maps",
                f"shape {values.shape}",
                "axes (inputs, channels, height, width)",
            )
        return cls(
            np.moveaxis(values, 1, -1).reshape(-1, values.shape[1]), labels=None, layer=layer
        )

    def check(self) -> None:
        """Refuse negative labels."""
        if self.labels is not None and self.labels.min() < 0:
            row = int(self.labels.argmin())
            raise DataError(
                "Activations.labels", f"label {self.labels[row]}", "labels from 0 up", row
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Sparse codes of six features through four units, with labels."""
        codes = rng.random((n, 6)) * (rng.random((n, 6)) < 0.4)
        x = on_grid(codes @ rng.normal(size=(6, 4)))
        return cls(x, np.arange(n) % 2, layer="hidden", accuracy=0.9)
