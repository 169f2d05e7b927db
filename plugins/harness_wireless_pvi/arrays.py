"""Array types, and what a word is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
WORDS = r"(?u)\b\w+\b"
"""What a word is to the vectorizers: single letters and digits count."""
