"""Modular addition, memorized first and understood later: a layer over training (Nanda 2023)."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from harness import Activations, Case, UsageError, single_threaded, stream, torch_generator
from harness_networks import settings
from harness_networks.runtime import TRAININGS, uniform

Weights: TypeAlias = tuple[Tensor, ...]
"""Embedding ``(p, 12)``, two maps ``(12, units)`` with biases ``(units,)``, read-out ``(units,
p)``.
"""

EMBEDDING = 12
STEP, STRENGTH, PULL = 3e-3, 2.0, 5.0
"""Langevin chain of the paper's code: step, n beta, and the pull towards the trained weights."""


@dataclass(frozen=True)
class Pairs:
    """All pairs modulo p: both terms and the sum ``(p p,)``, and those for training and testing."""

    a: Tensor
    b: Tensor
    total: Tensor
    train: Tensor
    test: Tensor


class Grokking(settings.Grokking):
    """Cases are moments of training; the data are the hidden layer.

    It is the sum of two maps, one of each embedded term, through a GELU; the read-out has no bias.
    Adam trains with weight decay (Bereska et al. 2025, section on grokking; their decay is 2e-4
    over 25,000 steps). The learning coefficient at each moment is estimated by Langevin draws.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per moment, in order. Raises `UsageError` where none is named, or one twice."""
        if not self.steps or len(set(self.steps)) < len(self.steps):
            raise UsageError(f"grokking.steps: {self.steps}; wanted at least one, and none twice")
        for step in sorted(self.steps):
            yield Case(
                id=f"step-{step:05d}",
                data=partial(self._activations, step, seed),
                facts={"step": step, "units": self.units, "modulus": self.modulus},
                stamp="",
            )

    def _activations(self, step: int, seed: int) -> Activations:
        pairs, moments = self.trained(seed)
        weights = moments[step]
        rng = stream(seed, "grokking", "chain", str(step))
        with single_threaded(self.device) as device, torch.no_grad():
            everything = torch.arange(len(pairs.a), device=device)
            rows = pairs.train if self.inputs == "train" else everything
            values = hidden(weights, pairs, rows).double().cpu().numpy()
            guess = forward(weights, pairs, pairs.test).argmax(1)
            right = (guess == pairs.total[pairs.test]).double().mean()
            found = None
            if self.draws:
                chain = torch_generator(rng)
                found = learning_coefficient(weights, pairs, self.draws, chain)
        return Activations(
            values,
            pairs.total[rows].cpu().numpy(),
            layer="hidden",
            accuracy=float(right),
            learning_coefficient=found,
        )

    def trained(self, seed: int) -> tuple[Pairs, dict[int, Weights]]:
        """The pairs, and the weights at each moment, trained once in a process."""
        return _trained(self, seed)


def hidden(weights: Weights, pairs: Pairs, rows: Tensor) -> Tensor:
    """The hidden layer ``(m, units)`` on the pairs at ``rows (m,)``."""
    embedding, left, left_bias, right, right_bias, _ = weights
    first = torch.addmm(left_bias, embedding[pairs.a[rows]], left)
    second = torch.addmm(right_bias, embedding[pairs.b[rows]], right)
    return nn.functional.gelu(first + second)


def forward(weights: Weights, pairs: Pairs, rows: Tensor) -> Tensor:
    """Logits ``(m, p)``."""
    return hidden(weights, pairs, rows) @ weights[-1]


def learning_coefficient(
    weights: Weights, pairs: Pairs, draws: int, chain: torch.Generator
) -> float:
    """n beta (mean loss along a Langevin chain - loss of the weights), on all training pairs.

    Lau et al. 2023: w <- w - e/2 (n beta grad L + gamma (w - w0)) + N(0, e), from w0. The loss is
    the mean cross-entropy in nats. n beta = 2 is far from the 1/ln n of the theory: the value
    compares moments, and has no absolute meaning.
    """
    place = [w.clone().requires_grad_() for w in weights]
    wanted = pairs.total[pairs.train]
    start, seen = 0.0, []
    for draw in range(draws + 1):
        with torch.enable_grad():
            loss = nn.functional.cross_entropy(forward(tuple(place), pairs, pairs.train), wanted)
            slopes = torch.autograd.grad(loss, place)
        if draw:
            seen.append(loss.item())
        else:
            start = loss.item()
        for w, slope, home in zip(place, slopes, weights, strict=True):
            noise = torch.randn(w.shape, generator=chain).to(w.device)
            w.data += STEP**0.5 * noise - 0.5 * STEP * (STRENGTH * slope + PULL * (w.data - home))
    return STRENGTH * (float(np.mean(seen)) - start)


@functools.lru_cache(maxsize=TRAININGS)
def _trained(task: Grokking, seed: int) -> tuple[Pairs, dict[int, Weights]]:
    rng = stream(seed, "grokking", "network")
    p, draws = task.modulus, torch_generator(rng)
    order = torch.randperm(p * p, generator=draws)
    kept = max(1, min(round(task.share * p * p), p * p - 1))
    every = torch.arange(p * p)
    parts = (every // p, every % p, (every // p + every % p) % p, order[:kept], order[kept:])
    maps = ((EMBEDDING, task.units), (task.units,)) * 2
    moments: dict[int, Weights] = {}
    with single_threaded(task.device) as device:
        pairs = Pairs(*(part.to(device) for part in parts))
        drawn = (
            torch.randn((p, EMBEDDING), generator=draws),
            *(EMBEDDING**-0.5 * uniform(shape, draws) for shape in maps),
            task.units**-0.5 * uniform((task.units, p), draws),
        )
        weights = tuple(w.to(device).requires_grad_() for w in drawn)
        adam = torch.optim.Adam(
            weights, lr=task.learning_rate, weight_decay=task.weight_decay, fused=True
        )
        for step in range(max(task.steps) + 1):
            if step in task.steps:
                moments[step] = tuple(w.detach().clone() for w in weights)
            rows = pairs.train[torch.randint(kept, (task.batch,), generator=draws).to(device)]
            loss = nn.functional.cross_entropy(forward(weights, pairs, rows), pairs.total[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
    return pairs, moments
