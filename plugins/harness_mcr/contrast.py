"""A bound by contrast of two modalities of one class.

The partner of x1 is the second modality of a random unit of its class. Given (X2, Y) it does not
depend on X1, so that the contrast against N partners drawn from the *marginal* bounds
I(X1; partner) <= I(X1;X2,Y) = I(X1;X2) + I(X1;Y|X2), and with the roles exchanged likewise::

    ln N - L  <=  I(X1;Y|X2) + I(X2;Y|X1) + 2 I(X1;X2)

Kontras et al. (2025), eqs. 9-10, state it with negatives of other classes. That is no bound: such
negatives are easier than the marginal, and X1 = X2 = Y with 4 classes and N = 512 would read 6.24
nats where there are 1.39.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from harness import Estimate, Incompatible, Ints, Modalities, single_threaded
from harness_mcr import settings
from harness_mcr.inputs import Inputs
from harness_mcr.networks import layers
from harness_mcr.training import Group, fit

Part = tuple[Ints, list[Tensor]]
"""Classes and modalities of some units."""


def contrasted(left: Tensor, right: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """ln N - L of each row ``(N,)`` of both sides; row i of one belongs to row i of the other."""
    unit = nn.functional.normalize
    scores = unit(left, dim=1) @ unit(right, dim=1).T / temperature
    own = scores.diagonal() + math.log(len(scores))
    return own - scores.logsumexp(1), own - scores.logsumexp(0)


def partners(y: Ints, rng: np.random.Generator) -> Ints:
    """For each unit a random one of its class, perhaps itself."""
    order = np.argsort(y, kind="stable")
    start = np.searchsorted(y[order], y)
    size = np.bincount(y)[y]
    return order[start + (rng.random(len(y)) * size).astype(np.int64)]


class SupConBound(settings.Contrast):
    """ln N - L on the test part, the mean over both modalities as anchors, with critics that are
    cosines of trained networks over the temperature. At most ln N.
    """

    def estimate(self, data: Modalities, *, rng: np.random.Generator) -> Estimate:
        """In nats, with a value per test unit (the mean of its own two).

        Raises `Incompatible` without a split, for a target, three modalities, or fewer than two
        units in a part.
        """
        if data.x3 is not None:
            raise Incompatible("three modalities; the bound is of two")
        inputs = Inputs.of(data)
        if len(inputs.test) < 2:
            raise Incompatible("one unit to judge; a contrast needs two or more")
        seed = int(rng.integers(2**62))
        with single_threaded(self.device, rng) as device:
            critics = nn.ModuleList(
                layers([table.shape[1], *self.hidden, self.width]) for table in inputs.tables
            ).to(device)

            parts = (inputs.train, inputs.valid, inputs.test)
            train, valid, test = ((inputs.y[p], inputs.tensors(p, device)[0]) for p in parts)

            def values(part: Part, rows: Ints, generator: np.random.Generator) -> Tensor:
                """Of the units at ``rows`` of a part, all at once."""
                y, (x1, x2) = part
                chosen = partners(y, generator)[rows]
                a, b = contrasted(critics[0](x1[rows]), critics[1](x2[chosen]), self.temperature)
                return 0.5 * (a + b)

            def whole(part: Part, generator: np.random.Generator) -> Tensor:
                """Of all units of a part, in groups of at least N where there are as many."""
                n = len(part[0])
                order = generator.permutation(n)
                groups = np.array_split(order, max(1, n // self.batch))
                found = torch.empty(n, device=device)
                for rows in groups:
                    found[torch.tensor(rows)] = values(part, rows, generator).detach()
                return found

            judge = np.random.default_rng(seed)
            validated = int(judge.integers(2**62))

            def validate() -> tuple[float, float]:
                value = float(whole(valid, np.random.default_rng(validated)).mean())
                return value, 0.0

            names = tuple(name for name, _ in critics.named_parameters())
            notes = fit(
                critics,
                lambda rows, generator: -values(train, rows, generator).mean(),
                [Group(names, validate)],
                len(inputs.train),
                self,
                seed,
                f"supcon {data.fingerprint()}",
            )
            local = whole(test, judge).double().cpu().numpy()
        size = min(self.batch, len(inputs.test))
        return Estimate.from_local(local, notes | {"ceiling": math.log(size)})
