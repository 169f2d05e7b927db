"""Estimators that fit a conditional density q(y|x) by maximum likelihood and compare it across pairs: CLUB, L1Out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness import Estimate, Incompatible, PairedSamples, calm, torch_generator
from harness_neural.evaluation import Value
from harness_neural.networks import BLOCK, Dense
from harness_neural.prepare import Pair, prepare
from harness_neural.training import Schedule, fit

SPREAD = 7.0
"""Bound on |ln sigma| of the fitted Gaussian, y standardised: a smooth limit against a density that runs away."""


class Gaussian:
    """q(y|x) = N(mu(x), diag sigma(x)^2), both by one network."""

    def __init__(
        self,
        dx: int,
        dy: int,
        hidden: Sequence[int],
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.net = Dense([dx, *hidden, 2 * dy], generator, device)

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return self.net.parameters()

    def moments(self, x: Tensor) -> Pair:
        """Means and log standard deviations ``(n, dy)`` each."""
        mean, spread = self.net(x).chunk(2, 1)
        return mean, SPREAD * torch.tanh(spread / SPREAD)

    def log_density(self, x: Tensor, y: Tensor) -> Tensor:
        """ln q(y_i|x_i) ``(n,)`` in nats."""
        mean, spread = self.moments(x)
        return (-0.5 * ((y - mean) / spread.exp()) ** 2 - spread).sum(1) - 0.5 * y.shape[
            1
        ] * math.log(2 * math.pi)


def log_densities(mean: Tensor, spread: Tensor, y: Tensor) -> Tensor:
    """ln q(y_i|x_j) ``(len(y), len(mean))`` less its constant, in float64: row i is y_i under every x_j.

    The squares are summed per coordinate, not multiplied out, which would cancel where sigma is small.
    """
    total = -spread.sum(1).expand(len(y), -1).clone()
    for d in range(y.shape[1]):
        total -= 0.5 * ((y[:, d, None] - mean[None, :, d]) * torch.exp(-spread[:, d])) ** 2
    return total


@dataclass(frozen=True)
class _Likelihood:
    """Shared by both: fit q on the training part, evaluate on the other."""

    hidden: tuple[int, ...] = (128, 128)
    batch: int = 256
    steps: int = 2000
    learning_rate: float = 1e-3
    patience: int = 8
    device: str = "cpu"

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """Mutual information in nats; see `prepare.prepare` for the parts and what they refuse.

        Raises
        ------
        Incompatible : y is discrete (q is a density), too few samples.
        """
        if data.y_kind == "discrete":
            raise Incompatible(
                "PairedSamples.y is discrete, and q(y|x) is a Gaussian density; wants dv or infonce"
            )
        with calm(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            model = Gaussian(*parts.widths, self.hidden, draws, device)
            x, y = parts.train
            done = fit(
                model.parameters(),
                lambda batch: model.log_density(x[batch], y[batch]).mean(),
                lambda: float(model.log_density(*parts.valid).mean()),
                len(x),
                Schedule(self.steps, self.batch, self.learning_rate, self.patience),
                draws,
            )
            with torch.no_grad():
                mean, spread = (m.double() for m in model.moments(parts.test[0]))
                found = self.compare(mean, spread, parts.test[1].double())
        notes: dict[str, float | int | bool] = {
            "trained_on": len(x),
            "evaluated_on": len(mean),
            "steps": done.steps,
            "best_step": done.best_step,
            "log_likelihood": done.validation,
        }
        if parts.dropped:
            notes["dropped_columns"] = parts.dropped
        if done.diverged:
            notes["diverged"] = True
        return Estimate(found.value, found.stderr, diagnostics=notes)

    @staticmethod
    def compare(mean: Tensor, spread: Tensor, y: Tensor) -> Value:
        """The value from the Gaussians' means and log standard deviations ``(n, dy)`` at each x_j, and ``y (n, dy)``.

        Time O(n^2 dy), memory O(`BLOCK`).
        """
        raise NotImplementedError


@dataclass(frozen=True)
class CLUB(_Likelihood):
    """Contrastive log-ratio upper bound (Cheng et al., ICML 2020): mean of ln q(y_i|x_i) less that over all i, j.

    An upper bound where KL(p(x,y) || q(y|x)p(x)) <= KL(p(x)p(y) || q(y|x)p(x)), as for the true conditional.
    """

    @staticmethod
    def compare(mean: Tensor, spread: Tensor, y: Tensor) -> Value:
        """See the base class."""
        n = len(y)
        joint, rows, columns = (
            torch.empty(n).double(),
            torch.empty(n).double(),
            torch.zeros(n).double(),
        )
        for start, block, own in _blocks(mean, spread, y):
            joint[own] = block[own - start, own]
            rows[own] = block.mean(1)
            columns += block.sum(0) / n
        return Value.of(float(joint.mean() - rows.mean()), joint - rows - columns)


@dataclass(frozen=True)
class L1Out(_Likelihood):
    """Leave-one-out bound (Poole et al., ICML 2019): mean of ln [ q(y_i|x_i) / mean over j != i of q(y_i|x_j) ].

    An upper bound for the true conditional; with a fitted one and many samples it tends to a lower bound instead.
    """

    @staticmethod
    def compare(mean: Tensor, spread: Tensor, y: Tensor) -> Value:
        """See the base class."""
        n = len(y)
        joint, others, shares = (
            torch.empty(n).double(),
            torch.empty(n).double(),
            torch.zeros(n).double(),
        )
        for start, block, own in _blocks(mean, spread, y):
            joint[own] = block[own - start, own]
            block[own - start, own] = -math.inf
            others[own] = torch.logsumexp(block, 1) - math.log(n - 1)
            shares += torch.softmax(block, 1).sum(0)
        terms = joint - others
        return Value.of(float(terms.mean()), terms - shares)


def _blocks(mean: Tensor, spread: Tensor, y: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Rows of the matrix of `log_densities`, some at a time: where they start, they, and their positions."""
    step = max(1, BLOCK // len(y))
    mean, spread, y = mean.cpu(), spread.cpu(), y.cpu()
    for start in range(0, len(y), step):
        own = torch.arange(start, min(start + step, len(y)))
        yield start, log_densities(mean, spread, y[own]), own
