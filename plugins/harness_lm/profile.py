"""What is reduced while a network runs: log-probabilities of tokens, entropies of attention."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from harness import AttentionProfile, Floats, Ints

CHUNK = 256
"""Positions whose logits are turned into float64 log-probabilities together."""


def token_log_p(logits: Tensor, targets: Ints) -> Floats:
    """ln p ``(batch, t)`` in nats of the targets under logits ``(batch, t, vocabulary)``.

    It is 0 where a target is -1.
    """
    flat, wanted = logits.flatten(0, 1), torch.tensor(targets.ravel(), device=logits.device)
    found = []
    for part, y in zip(torch.split(flat, CHUNK), torch.split(wanted, CHUNK), strict=True):
        z = part.double()
        chosen = z.gather(1, y.clamp(min=0)[:, None])[:, 0]
        found.append(torch.where(y < 0, torch.zeros_like(chosen), chosen - z.logsumexp(1)))
    # A certain token may come out a rounding above 0.
    return np.asarray(torch.cat(found).clamp(max=0.0).view(targets.shape).cpu().numpy())


class ProfileRows:
    """Collects an `AttentionProfile` of n windows of t tokens, by batch and layer."""

    def __init__(self, n: int, layers: int, heads: int, t: int) -> None:
        self._entropy = np.zeros((n, layers, heads, t))
        self._log_p = np.zeros((n, t))
        self._done = 0

    def add_rows(self, layer: int, rows: Tensor) -> None:
        """The entropies ``(batch, heads, t)`` of a layer, for the windows that come next."""
        self._entropy[self._done : self._done + len(rows), layer] = rows.double().cpu().numpy()

    def add_log_p(self, log_p: Floats) -> None:
        """Log-probabilities ``(batch, t)``: this ends a batch."""
        self._log_p[self._done : self._done + len(log_p)] = log_p
        self._done += len(log_p)

    def profile(self, network: str, *, causal: bool = True) -> AttentionProfile:
        """All that was collected; rows that came out as NaN are marked as broken."""
        broken = np.isnan(self._entropy)
        return AttentionProfile(
            np.where(broken, 0.0, self._entropy),
            broken=broken if broken.any() else None,
            log_p=None if np.isnan(self._log_p).any() else self._log_p,
            causal=causal,
            network=network,
        )
