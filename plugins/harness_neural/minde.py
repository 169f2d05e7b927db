"""MINDE: mutual information from the scores of noisy data.

Franzese, Bounoua, Michiardi, MINDE: Mutual Information Neural Diffusion Estimation, ICLR 2024. With
the variance-preserving noise x_t = a x + s e, a^2 + s^2 = 1, and the log signal-to-noise ratio
l = ln (a^2 / s^2), the paper's integral over time of the weighted squared distance of two scores is
one over l of the squared distance of two predictions of the noise e, score = -e / s::

    I(X;Y) = 1/2 int E |e(x_t; y) - e(x_t)|^2 dl                              (form conditional)
    I(X;Y) = 1/2 int E |e(x_t, y_t) - [e(x_t; y), e(y_t; x)]|^2 dl            (form joint)

The paper's importance sampling of time is a uniform l. One network predicts the noise for all
conditions, told apart by a code. The best prediction is a mean given what is known, so that each
squared distance is also a difference of mean squared errors, E|e - e(x_t)|^2 - E|e - e(x_t; y)|^2:
with networks, the distance has the errors of both in it and is never negative, the difference
has them with opposite signs.
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

LEVELS = (-8.0, 10.0)
"""Log signal-to-noise ratios between which the integral is taken."""
BLOCK = 1 << 17
"""Noisy samples at a time where held-out ones are evaluated."""
GIVEN, NOISY, HIDDEN = (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)
"""Codes of what the network is shown of a variable: itself, itself with noise, or nothing."""
Shown = tuple[tuple[float, float], tuple[float, float]]
CONDITIONS: dict[str, tuple[Shown, ...]] = {
    "conditional": ((NOISY, HIDDEN), (NOISY, GIVEN)),
    "joint": ((NOISY, NOISY), (NOISY, GIVEN), (GIVEN, NOISY)),
}
"""What is shown of x and of y: first where less is known, then where more is."""


class Noise:
    """One network that predicts the noise in x and in y under all conditions."""

    def __init__(
        self,
        dx: int,
        dy: int,
        hidden: tuple[int, ...],
        draws: torch.Generator,
        device: torch.device,
    ) -> None:
        self.widths = dx, dy
        self.net = Dense([dx + dy + 4 + 5, *hidden, dx + dy], draws, device)

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        return self.net.parameters()

    def errors(self, pair: Pair, noise: Tensor, level: Tensor, shown: Shown) -> Tensor:
        """Errors of the predicted noise of what is noisy ``(n, dx + dy)``, zero elsewhere.

        ``noise (n, dx + dy)``, ``level (n, 1)``.
        """
        signal, spread = torch.sigmoid(level).sqrt(), torch.sigmoid(-level).sqrt()
        seen, noisy = [], []
        for clean, own, code in zip(pair, noise.split(self.widths, 1), shown, strict=True):
            blurred = signal * clean + spread * own
            seen.append(code[0] * clean + code[1] * blurred)
            noisy.append(torch.full_like(clean, code[1]))
        codes = noise.new_tensor([*shown[0], *shown[1]]).expand(len(noise), -1)
        phase = level * (math.pi / 8)
        levels = torch.cat([level / 8, signal, spread, phase.sin(), phase.cos()], 1)
        inputs = torch.cat([*seen, codes, levels], 1)
        # The part of the noise that a standard normal variable would give away is put in by hand.
        predicted = spread * torch.cat(seen, 1) + signal * self.net(inputs)
        return (noise - predicted) * torch.cat(noisy, 1)


def spread_levels(n: int, each: int, draws: torch.Generator) -> Tensor:
    """Levels ``(each, n)`` of n samples, one in each of ``each`` equal intervals."""
    low, high = LEVELS
    at = torch.arange(each)[:, None] + torch.rand(each, n, generator=draws)
    return low + (high - low) * at / each


class MINDE(settings.Diffusion):
    """Mutual information from the noise that networks see in x, knowing y or not."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """I(X;Y) in nats, on held-out pairs; see `prepare.prepare` for the parts and what they
        refuse, and `evaluation` for why no standard error is stated.

        Raises
        ------
        Incompatible : a variable with noise on it is discrete, or too few samples.
        DataError : a variable that is constant.
        UsageError : a device that is absent.
        """
        for side in "xy" if self.form == "joint" else "x":
            if getattr(data, f"{side}_kind") == "discrete":
                raise Incompatible(
                    f"PairedSamples.{side} is discrete and has no score; wants f-dime"
                )
        with single_threaded(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            model = Noise(*parts.widths, self.hidden, draws, device)
            done = fit_drawn(
                model.parameters(),
                parts,
                lambda pair, each: self._draw(pair, each, draws),
                lambda *drawn: self._losses(model, *drawn),
                self,
                draws,
            )
            with torch.no_grad():
                terms = self._terms(model, parts.test, draws)
        notes = parts.notes | done.notes | {"validation": done.validation}
        return Value.of(float(terms.mean()), terms).estimate(notes)

    def _draw(self, pair: Pair, each: int, draws: torch.Generator) -> tuple[Pair, Tensor, Tensor]:
        """Every sample ``each`` times, the noise in it, and its level."""
        x, y = (side.repeat(each, 1) for side in pair)
        noise = torch.randn(len(x), x.shape[1] + y.shape[1], generator=draws)
        level = spread_levels(len(pair[0]), each, draws).reshape(-1, 1)
        return (x, y), noise.to(x.device), level.to(x.device)

    def _losses(self, model: Noise, pair: Pair, noise: Tensor, level: Tensor) -> Tensor:
        """Squared errors under all conditions ``(n,)``."""
        errors = [model.errors(pair, noise, level, c) for c in CONDITIONS[self.form]]
        return torch.stack(errors).square().sum((0, 2))

    def _terms(self, model: Noise, pair: Pair, draws: torch.Generator) -> Tensor:
        """The integral at each sample ``(n,)``, float64."""
        out = []
        for block in zip(*(side.split(max(1, BLOCK // self.levels)) for side in pair), strict=True):
            (x, y), noise, level = self._draw(block, self.levels, draws)
            less, *more = (model.errors((x, y), noise, level, c) for c in CONDITIONS[self.form])
            known = torch.stack(more).sum(0)
            if self.value == "norm":
                found = (less - known).square()
            else:
                found = less.square() - known.square()
            found = found.sum(1).double().cpu().view(self.levels, -1).mean(0)
            out.append(0.5 * (LEVELS[1] - LEVELS[0]) * found)
        return torch.cat(out)
