"""Principal components as a compressor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Incompatible, Kind, LabelledSamples, PairedSamples, Samples
from harness_ib_lossy import compress
from harness_ib_lossy.compress import Coder, Floats

DEAD = 1e-12
"""A component with less than this share of the greatest variance is rounding."""


@dataclass(frozen=True)
class _PCA:
    """The parameters that all kinds share."""

    code_dim: int = 4
    singular: str = "allow"
    whiten: bool = False

    def fit(self, x: Floats, where: str) -> Coder:
        """The leading components of ``x (n, d)``, each with its largest entry positive, strongest first.

        O(n d min(n, d)). Raises `Incompatible` where the data have fewer directions than the code is to have.
        """
        compress.check_width(x, self.code_dim, where)
        mean = x.mean(0)
        _, scales, axes = np.linalg.svd(x - mean, full_matrices=False)
        variances = scales**2 / len(x)
        alive = int((variances > DEAD * variances[0]).sum()) if variances[0] > 0 else 0
        if alive < self.code_dim:
            raise Incompatible(
                f"{where}: the training part of {len(x)} samples varies along {alive} directions, fewer than "
                f"code_dim={self.code_dim}; wants code_dim={max(alive, 1)} or less"
            )
        axes = axes[: self.code_dim].T
        axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(self.code_dim)])
        if self.whiten:
            axes = axes / np.sqrt(variances[: self.code_dim])
        return lambda values: (values - mean) @ axes


@dataclass(frozen=True)
class PCAPairs(_PCA):
    """Codes of x, y or both."""

    side: str = "both"

    def transform(
        self, data: PairedSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Fitted on the training part, the codes of the test part; on all data where there is no split."""
        return compress.pairs(data, self.side, self.fit, self.singular)


@dataclass(frozen=True)
class PCASamples(_PCA):
    """Codes of samples."""

    def transform(self, data: Samples, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """Fitted on the training part, the codes of the test part; on all data where there is no split."""
        return compress.one(data, self.fit, self.singular)


@dataclass(frozen=True)
class PCALabelled(_PCA):
    """Codes of labelled samples; the labels pass."""

    def transform(
        self, data: LabelledSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Fitted on the training part, the codes of the test part; on all data where there is no split."""
        return compress.one(data, self.fit, self.singular)
