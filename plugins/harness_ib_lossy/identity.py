"""No compression: what the compressors are compared with, on the samples that they code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Kind


@dataclass(frozen=True)
class Identity:
    """The data as they are."""

    def transform(self, data: Kind, *, to: type[Kind], rng: np.random.Generator) -> Kind:
        """The test part; all data where there is no split."""
        return data.evaluated()
