"""The value on held-out pairs, with its error given the critic, from the terms of single samples.

A mean over pairs (i, j) is a U-statistic: sample i enters as x_i in a row and as y_i in a column.
To first order the estimate is the mean of what each sample contributes, its own term minus the
shares of its row and column in the rest (Hoeffding's projection), so the standard deviation of the
contributions over the root of n is the standard error *given the trained critic*. The spread
between trainings is not in it, and a single training cannot know it: on the board of mutual
information intervals by this error hold the mean over other seeds in 30 to 90 %. So it stands in
the diagnostics as ``error_given_training``, and no standard error is stated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from harness import Estimate, Incompatible
from harness_neural import objectives
from harness_neural.networks import BLOCK, Concat, Critic
from harness_neural.prepare import Pair

SHIFTS = 64
"""Mismatched partners of each held-out sample where the critic needs a call per pair."""


@dataclass(frozen=True)
class Value:
    """An estimate in nats and its standard error given the trained critic."""

    value: float
    given_training: float

    @classmethod
    def of(cls, value: float, contributions: Tensor) -> Value:
        """From the value and the contribution of each sample ``(n,)``.

        Raises `Incompatible` where they are not finite.
        """
        stderr = float(contributions.std()) / math.sqrt(len(contributions))
        if not (math.isfinite(value) and math.isfinite(stderr)):
            raise Incompatible(
                f"the held-out terms give {value:g} with standard error {stderr:g}; "
                "wants data without such outliers, or a smaller learning_rate"
            )
        return cls(value, stderr)

    def estimate(self, notes: dict[str, float]) -> Estimate:
        """The estimate without a standard error; that given the critic is in the diagnostics."""
        return Estimate(
            self.value, diagnostics=notes | {"error_given_training": self.given_training}
        )


@dataclass(frozen=True)
class Held:
    """Scores of held-out samples, float64: ``joint (n,)`` of their own pairs, and ln of the mean of
    e^T over the mismatched partners of each x (``rows (n,)``) and of each y (``columns (n,)``),
    with T clipped to +-tau where asked for.
    """

    joint: Tensor
    rows: Tensor
    columns: Tensor

    @property
    def log_mean(self) -> Tensor:
        """ln of the mean of e^T over all mismatched pairs scored."""
        return objectives.log_mean_exp(self.rows)

    def dv(self) -> Value:
        """Donsker-Varadhan, or SMILE where the scores are clipped."""
        log_mean = self.log_mean
        shares = torch.exp(self.rows - log_mean) + torch.exp(self.columns - log_mean)
        return Value.of(float(self.joint.mean() - log_mean), self.joint - shares)

    def nwj(self) -> Value:
        """Nguyen-Wainwright-Jordan."""
        shares = torch.exp(self.rows - 1.0) + torch.exp(self.columns - 1.0)
        value = self.joint.mean() - torch.exp(self.log_mean - 1.0)
        return Value.of(float(value), self.joint - shares)


@torch.no_grad()
def held(critic: Critic, pair: Pair, tau: float | None = None) -> Held:
    """Score held-out pairs: all of them with a separable critic, `SHIFTS` partners of each sample
    with the other.

    Time O(n^2) or O(n SHIFTS); memory O(`BLOCK`).
    """
    x, y = pair
    limit = math.inf if tau is None else tau
    if isinstance(critic, Concat):
        return _held_by_shifts(critic, x, y, limit)
    n = len(x)
    joint, rows = torch.empty(n, dtype=torch.float64), torch.empty(n, dtype=torch.float64)
    columns = torch.full((n,), -math.inf, dtype=torch.float64)
    step = max(1, BLOCK // n)
    for start in range(0, n, step):
        block = critic.matrix(x[start : start + step], y).double().cpu()
        own = torch.arange(len(block)), torch.arange(start, start + len(block))
        joint[own[1]] = block[own]
        block = block.clamp(-limit, limit)
        block[own] = -math.inf
        rows[start : start + step] = torch.logsumexp(block, 1)
        columns = torch.logaddexp(columns, torch.logsumexp(block, 0))
    return Held(joint, rows - math.log(n - 1), columns - math.log(n - 1))


def _held_by_shifts(critic: Concat, x: Tensor, y: Tensor, limit: float) -> Held:
    n = len(x)
    shifts = range(1, min(SHIFTS, n - 1) + 1)
    joint = critic.shifted(x, y, [0])[0].double().cpu()
    apart = torch.cat([critic.shifted(x, y, [s]) for s in shifts]).double().cpu()
    apart = apart.clamp(-limit, limit)
    # The row of shift s scores x_i with y_(i+s): moved by s, its entries stand at their y.
    by_column = torch.stack([row.roll(s) for s, row in zip(shifts, apart, strict=True)])
    few = math.log(len(shifts))
    return Held(joint, torch.logsumexp(apart, 0) - few, torch.logsumexp(by_column, 0) - few)


@torch.no_grad()
def infonce(critic: Critic, pair: Pair, batch: int) -> Value:
    """InfoNCE over held-out batches of ``batch`` samples (all, where there are fewer), without an
    incomplete last batch.
    """
    x, y = pair
    size = min(batch, len(x))
    terms, contributions = [], []
    for start in range(0, len(x) - size + 1, size):
        matrix = critic.matrix(x[start : start + size], y[start : start + size]).double().cpu()
        own = objectives.infonce_terms(matrix)
        terms.append(own)
        contributions.append(own - torch.softmax(matrix, 1).sum(0))
    return Value.of(float(torch.cat(terms).mean()), torch.cat(contributions))
