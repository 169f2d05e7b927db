import numpy as np
import pytest

from harness import PairedSequences


def made(x, y, z=None, cuts=None):
    columns = [None if c is None else np.asarray(c, float).reshape(len(x), -1) for c in (x, y, z)]
    cuts = [0, len(x)] if cuts is None else cuts
    last = "continuous" if z is None else "discrete"
    return PairedSequences(columns[0], columns[1], cuts, "discrete", "discrete", columns[2], last)


@pytest.fixture(scope="session")
def codes():
    """Sequences of codes from arrays: one sequence, or cut."""
    return made


@pytest.fixture(scope="session")
def feedback():
    """100,000 steps of x_t = y_(t-1) with errors of 0.2, y_t = x_t with errors of 0.1."""
    rng = np.random.default_rng(11)
    back, forth = rng.random(100_000) < 0.2, rng.random(100_000) < 0.1
    y = np.bitwise_xor.accumulate((back ^ forth).astype(int))
    return made(y ^ forth, y)
