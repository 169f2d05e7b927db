"""Latent mutual information: neighbours in representations of few dimensions.

Gowri, Lun, Klein, Yin, Approximating Mutual Information of High-Dimensional Variables Using Learned
Representations, NeurIPS 2024. Encoders give z_x of x and z_y of y; from each of the two, decoders
predict both variables, which keeps what the variables share::

    loss = |x - D_xx(z_x)|^2 + |y - D_yy(z_y)|^2 + c (|y - D_xy(z_x)|^2 + |x - D_yx(z_y)|^2)

with mean squared errors. The information of the representations of held-out pairs is measured by
an estimator of few dimensions. A function of a variable has no more information than the variable,
I(Z_x;Z_y) <= I(X;Y): the method estimates a lower bound.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

import harness
from harness import Estimate, Incompatible, PairedSamples, single_threaded, torch_generator
from harness_neural import settings
from harness_neural.networks import Dense
from harness_neural.prepare import Parts, prepare
from harness_neural.training import fit


class Encoders:
    """Two encoders, and from each representation a decoder of both variables."""

    def __init__(
        self,
        widths: tuple[int, int],
        width: int,
        hidden: tuple[int, ...],
        draws: torch.Generator,
        device: torch.device,
    ) -> None:
        inside = [min(width, d) for d in widths]
        around = tuple(reversed(hidden))
        self.encoders = [
            Dense([d, *hidden, z], draws, device) for d, z in zip(widths, inside, strict=True)
        ]
        self.decoders = [[Dense([z, *around, d], draws, device) for d in widths] for z in inside]

    def parameters(self) -> list[Tensor]:
        """All tensors that training changes."""
        nets = [*self.encoders, *self.decoders[0], *self.decoders[1]]
        return [p for net in nets for p in net.parameters()]

    def error(self, pair: tuple[Tensor, Tensor], cross: float) -> Tensor:
        """The loss of the module's text."""
        total = pair[0].new_zeros(())
        for own, (encoder, decoders) in enumerate(zip(self.encoders, self.decoders, strict=True)):
            inside = encoder(pair[own])
            for side, decoder in enumerate(decoders):
                weight = 1.0 if side == own else cross
                total = total + weight * (decoder(inside) - pair[side]).square().mean()
        return total


class LatentMI(settings.Latent):
    """Mutual information of learned representations."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """I(Z_x;Z_y) in nats, on held-out pairs; see `prepare.prepare` for the parts and what they
        refuse, and `evaluation` for why no standard error is stated.

        Raises
        ------
        Incompatible : a variable is discrete, too few samples, or representations that ``measured``
            refuses.
        DataError : a variable that is constant.
        UsageError : a device that is absent.
        """
        for side in "xy":
            if getattr(data, f"{side}_kind") == "discrete":
                raise Incompatible(
                    f"PairedSamples.{side} is discrete, and representations of codes repeat; wants "
                    "dv or f-dime"
                )
        with single_threaded(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            model = Encoders(parts.widths, self.width, self.hidden, draws, device)
            done = fit(
                model.parameters(),
                lambda batch: -model.error(tuple(s[batch] for s in parts.train), self.cross),
                lambda: -float(model.error(parts.valid, self.cross)),
                len(parts.train[0]),
                self,
                draws,
            )
            inside = self._inside(model, parts)
        found = harness.estimator(self.measured).estimate(inside, rng=rng)
        notes = parts.notes | done.notes | {"validation": done.validation}
        for side in "xy":
            notes[f"dimensions_{side}"] = getattr(inside, side).shape[1]
        ours = {"ceiling", "at_ceiling"} & set(found.diagnostics)
        return Estimate(found.value, diagnostics=notes | {k: found.diagnostics[k] for k in ours})

    @staticmethod
    @torch.no_grad()
    def _inside(model: Encoders, parts: Parts) -> PairedSamples:
        """Representations of the held-out pairs."""
        sides = zip(model.encoders, parts.test, strict=True)
        return PairedSamples(*(encoder(side).double().cpu().numpy() for encoder, side in sides))
