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
    return generator(stream_name(seed, *names))


def stream_name(seed: int, *names: str) -> str:
    """What stands for a stream where its seed and names are not to be known: a digest of them."""
    return hashlib.sha256(json.dumps([seed, *names]).encode()).hexdigest()


def generator(name: str) -> np.random.Generator:
    """The generator of the stream that `stream_name` stands for."""
    import numpy as np

    return np.random.default_rng(np.frombuffer(bytes.fromhex(name), dtype="<u4").tolist())


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
