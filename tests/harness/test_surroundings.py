"""What plugins compute in: one thread, generators seeded from numpy's, and everything put back."""

import numba
import numpy as np
import pytest

import harness

torch = pytest.importorskip("torch", reason="needs infoharness[torch]")


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("seeded", [True, False])
def test_everything_is_put_back_even_after_an_error(three_threads, seeded):
    state = torch.get_rng_state()

    def fail():
        with harness.single_threaded("cpu", rng() if seeded else None) as device:
            assert (torch.get_num_threads(), device.type) == (1, "cpu")
            if seeded:
                torch.rand(3)
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        fail()
    assert (torch.get_rng_state() == state).all()
    assert torch.get_num_threads() == 3


def test_global_draws_depend_on_the_generator_alone():
    def drawn(seed):
        with harness.single_threaded(rng=rng(seed)):
            return torch.rand(3).tolist()

    first = drawn(1)
    torch.rand(5)
    assert drawn(1) == first != drawn(2)


def test_a_torch_generator_follows_numpys():
    first, again, other = (
        torch.rand(3, generator=harness.torch_generator(rng(s))).tolist() for s in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_named():
    with (
        pytest.raises(harness.UsageError, match="no GPU here; wanted device=cpu"),
        harness.single_threaded("cuda"),
    ):
        pass


@pytest.mark.parametrize(("work", "threads"), [(0, 1), (99, 1), (200, 2), (1e30, None)])
def test_threads_follow_the_work(work, threads):
    allowed = numba.get_num_threads()
    with harness.threads_for(work, 100):
        assert numba.get_num_threads() == min(allowed, threads or allowed)
    assert numba.get_num_threads() == allowed
