"""The training loop that all networks of this plugin share.

Policies decide which rows make a step and with which weights, so a step is a batch of rows and
weights; the number of steps is what training costs, and the same for all policies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import Floats, Ints, UsageError

Step = tuple[Ints, Floats]
"""Rows of a step and their weights, both (b,)."""
CLIP = 1.0
"""The largest norm of the gradient of a step."""


def precision(device: str) -> Any:
    """Half precision (bfloat16) for the matrix products of a GPU; full precision on a CPU."""
    return torch.autocast("cuda", torch.bfloat16) if device == "cuda" else nullcontext()


def shuffled(rows: Ints, batch: int, steps: int, rng: np.random.Generator) -> Iterator[Step]:
    """``steps`` batches of equal weights; rows are shuffled again each time they are used up."""
    queue = np.empty(0, np.int64)
    for _ in range(steps):
        while len(queue) < min(batch, len(rows)):
            queue = np.concatenate([queue, rng.permutation(rows)])
        take, queue = queue[:batch], queue[batch:]
        yield take, np.ones(len(take))


def train(
    network: nn.Module,
    losses: Callable[[Ints], Tensor],
    schedule: Iterable[Step],
    *,
    steps: int,
    learning_rate: float,
    weight_decay: float,
    device: str,
) -> float:
    """Train a network by AdamW.

    The learning rate rises over a twentieth of the steps and then falls to zero linearly.

    Parameters
    ----------
    losses : function from rows (b,) to the loss of each, in nats.
    schedule : one entry per step.

    Returns the mean loss of the last tenth of the steps. Raises `UsageError` where the loss is no
    longer finite.
    """
    learnt = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=learning_rate, weight_decay=weight_decay, fused=True)
    warm = max(1, steps // 20)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
    )
    last: list[float] = []
    network.train()
    for rows, weights in schedule:
        with precision(device):
            each = losses(rows)
        weight = torch.tensor(weights, dtype=each.dtype, device=each.device)
        loss = (weight * each).sum() / weight.sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learnt, CLIP)
        optimiser.step()
        rate.step()
        last = [*last[-max(1, steps // 10) + 1 :], float(loss.detach())]
        if not math.isfinite(last[-1]):
            raise UsageError(
                f"the training loss became {last[-1]}; wanted a learning_rate below {learning_rate}"
            )
    network.eval()
    return sum(last) / max(1, len(last))
