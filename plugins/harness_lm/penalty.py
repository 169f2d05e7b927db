"""The entropy penalty of the paper (arXiv:2501.03489, algorithm 1), and of its released code."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def most(t: int, reference: str) -> float:
    """The maximum of a head's entropy in nats.

    ``log`` is ln t, ``causal`` is ln(t!)/t, what causal rows can reach.
    """
    return math.log(t) if reference == "log" else math.lgamma(t + 1) / t


def entropy_penalty(
    rows: Tensor,
    thresholds: Tensor,
    *,
    margin: float = 0.2,
    reference: str = "log",
    two_sided: bool = True,
) -> Tensor:
    """Mean over heads of delta^2 where |delta| is beyond the margin, else 0.

    Here delta = E - threshold x maximum, for the mean entropy E of the rows of a head.

    Parameters
    ----------
    rows : entropies of rows ``(layers, batch, heads, t)``, in nats.
    thresholds : ``(layers, heads)``, shares of the maximum; kept within 0 .. 1.
    margin : half width of the zone without penalty, as a share of the maximum.
    reference : of the maximum, see `most`.
    two_sided : without it only entropies above the zone are penalised.

    Raises
    ------
    ValueError : thresholds that are not one per layer and head.
    """
    if tuple(thresholds.shape) != (rows.shape[0], rows.shape[2]):
        wanted = f"one per layer and head, ({rows.shape[0]}, {rows.shape[2]})"
        raise ValueError(f"thresholds of shape {tuple(thresholds.shape)}; wanted {wanted}")
    top = most(rows.shape[-1], reference)
    delta = rows.mean((1, 3)) - thresholds.clamp(0.0, 1.0) * top
    outside = (delta.abs() if two_sided else delta) > margin * top
    return torch.where(outside, delta.square(), torch.zeros_like(delta)).mean()


def released_penalty(rows: Tensor, thresholds: Tensor, *, margin: float = 0.2) -> Tensor:
    """The penalty of the paper's released code, for comparison: *summed* over batch and rows.

    Arguments as in `entropy_penalty`, with one ``(heads,)`` vector of thresholds for all layers. It
    is larger by about batch x t, and its zone acts on rows: a causal row of few keys can never be
    inside.
    """
    top = math.log(rows.shape[-1])
    delta = rows - thresholds[None, None, :, None] * top
    inside = delta.abs() <= margin * top
    return delta.square().masked_fill(inside, 0.0).sum((1, 3)).mean()
