"""Principal components as a compressor."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Kind, LabelledSamples, PairedSamples, Samples
from harness_ib_lossy import compress, settings
from harness_ib_lossy.compress import Coder

DEAD = 1e-12
"""A component with less than this share of the greatest variance is rounding error."""


class _PCA(settings.Components):
    """What all kinds share."""

    def fit(self, x: Floats, where: str) -> Coder:
        """The leading components of ``x (n, d)``, in descending order of variance, each with its
        largest entry positive.

        Time O(n d min(n, d)). Raises `Incompatible` where the data vary along fewer directions than
        the code has.
        """
        compress.check_width(x, self.code_dim, where)
        mean = x.mean(0)
        _, scales, axes = np.linalg.svd(x - mean, full_matrices=False)
        variances = scales**2 / len(x)
        alive = int((variances > DEAD * variances[0]).sum()) if variances[0] > 0 else 0
        if alive < self.code_dim:
            raise Incompatible(
                f"{where}: the training part of {len(x)} samples varies along {alive} directions, "
                f"fewer than code_dim={self.code_dim}; wants code_dim={max(alive, 1)} or less"
            )
        axes = axes[: self.code_dim].T
        axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(self.code_dim)])
        if self.whiten:
            axes = axes / np.sqrt(variances[: self.code_dim])
        return lambda values: (values - mean) @ axes


class PCAPairs(_PCA, settings.PairComponents):
    """Codes of x, y or both."""

    def transform(
        self, data: PairedSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Codes of the test part, fitted on the training part; of all data without a split."""
        return compress.pairs(data, self.side, self.fit, self.singular)


class PCASamples(_PCA):
    """Codes of samples."""

    def transform(self, data: Samples, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """Codes of the test part, fitted on the training part; of all data without a split."""
        return compress.one(data, self.fit, self.singular)


class PCALabelled(_PCA):
    """Codes of labelled samples; the labels stay as they are."""

    def transform(
        self, data: LabelledSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Codes of the test part, fitted on the training part; of all data without a split."""
        return compress.one(data, self.fit, self.singular)
