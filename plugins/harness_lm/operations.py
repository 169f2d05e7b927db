"""How many operations a language model spends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness import Floats


def parameters(network: Any) -> int:
    """Number of parameters of a module of torch, shared ones once."""
    return sum(p.numel() for p in network.parameters())


def operations(weights: int, layers: int, width: int, tokens: ArrayLike) -> Floats:
    """Floating-point operations to read or write ``tokens``, each of them once.

    ``2 weights`` a token, and ``2 layers width t`` at position t for its attention (J. Kaplan et
    al., arXiv:2001.08361, section 2.1), so ``2 weights T + layers width T (T + 1)``. Keys and
    values are kept; all parameters count, those of embeddings too.
    """
    t = np.asarray(tokens, np.float64)
    return np.asarray(2.0 * weights * t + layers * width * t * (t + 1))
