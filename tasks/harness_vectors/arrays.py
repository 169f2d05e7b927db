"""Names for the types of this plugin; shapes are stated in docstrings."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from harness import Floats

Pair: TypeAlias = tuple[Floats, Floats]
Sampler: TypeAlias = Callable[[np.random.Generator, int], Pair]
