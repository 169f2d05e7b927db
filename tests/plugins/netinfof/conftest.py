import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Matrices are small here: on a busy machine, threads wait for each other longer than they work."""
    with threadpool_limits(1):
        yield
