"""The number of equally used features with the same entropy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def effective(use: ArrayLike) -> float:
    """exp of the entropy of ``use (m,)``, from 0 up, as shares."""
    values = np.asarray(use, np.float64)
    p = values[values > 0] / values.sum()
    return float(np.exp(-(p * np.log(p)).sum()))
