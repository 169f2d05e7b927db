"""Logistic regression with a sparse group lasso: few components, and few columns of each.

``sum over units of weight * log-loss + sparsity * sum |w| + group * sum over groups of |w_g|``,
intercepts free. Accelerated proximal gradients (FISTA with restarts) set coefficients and whole
groups to exact zeros. As in the authors' code the fit stops short of the minimum, when the
validation part has not improved for a while, and its best weights are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.special

from harness import Floats, Ints

EVERY = 10
"""Number of steps between two evaluations of the validation part."""
ROUNDING = 1e-7
"""Rounding of a loss in single precision; an excess below it does not shorten the step."""


class Design(Protocol):
    """Linear map of weights ``(columns, outputs)`` to scores ``(units, outputs)``."""

    def forward(self, w: Floats) -> Floats:
        """Scores of all units."""

    def backward(self, residual: Floats) -> Floats:
        """The transpose on ``(units, outputs)``."""


@dataclass(frozen=True)
class Penalty:
    """Weights of both penalties; ``groups`` are the bounds of the columns of each component."""

    sparsity: float
    group: float
    groups: tuple[int, ...]

    def prox(self, w: Floats, step: float) -> Floats:
        """The proximal point: soft thresholds, then groups shrunk in length."""
        w = np.sign(w) * np.maximum(np.abs(w) - step * self.sparsity, 0.0)
        for a, b in self.parts():
            length = float(np.linalg.norm(w[a:b]))
            w[a:b] *= max(0.0, 1.0 - step * self.group / length) if length else 0.0
        return w

    def parts(self) -> list[tuple[int, int]]:
        """The first column of each group, and the one after its last."""
        return list(zip(self.groups[:-1], self.groups[1:], strict=True))


@dataclass(frozen=True)
class Fitted:
    """Weights ``(columns, outputs)``, intercepts ``(outputs,)``, validation value, steps taken."""

    weights: Floats
    intercepts: Floats
    value: float
    steps: int


def gradient(scores: Floats, y: Ints, weights: Floats) -> tuple[float, Floats]:
    """Weighted log-loss of ``scores (units, outputs)`` and its slope; one output is a logit."""
    if scores.shape[1] == 1:
        logit = scores[:, 0]
        loss = float(weights @ (np.logaddexp(0.0, logit) - y * logit))
        return loss, (weights * (scipy.special.expit(logit) - y))[:, None]
    log_p = scipy.special.log_softmax(scores, axis=1)
    at = np.arange(len(y))
    loss = -float(weights @ log_p[at, y])
    residual = np.exp(log_p)
    residual[at, y] -= 1.0
    return loss, weights[:, None] * residual


def fit(
    design: Design,
    shape: tuple[int, int],
    y: Ints,
    weights: Floats,
    penalty: Penalty,
    judge: Callable[[Floats, Floats], float],
    *,
    steps: int,
    patience: int,
) -> Fitted:
    """Fit from zero.

    Parameters
    ----------
    shape : columns and outputs.
    y (units,), weights (units,) : classes and weights of the units; the weights sum to 1.
    judge : ``(weights, intercepts) -> value`` of the validation part, higher is better.
    steps : largest number of steps.
    patience : evaluations of the validation part without improvement that end the fit.
    """
    iterates = _accelerated(design, shape, y, weights, penalty)
    return _best(iterates, shape, judge, every=EVERY, steps=steps, patience=patience)


def _best(
    iterates: Iterator[tuple[Floats, Floats]],
    shape: tuple[int, int],
    judge: Callable[[Floats, Floats], float],
    *,
    every: int,
    steps: int,
    patience: int,
) -> Fitted:
    """The weights and intercepts that the validation part likes best, of those evaluated.

    One of so many iterates is evaluated, and the last.
    """
    best, stale, step = Fitted(np.zeros(shape), np.zeros(shape[1]), -np.inf, 0), 0, 0
    for step, (w, b) in zip(range(1, steps + 1), iterates, strict=False):
        if step % every == 0 or step == steps:
            value = judge(w, b)
            stale = 0 if value > best.value else stale + 1
            if value > best.value:
                best = Fitted(w, b, value, step)
            if stale >= patience:
                break
    return Fitted(best.weights, best.intercepts, best.value, step)


def _accelerated(
    design: Design, shape: tuple[int, int], y: Ints, weights: Floats, penalty: Penalty
) -> Iterator[tuple[Floats, Floats]]:
    """Weights and intercepts after each step of FISTA with restarts, without end."""
    w, b = np.zeros(shape), np.zeros(shape[1])
    ahead_w, ahead_b, momentum, bound = w, b, 1.0, 1e-3
    scores = ahead_scores = np.zeros((len(y), shape[1]))
    while True:
        loss, residual = gradient(ahead_scores, y, weights)
        slope_w, slope_b = design.backward(residual), residual.sum(0)
        while True:
            new_w = penalty.prox(ahead_w - slope_w / bound, 1.0 / bound)
            new_b = ahead_b - slope_b / bound
            move_w, move_b = new_w - ahead_w, new_b - ahead_b
            promised = loss + (slope_w * move_w).sum() + slope_b @ move_b
            promised += bound / 2 * ((move_w**2).sum() + move_b @ move_b)
            new_scores = design.forward(new_w) + new_b
            if gradient(new_scores, y, weights)[0] <= promised + ROUNDING:
                break
            bound *= 2.0
        turned = ((ahead_w - new_w) * (new_w - w)).sum() + (ahead_b - new_b) @ (new_b - b) > 0
        following = 1.0 if turned else (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        push = 0.0 if turned else (momentum - 1.0) / following
        ahead_w, ahead_b = new_w + push * (new_w - w), new_b + push * (new_b - b)
        ahead_scores = new_scores + push * (new_scores - scores)
        w, b, scores, momentum = new_w, new_b, new_scores, following
        yield w, b


@dataclass(frozen=True)
class Batches:
    """How units come in batches.

    Attributes
    ----------
    make : the design of the units at some positions.
    size : number of units in a batch.
    rate : factor of the step length.
    judged : number of units of the validation part, which costs what as many training units do.
    rng : draws the order of the units, anew each time all have been used.
    """

    make: Callable[[Ints], Design]
    size: int
    rate: float
    judged: int
    rng: np.random.Generator

    def every(self) -> int:
        """Steps between two evaluations: what is judged costs no more than what is learnt."""
        return max(EVERY, math.ceil(self.judged / self.size))

    def draw(self, units: int) -> Iterator[Ints]:
        """Positions of one batch after another, without end."""
        while True:
            order = self.rng.permutation(units)
            for start in range(0, units - self.size + 1, self.size):
                yield order[start : start + self.size]


def fit_batches(
    batches: Batches,
    shape: tuple[int, int],
    y: Ints,
    weights: Floats,
    penalty: Penalty,
    judge: Callable[[Floats, Floats], float],
    *,
    steps: int,
    patience: int,
) -> Fitted:
    """As `fit`, each step from a batch: proximal gradients.

    Each group has a step length of its own, ``rate`` times the root of the number of its columns
    over the root of the sum of its squared slopes so far (J. Duchi et al., JMLR 2011, with one
    number a group, for which the proximal point is still closed).
    """
    iterates = _descended(batches, shape, y, weights, penalty)
    return _best(iterates, shape, judge, every=batches.every(), steps=steps, patience=patience)


def _descended(
    batches: Batches, shape: tuple[int, int], y: Ints, weights: Floats, penalty: Penalty
) -> Iterator[tuple[Floats, Floats]]:
    """Weights and intercepts after each batch, without end."""
    w, b = np.zeros(shape), np.zeros(shape[1])
    sums, sum_b = np.zeros(len(penalty.groups) - 1), 0.0
    for at in batches.draw(len(y)):
        design, share = batches.make(at), weights[at] * (len(y) / len(at))
        residual = gradient(design.forward(w) + b, y[at], share)[1]
        slope_w, slope_b = design.backward(residual), residual.sum(0)
        sums += [float((slope_w[low:high] ** 2).sum()) for low, high in penalty.parts()]
        sum_b += float(slope_b @ slope_b)
        moved = w.copy()
        for (low, high), total in zip(penalty.parts(), sums, strict=True):
            length = batches.rate * math.sqrt((high - low) / total) if total else 0.0
            one = Penalty(penalty.sparsity, penalty.group, (0, high - low))
            moved[low:high] = one.prox(w[low:high] - length * slope_w[low:high], length)
        w, b = moved, b - (batches.rate / math.sqrt(sum_b) * slope_b if sum_b else 0.0)
        yield w, b
