"""Batches of sequences with little padding."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from harness import Ints

LOG = logging.getLogger("harness.wireless_pvi")


def by_length(lengths: Sequence[int] | Ints, tokens: int) -> Iterator[Ints]:
    """Positions in batches of sequences of similar length.

    Each batch has at most ``tokens`` tokens once padded, or is a single sequence.
    """
    order = np.argsort(np.asarray(lengths), kind="stable")[::-1]
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        size = max(1, tokens // longest)
        yield order[start : start + size]
        start += size


def padded(
    sequences: Sequence[Sequence[int]], pad: int, device: str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Token ids (b, t), padded on the right, and a mask (b, t) of those that are no padding."""
    longest = max(1, *(len(s) for s in sequences))
    ids = np.full((len(sequences), longest), pad, np.int64)
    real = np.zeros((len(sequences), longest), bool)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        real[row, : len(sequence)] = True
    return torch.from_numpy(ids).to(device), torch.from_numpy(real).to(device)


def tell_cut(lengths: Sequence[int], window: int) -> None:
    """Log how much of the texts lies beyond the window, where any does."""
    beyond = np.maximum(np.asarray(lengths) - window, 0)
    if beyond.any():
        share = 100.0 * beyond.sum() / max(1, np.sum(lengths))
        text = (
            "%d of %d texts are longer than max_length=%d tokens: their ends are cut off, "
            "%.1f %% of all tokens"
        )
        LOG.warning(text, int((beyond > 0).sum()), len(lengths), window, share)
