"""As many threads as a piece of work is worth: starting them costs more than a small one takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numba


@contextmanager
def threads_for(work: float, share: float) -> Iterator[None]:
    """Within it, compiled loops use a thread per ``share`` of the ``work``: at least one, at most those allowed."""
    allowed = numba.get_num_threads()
    numba.set_num_threads(max(1, min(allowed, int(work / share))))
    try:
        yield
    finally:
        numba.set_num_threads(allowed)
