"""KNIFE: h(Y) and h(Y|X) by learned mixtures of Gaussian kernels, and their difference.

Pichler, Colombo, Boudiaf, Koliander, Piantanida, A Differential Entropy Estimator for Training
Neural Networks, ICML 2022. For weights u_m, centres a_m and lower triangular A_m with a positive
diagonal::

    q(y)   = sum_m u_m |det A_m| N(A_m (y - a_m); 0, I)
    I(X;Y) = h(Y) - h(Y|X) = E[ln q(y|x)] - E[ln q(y)]

where a network of x gives the weights, centres and diagonals of q(y|x). The part of A_m below a
unit diagonal is common to all kernels here: one for each has more parameters than a thousand
samples in many dimensions determine. Each cross-entropy is above its entropy, so that their
difference is a bound on neither side.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import Tensor

from harness import Estimate, Incompatible, PairedSamples, single_threaded, torch_generator
from harness_neural import settings
from harness_neural.evaluation import Value
from harness_neural.networks import Dense
from harness_neural.prepare import prepare
from harness_neural.training import fit

SPREAD = 7.0
"""Bound on the logarithm of the diagonal: a smooth limit, so that the density does not diverge."""
SMALL = 0.01
"""Share of its first weights that the last layer of the network starts with."""


class Mixture:
    """A mixture of Gaussian kernels in d dimensions, at first of unit width and centred at samples
    ``y (n, d)`` over the root of d: in many dimensions samples are far from each other.

    The parameters of a kernel are a logit, a centre, and the logarithm of the diagonal that a unit
    lower triangular matrix, common to all, is multiplied by.
    """

    def __init__(self, y: Tensor, kernels: int, generator: torch.Generator) -> None:
        n, d = y.shape
        first = torch.randint(n, (kernels,), generator=generator)
        self.logits = torch.zeros(kernels, device=y.device)
        self.centres = y[first] / math.sqrt(d)
        self.scales = torch.zeros(kernels, d, device=y.device)
        self.below = torch.zeros(d, d, device=y.device)
        for tensor in self.parameters():
            tensor.requires_grad_()

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return [self.logits, self.centres, self.scales, self.below]

    def log_density(self, y: Tensor, moved: Tensor | None = None) -> Tensor:
        """ln q(y_i) ``(n,)`` in nats, with ``moved (n, kernels, 1 + 2 d)`` added to the logits,
        centres and scales at each sample.
        """
        logits, centres, scales = self.logits, self.centres, self.scales
        if moved is not None:
            d = y.shape[1]
            logits = logits + moved[..., 0]
            centres = centres + moved[..., 1 : 1 + d]
            scales = scales + moved[..., 1 + d :]
        scales = SPREAD * torch.tanh(scales / SPREAD)
        apart = y[:, None, :] - centres
        turned = apart + torch.matmul(apart, self.below.tril(-1).T)
        of_kernels = (-0.5 * (turned * scales.exp()) ** 2 + scales).sum(-1)
        constant = 0.5 * y.shape[1] * math.log(2 * math.pi)
        return torch.logsumexp(torch.log_softmax(logits, -1) + of_kernels, -1) - constant


class Conditional:
    """The mixture q(y|x): a network of x moves the kernels of a mixture, by next to nothing at
    first.
    """

    def __init__(self, mixture: Mixture, net: Dense) -> None:
        self.mixture, self.net = mixture, net
        with torch.no_grad():
            net.weights[-1].mul_(SMALL)
            net.biases[-1].mul_(SMALL)

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return [*self.mixture.parameters(), *self.net.parameters()]

    def log_density(self, x: Tensor, y: Tensor) -> Tensor:
        """ln q(y_i|x_i) ``(n,)`` in nats."""
        moved = self.net(x).view(len(x), len(self.mixture.logits), -1)
        return self.mixture.log_density(y, moved)


class KNIFE(settings.Kernels):
    """Mutual information as a difference of two kernel entropies of y."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """I(X;Y) in nats, on held-out pairs; see `prepare.prepare` for the parts and what they
        refuse, and `evaluation` for why no standard error is stated.

        Raises
        ------
        Incompatible : y is discrete (q is a density), or too few samples.
        DataError : a variable that is constant.
        UsageError : a device that is absent.
        """
        if data.y_kind == "discrete":
            raise Incompatible(
                "PairedSamples.y is discrete, and q(y|x) is a density; wants dv or f-dime"
            )
        with single_threaded(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            x, y = parts.train
            marginal = Mixture(y, self.kernels, draws)
            alone = fit(
                marginal.parameters(),
                lambda batch: marginal.log_density(y[batch]).mean(),
                lambda: float(marginal.log_density(parts.valid[1]).mean()),
                len(x),
                self,
                draws,
            )
            outputs = self.kernels * (1 + 2 * y.shape[1])
            net = Dense([x.shape[1], *self.hidden, outputs], draws, device)
            conditional = Conditional(copy.deepcopy(marginal), net)
            done = fit(
                conditional.parameters(),
                lambda batch: conditional.log_density(x[batch], y[batch]).mean(),
                lambda: float(conditional.log_density(*parts.valid).mean()),
                len(x),
                self,
                draws,
            )
            x, y = parts.test
            with torch.no_grad():
                given = conditional.log_density(x, y).double().cpu()
                terms = given - marginal.log_density(y).double().cpu()
        notes = parts.notes | done.notes | {"marginal_steps": alone.steps}
        notes |= {"validation": done.validation - alone.validation}
        return Value.of(float(terms.mean()), terms).estimate(notes)
