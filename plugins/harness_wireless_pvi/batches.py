"""Batches of sequences without padding waste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from harness import Ints
from harness_wireless_pvi.held_out import LOG


def by_length(lengths: Sequence[int] | Ints, tokens: int) -> Iterator[Ints]:
    """Positions in batches of near-equal length, each of at most ``tokens`` tokens once padded (or one sequence)."""
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
    """Sequences padded on the right (b, t), and where they are real (b, t)."""
    longest = max(1, *(len(s) for s in sequences))
    ids = np.full((len(sequences), longest), pad, np.int64)
    real = np.zeros((len(sequences), longest), bool)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        real[row, : len(sequence)] = True
    return torch.from_numpy(ids).to(device), torch.from_numpy(real).to(device)


def tell_cut(lengths: Sequence[int], window: int) -> None:
    """Say how much of the texts lies beyond the window, where any does."""
    beyond = np.maximum(np.asarray(lengths) - window, 0)
    if beyond.any():
        share = 100.0 * beyond.sum() / max(1, np.sum(lengths))
        LOG.warning(
            "%d of %d texts are longer than max_length=%d tokens: their ends are cut, %.1f %% of all tokens",
            int((beyond > 0).sum()), len(lengths), window, share,
        )  # fmt: skip
