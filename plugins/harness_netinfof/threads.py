"""As many threads as a piece of work is worth: waking them costs more than a small one takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

WORTH = 1 << 22
"""Multiplications for which a further thread is worth its start."""


def spread(kernel: Callable[..., None], work: int, *arguments: Any) -> None:
    """Call a compiled kernel with a thread per `WORTH` of its ``work``: at least one, at most those allowed."""
    allowed = numba.get_num_threads()
    numba.set_num_threads(max(1, min(allowed, work // WORTH)))
    try:
        kernel(*arguments)
    finally:
        numba.set_num_threads(allowed)
