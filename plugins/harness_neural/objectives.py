"""What is maximized: functions of a critic's scores on the pairs of a batch and on mismatched ones.

``joint (n,)`` are scores T(x_i, y_i), ``apart (...)`` scores T(x_i, y_j) with i != j. All in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import softplus

Objective: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def log_mean_exp(scores: Tensor) -> Tensor:
    """ln of the mean of e^T over all scores."""
    return torch.logsumexp(scores.flatten(), 0) - math.log(scores.numel())


def dv(joint: Tensor, apart: Tensor) -> Tensor:
    """Donsker-Varadhan: E_P[T] - ln E_Q[e^T] <= I."""
    return joint.mean() - log_mean_exp(apart)


def nwj(joint: Tensor, apart: Tensor) -> Tensor:
    """Nguyen-Wainwright-Jordan: E_P[T] - E_Q[e^(T-1)] <= I; never above `dv` at one critic."""
    return joint.mean() - torch.exp(log_mean_exp(apart) - 1.0)


def js(joint: Tensor, apart: Tensor) -> Tensor:
    """Jensen-Shannon: -E_P[softplus(-T)] - E_Q[softplus(T)].

    Its best T is ln dP/dQ. It is an objective of training, not a bound.
    """
    return -softplus(-joint).mean() - softplus(apart).mean()


def kl(joint: Tensor, apart: Tensor) -> Tensor:
    """Kullback-Leibler: E_P[T] - E_Q[e^T] + 1. Its best T is ln dP/dQ, as that of `js`."""
    return joint.mean() - torch.exp(log_mean_exp(apart)) + 1.0


def hellinger(joint: Tensor, apart: Tensor) -> Tensor:
    """Squared Hellinger distance: 2 - E_P[e^(-T/2)] - E_Q[e^(T/2)], with the same best T."""
    return 2.0 - torch.exp(log_mean_exp(-0.5 * joint)) - torch.exp(log_mean_exp(0.5 * apart))


def smile(joint: Tensor, apart: Tensor, tau: float) -> Tensor:
    """`dv` with T clipped to +-tau in the partition function only: less variance, and no longer a
    bound (Song and Ermon 2020).
    """
    return dv(joint, apart.clamp(-tau, tau))


def infonce(matrix: Tensor) -> Tensor:
    """InfoNCE of the scores of a batch ``(n, n)``: mean of T_ii - ln (1/n) sum_j e^T_ij <= ln n."""
    return infonce_terms(matrix).mean()


def infonce_terms(matrix: Tensor) -> Tensor:
    """The terms that `infonce` averages ``(n,)``."""
    return torch.diagonal(matrix) - torch.logsumexp(matrix, 1) + math.log(len(matrix))


def off_diagonal(matrix: Tensor) -> Tensor:
    """The entries i != j of a square matrix ``(n, n)``, as ``(n, n - 1)``."""
    n = len(matrix)
    return matrix.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(n, n - 1)


class Mine:
    """The gradient of MINE: that of `dv`, with a running mean of E_Q[e^T] in place of the batch's.

    The gradient of ln E_Q[e^T] is E_Q[e^T dT] / E_Q[e^T]; a ratio of batch means is biased, because
    the mean of a ratio is not the ratio of means. In each step the running mean moves by ``rate``
    of the way to the mean of the batch (Belghazi et al. 2018).
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.log_mean: Tensor | None = None

    def __call__(self, joint: Tensor, apart: Tensor) -> Tensor:
        """An objective whose gradient is MINE's; its value has no meaning."""
        batch = log_mean_exp(apart)
        seen = batch.detach()
        if self.log_mean is None or self.rate == 1:
            self.log_mean = seen
        else:
            old = self.log_mean + math.log1p(-self.rate)
            self.log_mean = torch.logaddexp(old, seen + math.log(self.rate))
        return joint.mean() - torch.exp(batch - self.log_mean)
