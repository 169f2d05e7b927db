"""Random streams named by what they are for.

A stream depends on its names and the seed alone, so a result depends neither on the order of
paths, nor on the number of workers, nor on what else runs.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """The generator of the stream ``names`` under ``seed``."""
    import numpy as np

    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype="<u4").tolist())
