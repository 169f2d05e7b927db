"""Entropies of attention rows, straight from queries and keys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

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
    return torch.cat([logit_entropy(z) for _, z in tiles(q, k, causal=causal, mask=mask)], 2)


def tiles(
    q: Tensor, k: Tensor, *, causal: bool = True, mask: Tensor | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Logits of some queries after others ``(batch, heads, queries, keys)``; arguments as above.

    Keys that none of the queries sees may be missing at the end.
    """
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
        yield slice(start, stop), z


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


class Shares(NamedTuple):
    """Of rows ``(..., t)``: the entropy in nats, and the share of the targets."""

    entropy: Tensor
    inside: Tensor


def entropy_and_share(z: Tensor, targets: Tensor) -> Shares:
    """`logit_entropy`, and how much of softmax(z) is on the targets, from one pass of exponentials.

    ``targets (batch, 1, t, k)`` is 1 at the keys that are targets, else 0.
    """
    shifted = z - z.amax(-1, keepdim=True).detach()
    weights = shifted.exp()
    total = weights.sum(-1)
    moment = (weights * shifted.masked_fill(shifted == -math.inf, 0.0)).sum(-1)
    inside = (weights * targets).sum(-1)
    return Shares(total.log() - moment / total, inside / total)


class Pointed(NamedTuple):
    """What `harness.PointedAttention` has of every row ``(batch, heads, t)``."""

    entropy: Tensor
    inside: Tensor
    inside_entropy: Tensor
    outside_entropy: Tensor
    margin: Tensor
    argmax: Tensor
    near: Tensor
    """``(batch, heads, distances)``: sums over queries."""


def pointed_rows(
    q: Tensor, k: Tensor, targets: Tensor, near: int, *, mask: Tensor | None = None
) -> Pointed:
    """Causal rows against ``targets (batch, t, t)``, in double precision and tile by tile.

    ``near`` counts the distances from 0 whose attention is summed. Other arguments as in
    `row_entropies`; the mask, where there is one, contains the causal one.
    """
    q, k = q.double(), k.double()
    mask = None if mask is None else mask.double()
    found, shares = [], torch.zeros(*q.shape[:2], near, dtype=torch.float64, device=q.device)
    for rows, z in tiles(q, k, mask=mask):
        keys = z.shape[-1]
        aim = targets[:, None, rows, :keys]
        places = torch.arange(rows.start, rows.stop, device=z.device)
        apart = places[:, None] - torch.arange(keys, device=z.device)
        inside = z.masked_fill(~aim, -math.inf)
        outside = z.masked_fill(aim | (apart < 0), -math.inf)
        lse = z.logsumexp(-1)
        some, rest = aim.any(-1), (~aim & (apart >= 0)).any(-1)
        most = outside.amax(-1)
        least = z.masked_fill(~aim, math.inf).amin(-1)
        found.append(
            (
                logit_entropy(z),
                torch.where(some, (inside.logsumexp(-1) - lse).exp(), 0.0),
                torch.where(some, _part_entropy(inside), 0.0),
                torch.where(rest, _part_entropy(outside), 0.0),
                torch.where(some & rest, least - most, 0.0),
                (some & (inside.amax(-1) > most)).double(),
            )
        )
        at = places[:, None] - torch.arange(near, device=z.device)
        chosen = z.gather(-1, at.clamp(min=0).expand(*z.shape[:3], near)) - lse[..., None]
        shares += chosen.exp().masked_fill(at < 0, 0.0).sum(2)
    rows_of = [torch.cat(parts, 2) for parts in zip(*found, strict=True)]
    return Pointed._make([*rows_of, shares])


def _part_entropy(z: Tensor) -> Tensor:
    """The entropy of the softmax of logits of which all may be missing: then NaN-free garbage."""
    empty = (z == -math.inf).all(-1, keepdim=True)
    return logit_entropy(z.masked_fill(empty, 0.0)).clamp(min=0.0)
