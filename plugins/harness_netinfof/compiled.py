"""Compilation ahead of time, so that it is excluded from the timing of a method."""

from __future__ import annotations

import logging
from typing import Any, Protocol

import numpy as np

from harness import Links, Split


class _Estimator(Protocol):
    def estimate(self, data: Links, *, rng: np.random.Generator) -> Any:
        """Any estimator of links."""


class Compiled:
    """An estimator that loads its libraries and compiled kernels when the host calls `warm_up`."""

    def warm_up(self: _Estimator) -> None:
        """Run once on the pairs of a ring of twelve nodes."""
        ring = np.column_stack([np.arange(12), (np.arange(12) + 1) % 12])
        held = ring[8:]
        known = ring[:8]
        pairs = np.concatenate([known, held, np.column_stack([ring[:, 0], (ring[:, 1] + 3) % 12])])
        y = np.repeat([1, 0], 12)
        part = np.concatenate([np.zeros(8), [1, 1, 2, 2], np.zeros(8), [1, 1, 2, 2]])
        split = Split(*(np.flatnonzero(part == role) for role in (0, 2, 1)))
        features = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
        logger = logging.getLogger("harness.netinfof")
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            data = Links(12, known, pairs, y, features, k=1, split=split)
            self.estimate(data, rng=np.random.default_rng(0))
        finally:
            logger.setLevel(level)
