"""Predictors with and without the first modality, each fitted to what it sees.

Pointwise V-information of the first modality given the others: ln p(y|x1,x2) - ln p'(y|x2), where
p' is a network of the same family trained without x1 (Ethayarajh et al. 2022, with the other
modalities in the place of nothing). This is what eq. 6 of Kontras et al. (2025) presumes: a
predictor that is refitted once a modality is gone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import asdict

import numpy as np
import torch

from harness import Estimate, Floats, Kind, LabelLogProbabilities, Modalities
from harness_mcr import settings
from harness_mcr.inputs import Inputs
from harness_mcr.training import fused


def _logs(inputs: Inputs, how: settings.Network, rng: np.random.Generator, key: str) -> Floats:
    """Log-probabilities ``(test, c)`` of a network trained on the fused loss alone."""
    shared = {f.name for f in dataclasses.fields(settings.Network)}
    plain = {name: value for name, value in asdict(how).items() if name in shared}
    with fused(inputs, settings.Fusion(how="joint", **plain), rng, key) as network:
        views, _ = inputs.tensors(inputs.test, network.bias.device)
        parts = network.parts(network.latents(views))
        logits = network.finish(sum(parts[1:], parts[0]))
        found: Floats = torch.log_softmax(logits.double(), 1).cpu().numpy()
        return found


class Predictors(settings.Predictors):
    """The two predictors, for estimators of usable information."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """For the test part: with all modalities, and without the first, or without all: then the
        shares of the classes in the training part.

        Raises `Incompatible` as the model ``fusion``.
        """
        inputs = Inputs.of(data)
        full = _logs(inputs, self, rng, f"{data.fingerprint()} full")
        if self.without == "first":
            null = _logs(inputs.without((0,)), self, rng, f"{data.fingerprint()} null")
        else:
            counts = np.bincount(inputs.y[inputs.train], minlength=inputs.classes)
            # Half a unit for a class that only has a name.
            shares = np.maximum(counts, 0.5)
            null = np.tile(np.log(shares / shares.sum()), (len(inputs.test), 1))
        return LabelLogProbabilities(
            full,
            null,
            inputs.y[inputs.test],
            data.classes,
            np.ones(len(inputs.test), bool),
            inputs.test,
        )


class ConditionalPVI(settings.Conditional):
    """Mean over the test part of ln p(y|x1,x2) - ln p'(y|x2)."""

    def estimate(self, data: Modalities, *, rng: np.random.Generator) -> Estimate:
        """In nats, with a value per test unit; may be negative, as each network may be worse.

        No standard error is stated: that given the two networks, ``error_given_training`` in the
        diagnostics, knows nothing of how other trainings end. Raises `Incompatible` as
        the model ``fusion``.
        """
        inputs = Inputs.of(data)
        full = _logs(inputs, self, rng, f"{data.fingerprint()} full")
        null = _logs(inputs.without((0,)), self, rng, f"{data.fingerprint()} null")
        y, rows = inputs.y[inputs.test], np.arange(len(inputs.test))
        notes = {
            "accuracy": float((full.argmax(1) == y).mean()),
            "accuracy_without": float((null.argmax(1) == y).mean()),
        }
        local = full[rows, y] - null[rows, y]
        if (error := Estimate.from_local(local).stderr) is not None:
            notes["error_given_training"] = error
        return Estimate(local.mean(), None, local, notes)
