import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Matrices are small: on a busy machine, threads would wait longer than they work."""
    with threadpool_limits(1):
        yield
