"""Names for the array types of this plugin; shapes stand in the docstrings."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[Floats, Floats]
Sampler: TypeAlias = Callable[[np.random.Generator, int], Pair]
