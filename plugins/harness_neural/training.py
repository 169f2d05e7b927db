"""The one training loop: Adam on random batches, judged on the validation part, stopped when that stops improving."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from harness import progress

EVERY = 50
"""Steps between two looks at the validation part."""


@dataclass(frozen=True)
class Schedule:
    """``steps`` at most of ``batch`` samples each; ``patience`` looks without improvement end the training."""

    steps: int
    batch: int
    learning_rate: float
    patience: int
    every: int = EVERY


@dataclass(frozen=True)
class Fit:
    """How a training went: steps taken, the step whose parameters were kept, and their validation value."""

    steps: int
    best_step: int
    validation: float
    diverged: bool
    history: tuple[float, ...]


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Positions of random batches without end: every sample once per pass, an incomplete last batch left out."""
    while True:
        order = torch.randperm(n, generator=generator)
        for start in range(0, n - size + 1, size):
            yield order[start : start + size]


def fit(
    parameters: list[Tensor],
    objective: Callable[[Tensor], Tensor],
    validate: Callable[[], float],
    n: int,
    schedule: Schedule,
    generator: torch.Generator,
) -> Fit:
    """Maximise ``objective(positions of a batch)`` and leave the parameters at the best validation value.

    The untrained parameters count as a candidate, so that data without information are not made to show some. An
    objective that is no longer finite ends the training; the best parameters before it are kept.
    """
    optimiser = torch.optim.Adam(parameters, lr=schedule.learning_rate, fused=True)
    best, best_step, value = _copy(parameters), 0, _judged(validate)
    history, diverged, step = [value], False, 0
    for step, batch in enumerate(batches(n, schedule.batch, generator), start=1):
        optimiser.zero_grad()
        loss = -objective(batch)
        loss.backward()
        optimiser.step()
        if step % schedule.every == 0 or step == schedule.steps:
            diverged = not math.isfinite(loss.item())
            now = _judged(validate)
            progress(step, schedule.steps, "steps at most")
            history.append(now)
            if now > value:
                best, best_step, value = _copy(parameters), step, now
            if (
                diverged
                or step == schedule.steps
                or step - best_step >= schedule.patience * schedule.every
            ):
                break
    with torch.no_grad():
        for parameter, kept in zip(parameters, best, strict=True):
            parameter.copy_(kept)
    return Fit(step, best_step, value, diverged, tuple(history))


def _copy(parameters: list[Tensor]) -> list[Tensor]:
    return [p.detach().clone() for p in parameters]


def _judged(validate: Callable[[], float]) -> float:
    """The validation value, minus infinity where it is no number."""
    with torch.no_grad():
        value = validate()
    return value if not math.isnan(value) else -math.inf
