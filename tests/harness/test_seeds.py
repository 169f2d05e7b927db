import numpy as np

from harness import stream


def test_streams_depend_on_names_and_seed_alone():
    draws = {
        args: stream(*args).normal()
        for args in [(0, "a"), (1, "a"), (0, "b"), (0, "a", "b"), (0, "ab")]
    }
    assert len(set(draws.values())) == len(draws)
    assert stream(0, "a").normal() == draws[0, "a"]


def test_streams_are_frozen():
    """Frozen: a change here changes every stored result."""
    assert stream(0, "task", "case").integers(2**32) == 3759900000


def test_streams_leave_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    stream(0, "a").normal()
    assert np.array_equal(np.random.get_state()[1], before)
