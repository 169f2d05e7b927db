"""Random streams named by what they are for.

A stream depends on its names and the seed alone, so a result depends neither on the order of
paths, nor on the number of workers, nor on what else runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """The generator of the stream ``names`` under ``seed``."""
    import numpy as np

    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype="<u4").tolist())


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """After ``with``, the global generators of numpy and `random` are as they were before."""
    import numpy as np

    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
