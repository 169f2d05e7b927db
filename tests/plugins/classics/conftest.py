import importlib.util
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def brute():
    """The independent references beside this file."""
    spec = importlib.util.spec_from_file_location(
        "classics_brute", Path(__file__).with_name("brute.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def gaussian_pair():
    """Draw x, y (n, d) whose information is spread evenly over d pairs of coordinates."""

    def draw(seed, n, d, information):
        rng = np.random.default_rng(seed)
        rho = np.sqrt(-np.expm1(-2 * information / d))
        x, noise = rng.normal(size=(2, n, d))
        return x, rho * x + np.sqrt(1 - rho**2) * noise

    return draw
