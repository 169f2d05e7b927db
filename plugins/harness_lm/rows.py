"""Entropies of attention rows, straight from queries and keys."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TILE = 128
"""Queries that are computed together: memory grows with tile x keys, not with queries x keys."""


def row_entropies(
    q: Tensor, k: Tensor, *, causal: bool = True, mask: Tensor | None = None
) -> Tensor:
    """H = lse(z) - sum_j a_j z_j of every row, in nats, where z = q k^T and a = softmax(z).

    Parameters
    ----------
    q, k : ``(batch, heads, t, d)``; q holds the scale. Half precision is computed in float32.
    causal : query i sees the keys up to i.
    mask : ``(batch or 1, 1, t, t)``, added to the logits, instead of the causal one.

    Returns
    -------
    ``(batch, heads, t)``; NaN where the logits are.
    """
    q, k = (x if x.dtype == torch.float64 else x.float() for x in (q, k))
    found = []
    for start in range(0, q.shape[2], TILE):
        stop = min(start + TILE, q.shape[2])
        seen = stop if causal and mask is None else k.shape[2]
        z = q[:, :, start:stop] @ k[:, :, :seen].transpose(-1, -2)
        if mask is not None:
            z = z + mask[:, :, start:stop, :seen]
        elif causal:
            hidden = torch.ones(stop - start, seen, dtype=torch.bool, device=z.device).triu(
                start + 1
            )
            z = z.masked_fill(hidden, -math.inf)
        found.append(logit_entropy(z))
    return torch.cat(found, 2)


def logit_entropy(z: Tensor) -> Tensor:
    """The entropy in nats of softmax(z) over the last axis ``(..., k)``; masked logits are -inf.

    Rounding may leave it a little below 0 in single precision; it is not clipped.
    """
    # The largest logit is taken off first: both terms stay small, so little is lost in their
    # difference.
    shifted = z - z.amax(-1, keepdim=True).detach()
    weights = shifted.exp()
    total = weights.sum(-1)
    # 0 x (-inf) is NaN: a masked key adds nothing.
    moment = (weights * shifted.masked_fill(shifted == -math.inf, 0.0)).sum(-1)
    return total.log() - moment / total
