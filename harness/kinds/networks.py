"""What networks do on their inputs: activations of a layer, and how sparse codes of them use their features."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import DataError
from harness.kinds.base import FloatArray, IntArray, Kind, array


class Activations(Kind):
    """One layer on n inputs: ``x (n, units)``.

    Attributes
    ----------
    x (n, units)          activations
    labels (n,)           classes of the inputs, from 0 up, where there are any
    layer                 which layer this is
    accuracy              of the network on inputs that it did not learn from, where known
    learning_coefficient  local learning coefficient of its weights, where the task estimated it
    """

    min_n: ClassVar[int] = 2

    x: FloatArray = array("n units")
    labels: IntArray | None = array("n", np.int64, optional=True)
    layer: str = ""
    accuracy: float | None = None
    learning_coefficient: float | None = None

    @property
    def width(self) -> int:
        """Number of units of the layer."""
        return int(self.x.shape[1])

    @classmethod
    def of_maps(cls, maps: ArrayLike, *, layer: str = "") -> Self:
        """From the maps of a convolution ``(inputs, channels, height, width)``: each position is a sample.

        Raises `DataError` where the array has other than four axes.
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


class SparseCodes(Kind):
    """How n sparse autoencoders of one layer use their features; the codes themselves are not kept.

    Attributes
    ----------
    mass (n, blocks, features)  sum of the absolute codes over the samples of a block; blocks are random parts of the
                                samples, the same for all autoencoders, and about equally large
    counts (n, blocks, features)  in how many samples of the block the feature is active
    sparsity (n,)               weight of the sparsity term beside the summed square error; 0 where there is none
    scale (n,)                  what the layer was multiplied with before the autoencoder saw it
    unexplained (n,)            square error over variance, on samples that it was not fitted on where there are any
    units, samples              width of the layer, and how many samples were coded
    layer, accuracy, learning_coefficient  as in `Activations`
    """

    mass: FloatArray = array("n blocks features")
    counts: IntArray = array("n blocks features", np.int64)
    sparsity: FloatArray = array("n")
    scale: FloatArray = array("n")
    unexplained: FloatArray = array("n")
    units: int = 1
    samples: int = 1
    layer: str = ""
    accuracy: float | None = None
    learning_coefficient: float | None = None

    @property
    def features(self) -> int:
        """Size of the dictionaries."""
        return int(self.mass.shape[2])

    def check(self) -> None:
        """Refuse negative mass, counts beyond the samples, and widths below one."""
        if (self.mass < 0).any():
            row = int(np.argwhere(self.mass < 0)[0][0])
            raise DataError("SparseCodes.mass", "a negative sum", "sums of absolute values", row)
        if self.units < 1 or self.samples < 1:
            raise DataError(
                "SparseCodes", f"{self.units} units, {self.samples} samples", "one at least of each"
            )
        wrong = (self.counts < 0).any((1, 2)) | (self.counts.sum(1) > self.samples).any(1)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                "SparseCodes.counts",
                "counts out of range",
                f"0 to samples={self.samples} in all",
                row,
            )
