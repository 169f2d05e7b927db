"""No compression: what the compressors are compared with, on the samples that they hand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Kind
from harness_ib_lossy import compress
from harness_ib_lossy.compress import K


@dataclass(frozen=True)
class Identity:
    """The data as they are."""

    def transform(self, data: K, *, to: type[Kind], rng: np.random.Generator) -> K:
        """The test part; all data where there is no split."""
        return compress.judged(data)
