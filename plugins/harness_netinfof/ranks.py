"""The share of links that stand above non-links."""

from __future__ import annotations

import numpy as np

from harness import Floats, Ints


def hits(scores: Floats, y: Ints, k: int) -> float:
    """Share of links above the k-th greatest non-link, or the least where there are fewer."""
    unlinked = np.sort(scores[y == 0])[::-1]
    return float((scores[y == 1] > unlinked[min(k, len(unlinked)) - 1]).mean())
