"""Estimators that fit a conditional density q(y|x) by maximum likelihood and compare it across
pairs: CLUB, L1Out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from harness import Estimate, Incompatible, PairedSamples, single_threaded, torch_generator
from harness_neural import settings
from harness_neural.evaluation import Value
from harness_neural.networks import BLOCK, Dense
from harness_neural.prepare import Pair, prepare
from harness_neural.training import fit

SPREAD = 7.0
"""Bound on |ln sigma| of the fitted Gaussian of standardized y: a smooth limit, so that the density
does not diverge."""


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
        constant = 0.5 * y.shape[1] * math.log(2 * math.pi)
        return (-0.5 * ((y - mean) / spread.exp()) ** 2 - spread).sum(1) - constant


def log_densities(mean: Tensor, spread: Tensor, y: Tensor) -> Tensor:
    """ln q(y_i|x_j) ``(len(y), len(mean))`` without its constant, in float64: row i is y_i given
    every x_j.

    The squares are summed per coordinate, not expanded into products, which would cancel where
    sigma is small.
    """
    total = -spread.sum(1).expand(len(y), -1).clone()
    for d in range(y.shape[1]):
        total -= 0.5 * ((y[:, d, None] - mean[None, :, d]) * torch.exp(-spread[:, d])) ** 2
    return total


class _Likelihood(settings.Density):
    """Shared by both: fit q on the training part, evaluate on the other."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """Mutual information in nats; see `prepare.prepare` for the parts and what they refuse.

        Raises
        ------
        Incompatible : y is discrete (q is a density), or too few samples.
        DataError : a variable that is constant.
        UsageError : a device that is absent.
        """
        if data.y_kind == "discrete":
            raise Incompatible(
                "PairedSamples.y is discrete, and q(y|x) is a Gaussian density; wants dv or infonce"
            )
        with single_threaded(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            model = Gaussian(*parts.widths, self.hidden, draws, device)
            x, y = parts.train
            done = fit(
                model.parameters(),
                lambda batch: model.log_density(x[batch], y[batch]).mean(),
                lambda: float(model.log_density(*parts.valid).mean()),
                len(x),
                self,
                draws,
            )
            with torch.no_grad():
                mean, spread = (m.double() for m in model.moments(parts.test[0]))
                found = self.compare(mean, spread, parts.test[1].double())
        notes = parts.notes | done.notes | {"log_likelihood": done.validation}
        return found.estimate(notes)

    @staticmethod
    def compare(mean: Tensor, spread: Tensor, y: Tensor) -> Value:
        """The value from the means and log standard deviations of the Gaussians ``(n, dy)`` at each
        x_j, and ``y (n, dy)``.

        Time O(n^2 dy), memory O(`BLOCK`).
        """
        raise NotImplementedError


class CLUB(_Likelihood):
    """Contrastive log-ratio upper bound (Cheng et al., ICML 2020): mean of ln q(y_i|x_i) minus the
    mean of ln q(y_j|x_i) over all i, j.

    An upper bound where KL(p(x,y) || q(y|x)p(x)) <= KL(p(x)p(y) || q(y|x)p(x)), as for the true
    conditional density.
    """

    @staticmethod
    def compare(mean: Tensor, spread: Tensor, y: Tensor) -> Value:
        """See the base class."""
        n = len(y)
        joint, rows, columns = (torch.zeros(n, dtype=torch.float64) for _ in range(3))
        for start, block, own in _blocks(mean, spread, y):
            joint[own] = block[own - start, own]
            rows[own] = block.mean(1)
            columns += block.sum(0) / n
        return Value.of(float(joint.mean() - rows.mean()), joint - rows - columns)


class L1Out(_Likelihood):
    """Leave-one-out bound (Poole et al., ICML 2019): mean of
    ln [ q(y_i|x_i) / mean over j != i of q(y_i|x_j) ].

    An upper bound for the true conditional density; for a fitted one and many samples it tends to a
    lower bound instead.
    """

    @staticmethod
    def compare(mean: Tensor, spread: Tensor, y: Tensor) -> Value:
        """See the base class."""
        n = len(y)
        joint, others, shares = (torch.zeros(n, dtype=torch.float64) for _ in range(3))
        for start, block, own in _blocks(mean, spread, y):
            joint[own] = block[own - start, own]
            block[own - start, own] = -math.inf
            others[own] = torch.logsumexp(block, 1) - math.log(n - 1)
            shares += torch.softmax(block, 1).sum(0)
        terms = joint - others
        return Value.of(float(terms.mean()), terms - shares)


def _blocks(mean: Tensor, spread: Tensor, y: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Blocks of rows of the matrix of `log_densities`: first row, block, positions of its rows."""
    step = max(1, BLOCK // len(y))
    mean, spread, y = mean.cpu(), spread.cpu(), y.cpu()
    for start in range(0, len(y), step):
        own = torch.arange(start, min(start + step, len(y)))
        yield start, log_densities(mean, spread, y[own]), own
