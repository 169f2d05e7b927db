"""What is reduced while a network runs: log-probabilities of tokens, entropies of attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness import AttentionProfile, Floats, Incompatible, Ints, PointedAttention
from harness_lm.rows import pointed_rows, row_entropies

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

    def add(self, layer: int, q: Tensor, k: Tensor, mask: Tensor | None) -> None:
        """A layer of the windows that come next, as `harness_lm.network.Watch`."""
        rows = row_entropies(q, k, mask=mask)
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


class PointedRows:
    """Collects a `PointedAttention` of n windows of t tokens, by batch and layer."""

    def __init__(self, n: int, layers: int, heads: int, t: int) -> None:
        self._rows = {name: np.zeros((n, layers, heads, t)) for name in PointedAttention.PER_ROW}
        self._near = np.zeros((n, layers, heads, min(PointedAttention.NEAR, t)))
        self._counts = np.zeros((n, t), np.int64)
        self._log_p, self._top = np.zeros((2, n, t))
        self._targets = torch.zeros(0)
        self._done = 0

    def begin(self, targets: Tensor) -> None:
        """The targets ``(batch, t, t)`` of the windows that come next."""
        self._targets = targets
        counts = targets.sum(-1).cpu().numpy()
        self._counts[self._done : self._done + len(counts)] = counts

    def add(self, layer: int, q: Tensor, k: Tensor, mask: Tensor | None) -> None:
        """A layer of these windows, as `harness_lm.network.Watch`."""
        found = pointed_rows(q, k, self._targets, self._near.shape[-1], mask=mask)
        here = slice(self._done, self._done + len(q))
        for name, rows in self._rows.items():
            rows[here, layer] = getattr(found, name).cpu().numpy()
        self._near[here, layer] = found.near.cpu().numpy() / q.shape[2]

    def end(self, logits: Tensor, tokens: Ints) -> None:
        """Logits ``(batch, t, vocabulary)`` and the tokens that came: this ends a batch."""
        here = slice(self._done, self._done + len(tokens))
        self._log_p[here] = token_log_p(logits, tokens)
        likeliest = logits.argmax(-1).cpu().numpy()
        self._top[here] = token_log_p(logits, likeliest)
        self._done += len(tokens)

    def pointed(self, rule: str, network: str) -> PointedAttention:
        """All that was collected.

        Raises `Incompatible` where no query has a target, and where rows came out as NaN.
        """
        if not self._counts.any():
            raise Incompatible(f"the rule {rule!r} gives no query a target in these windows")
        if any(np.isnan(rows).any() for rows in self._rows.values()):
            raise Incompatible("rows of attention are NaN; wanted broken-attention to count them")
        t = self._counts.shape[1]
        rows: dict[str, Any] = self._rows
        return PointedAttention(
            **rows,
            targets=self._counts,
            visible=np.broadcast_to(np.arange(1, t + 1), self._counts.shape),
            near=self._near,
            log_p=self._log_p,
            top=self._top,
            rule=rule,
            network=network,
        )
