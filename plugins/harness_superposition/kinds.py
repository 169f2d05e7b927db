"""The kind of this plugin: how sparse codes of a layer use their features."""

from __future__ import annotations

from typing import Self

import numpy as np

from harness import DataError, Floats, Ints, Kind, array


class SparseCodes(Kind):
    """How n sparse autoencoders of one layer use their features; the codes themselves are not kept.

    Attributes
    ----------
    mass (n, blocks, features)    sum of the absolute codes over the samples of a block; blocks are
                                  random parts of the samples, the same for all autoencoders, and
                                  about equally large
    counts (n, blocks, features)  in how many samples of the block the feature is active
    sparsity (n,)                 weight of the sparsity term beside the summed square error, or 0
    scale (n,)                    what the layer was multiplied with before the autoencoder saw it
    unexplained (n,)              square error over variance, on samples that it was not fitted on
                                  where there are any
    half_mass, half_counts (n, features)  the sums over all samples after half of the training
    gained (n,)                   share by which the second half of the training lowered the loss on
                                  the holdout
    steps (n,)                    number of training steps
    lengths (n, features)         lengths of the decoder's rows, where the codes are shrunk by an l1
                                  norm
    decoder (n, features, width)  rows of the decoder, where the features of the layer are known
    truth (known, width)          directions of those features
    tolerance                     what ``gained`` should have been below; 0 where nothing was asked
    units, samples              width of the layer, and how many samples were coded
    layer, accuracy, learning_coefficient  as in `Activations`
    """

    whole = ("known",)

    mass: Floats = array("n blocks features")
    counts: Ints = array("n blocks features", np.int64)
    sparsity: Floats = array("n")
    scale: Floats = array("n")
    unexplained: Floats = array("n")
    half_mass: Floats | None = array("n features", default=None)
    half_counts: Ints | None = array("n features", np.int64, default=None)
    gained: Floats | None = array("n", default=None)
    steps: Ints | None = array("n", np.int64, default=None)
    lengths: Floats | None = array("n features", default=None)
    decoder: Floats | None = array("n features width", default=None)
    truth: Floats | None = array("known width", default=None)
    tolerance: float = 0.0
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

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Autoencoders of eight features each, one of them dead."""
        counts = rng.integers(1, 10, size=(n, 10, 8))
        counts[:, :, -1] = 0
        mass = rng.random(counts.shape) * counts
        same = np.full(n, 0.1)
        known = rng.normal(size=(8, 4))
        rows = known + 0.1 * rng.normal(size=(n, 8, 4))
        return cls(
            mass,
            counts,
            same,
            np.ones(n),
            same,
            decoder=rows,
            truth=known,
            units=4,
            samples=100,
            layer="hidden",
        )
