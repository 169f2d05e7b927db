"""Mutual information from a flow between distributions, learned by flow matching.

Butakov, Semenenko, Frolov, Oseledets, FMMI: Flow Matching Mutual Information Estimation, 2025. A
velocity v carries z_0 to z_1; along it the entropy changes by the mean divergence, so that from
mismatched pairs to pairs, or from x of any y to the x of a given y::

    I(X;Y) = h(z_0) - h(z_1) = -int_0^1 E div v(z_t, t) dt

with z_t = (1 - t) z_0 + t z_1. The regression of z_1 - z_0 on z_t and t (and on y, where it is
given) is such a velocity (Lipman et al., Flow Matching for Generative Modeling, ICLR 2023). To
first order an error of v enters with its sign: the estimate is a bound on neither side.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from harness import Estimate, Incompatible, PairedSamples, single_threaded, torch_generator
from harness_neural import settings
from harness_neural.evaluation import Value
from harness_neural.networks import Dense
from harness_neural.prepare import Pair, prepare
from harness_neural.training import fit_drawn

CROWDED = 2.0
"""Times are 1 - (1 - s)^CROWDED for a uniform s: denser near the end, where narrow distributions
are reached."""
BLOCK = 1 << 17
"""Samples at a time where held-out ones are evaluated."""


class Velocity:
    """The velocity of ``z (n, d)`` at the times 1 - ``left (n, 1)``, given ``y (n, dy)``."""

    def __init__(
        self,
        d: int,
        given: int,
        hidden: tuple[int, ...],
        draws: torch.Generator,
        device: torch.device,
    ) -> None:
        self.net = Dense([d + given + 4, *hidden, d], draws, device)

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return self.net.parameters()

    def __call__(self, z: Tensor, given: Tensor, left: Tensor) -> Tensor:
        """Velocities ``(n, d)``."""
        log_left = torch.log(left + 1e-3) / 7.0
        angle = left * (math.pi / 2)
        times = [left, log_left, angle.sin(), angle.cos()]
        # The velocity between independent standard normal ends is put in by hand: its divergence
        # integrates to zero, and a network that has to learn it leaves errors of many dimensions.
        plain = (1.0 - 2.0 * left) / (left**2 + (1.0 - left) ** 2)
        return plain * z + self.net(torch.cat([z, given, *times], 1))


class FlowMatching(settings.Flow):
    """Mutual information as the entropy that a learned flow takes away."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """I(X;Y) in nats, on held-out pairs; see `prepare.prepare` for the parts and what they
        refuse, and `evaluation` for why no standard error is stated.

        Raises
        ------
        Incompatible : a variable that the flow moves is discrete, or too few samples.
        DataError : a variable that is constant.
        UsageError : a device that is absent.
        """
        for side in "xy" if self.form == "joint" else "x":
            if getattr(data, f"{side}_kind") == "discrete":
                raise Incompatible(
                    f"PairedSamples.{side} is discrete and cannot flow; wants f-dime"
                )
        with single_threaded(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            dx, dy = parts.widths
            moved, given = (dx + dy, 0) if self.form == "joint" else (dx, dy)
            model = Velocity(moved, given, self.hidden, draws, device)
            done = fit_drawn(
                model.parameters(),
                parts,
                lambda pair, each: self._draw(pair, each, draws),
                lambda *drawn: self._losses(model, *drawn),
                self,
                draws,
            )
            terms = self._terms(model, parts.test, draws)
        notes = parts.notes | done.notes | {"validation": done.validation}
        return Value.of(float(terms.mean()), terms).estimate(notes)

    def _draw(self, pair: Pair, each: int, draws: torch.Generator) -> tuple[Tensor, ...]:
        """Starts, ends ``(n, d)`` and what is given ``(n, .)``, every sample ``each`` times, and
        how much time is left ``(n, 1)``.
        """
        x, y = pair
        n = len(x)
        # Every shift of samples in random order leaves none its own partner.
        shifts = torch.randint(1, n, (each,), generator=draws)
        strangers = torch.cat([x.roll(int(s), 0) for s in shifts])
        others = torch.cat([y.roll(2 * int(s), 0) for s in shifts])
        at = (torch.arange(each)[:, None] + torch.rand(each, n, generator=draws)) / each
        left = ((1.0 - at) ** CROWDED).reshape(-1, 1).to(x.device)
        x, y = (side.repeat(each, 1) for side in pair)
        if self.form == "joint":
            return torch.cat([strangers, others], 1), torch.cat([x, y], 1), y[:, :0], left
        return strangers, x, y, left

    @staticmethod
    def _losses(model: Velocity, start: Tensor, end: Tensor, given: Tensor, left: Tensor) -> Tensor:
        """Squared errors ``(n,)``."""
        return (
            (model(left * start + (1.0 - left) * end, given, left) - (end - start)).square().sum(1)
        )

    def _terms(self, model: Velocity, pair: Pair, draws: torch.Generator) -> Tensor:
        """The integral at each sample ``(n,)``, float64; the trace of the Jacobian by signs."""
        out = []
        blocks = 1 + len(pair[0]) * self.times // BLOCK
        for block in zip(*(side.tensor_split(blocks) for side in pair), strict=True):
            start, end, given, left = self._draw(block, self.times, draws)
            z = (left * start + (1.0 - left) * end).requires_grad_()
            signs = 2.0 * torch.randint(2, z.shape, generator=draws).to(z) - 1.0
            along = (model(z, given, left) * signs).sum()
            (gradient,) = torch.autograd.grad(along, z)
            trace = (gradient * signs).sum(1, keepdim=True)
            weight = CROWDED * left ** (1.0 - 1.0 / CROWDED)
            found = (trace * weight).double().cpu().view(self.times, -1).mean(0)
            out.append(-found)
        return torch.cat(out)
