"""What to do when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import torch

LOG = logging.getLogger("harness.lm")
Result = TypeVar("Result")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or in torch's allocator on the CPU."""
    allocator = isinstance(error, RuntimeError) and "allocate memory" in str(error)
    return allocator or isinstance(error, MemoryError | torch.OutOfMemoryError)


def halving(batch: int, work: Callable[[int], Result]) -> Result:
    """``work(batch)``; where memory runs out it is tried again with half the batch, down to 1.

    ``work`` must give the same for every batch size.
    """
    while True:
        try:
            return work(batch)
        except (MemoryError, RuntimeError) as error:
            if batch == 1 or not out_of_memory(error):
                raise
        LOG.warning("out of memory with batches of %d; continuing with %d", batch, batch // 2)
        batch //= 2
