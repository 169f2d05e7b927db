"""Modular addition, learnt by heart first and understood later: a hidden layer over training (Nanda et al. 2023)."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from harness import Activations, Case, UsageError, calm, stream, torch_generator
from harness_networks.runtime import TRAININGS

Weights: TypeAlias = tuple[Tensor, ...]
"""Embedding ``(p, 12)``; left and right maps ``(12, units)`` and biases ``(units,)``; read-out ``(units, p)``."""

EMBEDDING = 12
STEP, STRENGTH, PULL = 3e-3, 2.0, 5.0
"""Of the Langevin chain: step, n beta, and the pull towards the trained weights; the values of the paper's code."""


@dataclass(frozen=True)
class Pairs:
    """All pairs modulo p: both terms and the sum ``(p p,)``, and which of them are learnt from."""

    a: Tensor
    b: Tensor
    total: Tensor
    train: Tensor
    test: Tensor


@dataclass(frozen=True)
class Grokking:
    """Cases are moments of training; the data are the hidden layer, the sum of the two terms' maps through a GELU.

    Embedding of both terms, a map each, their sum, GELU, read-out without bias; Adam with weight decay (Bereska et al.
    2025, section on grokking; their decay is 2e-4 over 25,000 steps). ``inputs`` says on which pairs the layer is seen.
    The learning coefficient is estimated at each moment by Langevin draws (0 for none).
    """

    modulus: int = 53
    units: int = 48
    share: float = 0.4
    steps: tuple[int, ...] = (
        0,
        100,
        300,
        1000,
        2000,
        4000,
        6000,
        8000,
        10000,
        12000,
        14000,
        16000,
        18000,
        20000,
    )
    batch: int = 128
    learning_rate: float = 5e-3
    weight_decay: float = 1e-3
    inputs: str = "all"
    draws: int = 500

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per moment, in order. Raises `UsageError` where none is named, or one twice."""
        if not self.steps or len(set(self.steps)) < len(self.steps):
            raise UsageError(f"grokking.steps: {self.steps}; wanted different ones, one at least")
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
        rows = pairs.train if self.inputs == "train" else torch.arange(len(pairs.a))
        with calm(), torch.no_grad():
            values = hidden(weights, pairs, rows).double().numpy()
            right = (
                (forward(weights, pairs, pairs.test).argmax(1) == pairs.total[pairs.test])
                .double()
                .mean()
            )
            found = (
                learning_coefficient(weights, pairs, self.draws, torch_generator(rng))
                if self.draws
                else None
            )
        return Activations(
            values,
            pairs.total[rows].numpy(),
            layer="hidden",
            accuracy=float(right),
            learning_coefficient=found,
        )

    def trained(self, seed: int) -> tuple[Pairs, dict[int, Weights]]:
        """The pairs, and the weights at each moment; trained now if they were not in this process."""
        return _trained(astuple(self), seed)


def hidden(weights: Weights, pairs: Pairs, rows: Tensor) -> Tensor:
    """The hidden layer ``(m, units)`` on the pairs at ``rows (m,)``."""
    embedding, left, left_bias, right, right_bias, _ = weights
    first = torch.addmm(left_bias, embedding[pairs.a[rows]], left)
    return nn.functional.gelu(first + torch.addmm(right_bias, embedding[pairs.b[rows]], right))


def forward(weights: Weights, pairs: Pairs, rows: Tensor) -> Tensor:
    """Logits ``(m, p)``."""
    return hidden(weights, pairs, rows) @ weights[-1]


def learning_coefficient(
    weights: Weights, pairs: Pairs, draws: int, chain: torch.Generator
) -> float:
    """n beta (mean loss along a Langevin chain about the weights - their loss), on all training pairs.

    Lau et al. 2023: w <- w - e/2 (n beta grad L + gamma (w - w0)) + N(0, e), from w0. The loss is the mean
    cross-entropy in nats. n beta = 2 is far from the 1/ln n of the theory: the value compares, and has no absolute
    meaning.
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
            noise = torch.randn(w.shape, generator=chain)
            w.data += STEP**0.5 * noise - 0.5 * STEP * (STRENGTH * slope + PULL * (w.data - home))
    return STRENGTH * (float(np.mean(seen)) - start)


@functools.lru_cache(maxsize=TRAININGS)
def _trained(settings: tuple[object, ...], seed: int) -> tuple[Pairs, dict[int, Weights]]:
    task = Grokking(*settings)  # type: ignore[arg-type]
    rng = stream(seed, "grokking", "network")
    p, draws = task.modulus, torch_generator(rng)
    order = torch.randperm(p * p, generator=draws)
    kept = max(1, min(round(task.share * p * p), p * p - 1))
    every = torch.arange(p * p)
    pairs = Pairs(every // p, every % p, (every // p + every % p) % p, order[:kept], order[kept:])

    def uniform(inputs: int, *shape: int) -> Tensor:
        return (inputs**-0.5 * (2.0 * torch.rand(shape, generator=draws) - 1.0)).requires_grad_()

    moments: dict[int, Weights] = {}
    with calm():
        weights = (
            torch.randn((p, EMBEDDING), generator=draws).requires_grad_(),
            uniform(EMBEDDING, EMBEDDING, task.units),
            uniform(EMBEDDING, task.units),
            uniform(EMBEDDING, EMBEDDING, task.units),
            uniform(EMBEDDING, task.units),
            uniform(task.units, task.units, p),
        )
        adam = torch.optim.Adam(
            weights, lr=task.learning_rate, weight_decay=task.weight_decay, fused=True
        )
        for step in range(max(task.steps) + 1):
            if step in task.steps:
                moments[step] = tuple(w.detach().clone() for w in weights)
            rows = pairs.train[torch.randint(kept, (task.batch,), generator=draws)]
            loss = nn.functional.cross_entropy(forward(weights, pairs, rows), pairs.total[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
    return pairs, moments
