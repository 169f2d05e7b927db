"""Fused networks as models: what they predict, and what they make of each modality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Incompatible, Kind, Modalities
from harness_mcr import settings
from harness_mcr.donors import drawn, off_support
from harness_mcr.inputs import Inputs
from harness_mcr.kinds import FusedPredictions
from harness_mcr.networks import FusedNetwork
from harness_mcr.training import fused

UNITS = 1024
"""Test units whose exchanged predictions are computed at a time."""


class Fusion(settings.Fusion):
    """A network trained on the training part, at its best epoch on the validation part."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> FusedPredictions:
        """Log-probabilities for the test part: own, exchanged, and of single modalities.

        Raises
        ------
        Incompatible : no split, a continuous target, fewer than two units in a part.
        UsageError : a training that diverges, no such device, ``ogm`` with a hidden head.
        """
        inputs = Inputs.of(data)
        if len(inputs.test) < 2:
            raise Incompatible("one unit to judge; a donor is another one, so wants two or more")
        with fused(inputs, self, rng, data.fingerprint()) as network:
            tables = [table[inputs.test] for table in inputs.tables]
            y = inputs.y[inputs.test]
            donors = np.stack(
                [
                    drawn(self, np.hstack(tables[:m] + tables[m + 1 :]), y, self.donors, rng)
                    for m in range(len(tables))
                ],
                axis=1,
            )
            device = network.bias.device
            latents = network.latents(inputs.tensors(inputs.test, device)[0])
            parts = network.parts(latents)
            return FusedPredictions(
                _logs(network.finish(sum(parts[1:], parts[0]))),
                _exchanged(network, parts, torch.tensor(donors, device=device)),
                donors,
                y,
                self.scheme,
                off_support=off_support(data, inputs.test, donors),
                alone=np.stack([_logs(logits) for logits in network.each(latents)], axis=1),
            )


class FusionLatents(settings.Fusion):
    """The latent vectors of such a network in place of the modalities, for all units."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> Modalities:
        """Modalities ``(n, width)`` each, with the classes and the split of the data.

        Raises as `Fusion`.
        """
        inputs = Inputs.of(data)
        with fused(inputs, self, rng, data.fingerprint()) as network:
            views, _ = inputs.tensors(np.arange(data.n), network.bias.device)
            x1, x2, *more = (z.double().cpu().numpy() for z in network.latents(views))
        x3 = more[0] if more else None
        return Modalities(x1, x2, data.y, data.classes, x3=x3, split=data.split)


def _exchanged(network: FusedNetwork, parts: Sequence[Tensor], donors: Tensor) -> Floats:
    """``(n, m, k, c)`` for donors ``(n, m, k)``."""
    n = len(donors)
    found = []
    for m in range(len(parts)):
        blocks = []
        for start in range(0, n, UNITS):
            rows = slice(start, start + UNITS)
            moved = parts[m][donors[rows, m]]
            rest = sum(
                (p[rows] for i, p in enumerate(parts) if i != m), torch.zeros_like(parts[m][rows])
            )
            blocks.append(_logs(network.finish(rest[:, None] + moved)))
        found.append(np.concatenate(blocks))
    return np.stack(found, axis=1)


def _logs(logits: Tensor) -> Floats:
    """Log-probabilities in double precision.

    Raises `Incompatible` for logits that are not finite.
    """
    if not torch.isfinite(logits).all():
        raise Incompatible("the network's outputs are not finite; wants a smaller learning_rate")
    found: Floats = torch.log_softmax(logits.double(), -1).cpu().numpy()
    return found
