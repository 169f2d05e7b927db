"""Calm surroundings for torch: one thread, deterministic algorithms, generators of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from harness import UsageError


def generator(rng: np.random.Generator) -> torch.Generator:
    """A torch generator seeded from ``rng``. It lives on the CPU for every device, so that all start alike."""
    return torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))


@contextmanager
def calm(device: str) -> Iterator[torch.device]:
    """Run with one thread and deterministic algorithms; what was set before is set again afterwards.

    A matrix product depends on how threads share its sum, so a fixed number of threads is what makes equal seeds give
    equal numbers; and on networks this small one thread is about as fast as two.

    Raises
    ------
    UsageError : ``device`` is "cuda" and torch sees no such device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device 'cuda': torch sees no GPU here; wanted device=cpu")
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    lenient = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(device == "cpu")
        yield torch.device(device)
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic, warn_only=lenient)
