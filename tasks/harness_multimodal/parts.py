"""The parts of generated data: units are independent, so that the first ones train."""

import numpy as np

from harness import Split
from harness_multimodal.settings import Parts


def total(sizes: Parts) -> int:
    """Number of units in all parts."""
    return sizes.n_train + sizes.n_valid + sizes.n


def split(sizes: Parts) -> Split:
    """Training, validation and test units, one after the other."""
    a, b = sizes.n_train, sizes.n_train + sizes.n_valid
    return Split(np.arange(a), np.arange(b, b + sizes.n), np.arange(a, b))
