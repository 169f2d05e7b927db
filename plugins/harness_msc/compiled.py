"""Compilation ahead of time, so that it is excluded from the timing of a method."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from harness import Environments, Split


class _Estimator(Protocol):
    def estimate(self, data: Environments, *, rng: np.random.Generator) -> Any:
        """Any estimator of environments."""


class Compiled:
    """An estimator that compiles its kernels, or loads them, when the host calls `warm_up`."""

    def warm_up(self: _Estimator) -> None:
        """Run once on 16 structures of 4 points."""
        points = np.random.default_rng(0).normal(size=(64, 3))
        parts = Split(np.arange(8), np.arange(8, 16))
        self.estimate(
            Environments(points, np.arange(0, 65, 4), sizes=(2,), split=parts),
            rng=np.random.default_rng(0),
        )
