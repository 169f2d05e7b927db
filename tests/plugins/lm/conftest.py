import numpy as np
import pytest

from harness import Split, TokenSequences


@pytest.fixture(scope="session")
def counting():
    """Sequences that count up by one modulo 5, from a random start: easily learnt, and 48 long."""
    rng = np.random.default_rng(0)
    ids = (rng.integers(5, size=(60, 1)) + np.arange(48)) % 5
    return TokenSequences(
        ids.ravel(), 48 * np.arange(61), 5, split=Split(np.arange(50), np.arange(50, 60))
    )


@pytest.fixture(scope="session")
def quick():
    """Parameters of a network that trains in about a second."""
    return {"layers": 2, "heads": 2, "width": 16, "window": 16, "steps": 60, "learning_rate": 1e-2}
