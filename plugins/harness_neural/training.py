"""The one training loop: Adam on random batches, with early stopping on the validation part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harness import progress
from harness_neural.prepare import Pair, Parts
from harness_neural.settings import Training

EVERY = 50
"""Number of steps between two validations."""
DRAWN = 8
"""Times or noise levels at which a sample is validated."""


@dataclass(frozen=True)
class Fit:
    """How a training went: steps taken, the step whose parameters were kept, their value on the
    validation part, and the values of all validations.
    """

    steps: int
    best_step: int
    validation: float
    diverged: bool
    history: tuple[float, ...]

    @property
    def notes(self) -> dict[str, float]:
        """Diagnostics: steps, the best one, and whether the training diverged, if it did."""
        found: dict[str, float] = {"steps": self.steps, "best_step": self.best_step}
        if self.diverged:
            found["diverged"] = True
        return found


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Positions of random batches without end: every sample at most once per pass, because an
    incomplete last batch is left out.
    """
    while True:
        order = torch.randperm(n, generator=generator)
        for start in range(0, n - size + 1, size):
            yield order[start : start + size]


def fit(
    parameters: list[Tensor],
    objective: Callable[[Tensor], Tensor],
    validate: Callable[[], float],
    n: int,
    settings: Training,
    generator: torch.Generator,
    every: int = EVERY,
) -> Fit:
    """Maximize ``objective(positions of a batch)`` over n samples, and leave the parameters at
    their best value on the validation part.

    The untrained parameters count as a candidate, so that data without information are not made to
    show some. An objective that is no longer finite ends the training; the best parameters before
    it are kept.
    """
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate, fused=True)
    best, best_step, value = _copy(parameters), 0, _judged(validate)
    history, diverged, step = [value], False, 0
    for step, batch in enumerate(batches(n, settings.batch, generator), start=1):
        optimizer.zero_grad()
        loss = -objective(batch)
        loss.backward()
        optimizer.step()
        last = step == settings.steps
        if step % every == 0 or last:
            diverged = not math.isfinite(loss.item())
            now = _judged(validate)
            progress(step, settings.steps, "steps at most")
            history.append(now)
            if now > value:
                best, best_step, value = _copy(parameters), step, now
            if diverged or last or step - best_step >= settings.patience * every:
                break
    with torch.no_grad():
        for parameter, kept in zip(parameters, best, strict=True):
            parameter.copy_(kept)
    return Fit(step, best_step, value, diverged, tuple(history))


def fit_drawn(
    parameters: list[Tensor],
    parts: Parts,
    draw: Callable[[Pair, int], tuple[Any, ...]],
    losses: Callable[..., Tensor],
    settings: Training,
    generator: torch.Generator,
) -> Fit:
    """As `fit`, where each sample is seen with a random time or noise level.

    ``draw(pair, each)`` gives every sample ``each`` times as what ``losses`` takes, which gives a
    loss each ``(n,)``. Every batch is drawn anew, the validation part once, `DRAWN` times each.
    """
    x, y = parts.train
    seen = draw(parts.valid, DRAWN)
    return fit(
        parameters,
        lambda batch: -losses(*draw((x[batch], y[batch]), 1)).mean(),
        lambda: -float(losses(*seen).mean()),
        len(x),
        settings,
        generator,
    )


def _copy(parameters: list[Tensor]) -> list[Tensor]:
    return [p.detach().clone() for p in parameters]


def _judged(validate: Callable[[], float]) -> float:
    """The value on the validation part, minus infinity where it is NaN."""
    with torch.no_grad():
        value = validate()
    return value if not math.isnan(value) else -math.inf
