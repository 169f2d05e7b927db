"""Calm surroundings for torch: one thread, deterministic algorithms, generators of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def generator(rng: np.random.Generator) -> torch.Generator:
    """A torch generator seeded from ``rng``."""
    return torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))


@contextmanager
def calm() -> Iterator[None]:
    """Run with one thread and without gradients; what was set before is set again afterwards.

    How a matrix product is shared among threads shows in its last digits, so that one thread is what makes equal seeds
    give equal numbers.
    """
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(threads)
