"""Calm surroundings for torch, and what to do when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch

from harness import UsageError

LOG = logging.getLogger("harness.lm")
Result = TypeVar("Result")


@contextmanager
def calm(device: str, rng: np.random.Generator) -> Iterator[torch.Generator]:
    """One thread, the global generator seeded from ``rng`` for making layers, and both restored afterwards.

    How threads share a sum shows in its last digits, so one thread is what makes equal seeds give equal networks.
    Yields a generator of its own for batches. Raises `UsageError` where the device is absent.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device 'cuda': torch sees no GPU here; wanted device=cpu")
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        try:
            torch.set_num_threads(1)
            torch.random.default_generator.manual_seed(int(rng.integers(2**63 - 1)))
            yield torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
        finally:
            torch.set_num_threads(threads)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or in torch's allocator on the CPU."""
    allocator = isinstance(error, RuntimeError) and "allocate memory" in str(error)
    return allocator or isinstance(error, MemoryError | torch.OutOfMemoryError)


def halving(batch: int, work: Callable[[int], Result]) -> Result:
    """``work(batch)``; where memory runs out it is tried again with half the batch, down to 1, and the log says so.

    ``work`` must give the same for every batch size.
    """
    while True:
        try:
            return work(batch)
        except (MemoryError, RuntimeError) as error:
            if batch == 1 or not out_of_memory(error):
                raise
        LOG.warning("out of memory with batches of %d; going on with %d", batch, batch // 2)
        batch //= 2
