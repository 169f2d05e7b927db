"""Sparse autoencoders as a model: from a layer's activations to how its features are used."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import torch

from harness import Activations, Floats, Incompatible, Kind, single_threaded, torch_generator
from harness_superposition import checkpoints, settings
from harness_superposition.dictionary import Dictionaries
from harness_superposition.kinds import SparseCodes
from harness_superposition.training import Plan, Trained, train

BLOCKS = 32
"""Number of random parts of the samples whose sums are kept, for the bootstrap."""
FEWEST = 10
"""Smallest number of samples that autoencoders are fitted to."""


class SAE(settings.SAE):
    """Trains autoencoders on the training part, and gives how they code the test part.

    Without a split they are trained on a random share, stopped by the rest, and all is coded. There
    are ``copies`` for each pair of a ``scale`` and a ``sparsity``, all trained in one pass. Bereska
    et al. 2025, eqs. 3-7.
    """

    def transform(
        self, data: Activations, *, to: type[Kind], rng: np.random.Generator
    ) -> SparseCodes:
        """How the features are used on the test part; on all samples where there is no split.

        Raises `Incompatible` for a dead layer, one that never varies, too few samples, a
        ``checkpoint`` of another width, and training that diverges; `UsageError` for a
        ``checkpoint`` that cannot be read.
        """
        trained = None
        if self.checkpoint:
            saes, held = self.loaded(data), _test(data)
        else:
            trained, held = self._fitted(data, rng)
            saes = trained.saes
        judged = _test(data)
        order = rng.permutation(len(judged))
        training: dict[str, Any] = {}
        with single_threaded(self.device), torch.no_grad():
            mass, counts = _used(saes, judged[order])
            unexplained = saes.unexplained(held)
            if trained is not None:
                half = [found.sum(1) for found in _used(trained.half, judged)]
                training = {
                    "half_mass": half[0],
                    "half_counts": half[1],
                    "gained": trained.gained.cpu().numpy(),
                    "steps": trained.steps.cpu().numpy(),
                    "tolerance": self._tolerance,
                }
                if self.architecture == "relu":
                    training["lengths"] = np.linalg.norm(saes.rows(), axis=-1)
            if data.directions is not None:
                training |= {"decoder": saes.rows(), "truth": data.directions}
        if not (np.isfinite(unexplained).all() and np.isfinite(mass).all()):
            raise Incompatible(
                "the autoencoder diverged; wanted a smaller learning_rate, or normalise=rms"
            )
        return SparseCodes(
            mass,
            counts,
            np.zeros(len(mass)) if self.checkpoint else self._weights(saes.shape[2], saes.shape[1]),
            np.ones(len(mass)) if self.checkpoint else self._grid()[:, 0],
            unexplained,
            **training,
            units=data.width,
            samples=len(judged),
            layer=data.layer,
            accuracy=data.accuracy,
            learning_coefficient=data.learning_coefficient,
        )

    def fit(self, data: Activations, *, rng: np.random.Generator) -> Dictionaries:
        """The trained autoencoders, by scale, then sparsity, then copy. Raises as `transform`."""
        return self._fitted(data, rng)[0].saes

    def loaded(self, data: Activations) -> Dictionaries:
        """The autoencoders in ``checkpoint``.

        Files of other libraries do not state the gain: it is that of ``normalise`` and the first
        ``scale``. Raises as
        `transform`.
        """
        with single_threaded(self.device):
            saes = checkpoints.read(self.checkpoint).to(self.device)
        if saes.shape[2] != data.width:
            raise Incompatible(
                f"{self.checkpoint}: an autoencoder of {saes.shape[2]} units; "
                f"this layer has {data.width}"
            )
        if saes.gain is not None:
            return saes
        gain = self.scale[0] * self._gain(_train(data))
        return dataclasses.replace(
            saes, gain=torch.full((saes.shape[0],), gain, dtype=torch.float64)
        )

    def _fitted(self, data: Activations, rng: np.random.Generator) -> tuple[Trained, Floats]:
        """The training of the autoencoders, and the samples that they were not fitted on."""
        x = _train(data)
        gain = self._gain(x)
        order = rng.permutation(len(x))
        kept = len(x) - max(1, round(self.holdout * len(x)))
        fitted, held = x[order[:kept]], x[order[kept:]]
        if data.split is not None and data.split.valid.size:
            fitted, held = x[order], data.part("valid").x
        with single_threaded(self.device), torch.no_grad():
            seen, judged = (_single(part, gain).to(self.device) for part in (fitted, held))
            found = train(self._plan(data.width), seen, judged, torch_generator(rng))
        saes, half = (
            dataclasses.replace(each, gain=gain * each.gains) for each in (found.saes, found.half)
        )
        found = dataclasses.replace(found, saes=saes, half=half)
        return found, _test(data) if data.split is not None else held

    def _gain(self, x: Floats) -> float:
        """The factor to a mean square of one per unit, with ``normalise=rms``.

        Refuses dead layers and too few samples.
        """
        if len(x) < FEWEST:
            raise Incompatible(
                f"{len(x)} samples to train an autoencoder on; wanted {FEWEST} at least"
            )
        largest = float(np.abs(x).max())
        if largest == 0.0:
            raise Incompatible("a dead layer: every activation is zero")
        if (x == x[0]).all():
            raise Incompatible(
                "all samples have equal activations, so there is no variance to explain"
            )
        if self.normalise == "none":
            return 1.0
        return 1.0 / (largest * math.sqrt(float(np.mean((x / largest) ** 2))))

    @property
    def _tolerance(self) -> float:
        return 0.0 if self.epochs else self.tolerance

    def _size(self, units: int) -> int:
        return self.features or max(self.least, round(self.expansion * units))

    def _grid(self) -> Floats:
        """Scale, sparsity and number of the copy for each autoencoder ``(s, 3)``."""
        sparsity = self.sparsity[:1] if self.architecture == "topk" else self.sparsity
        return np.array(
            list(itertools.product(self.scale, sparsity, range(self.copies))), np.float64
        )

    def _weights(self, units: int, features: int) -> Floats:
        """Weights ``(s,)`` of the sparsity term beside the summed square error.

        The loss ``mean`` divides the error by N and the sparsity term by D.
        """
        given = self._grid()[:, 1] * (self.architecture != "topk")
        return given if self.loss == "sum" else given * units / features

    def _plan(self, units: int) -> Plan:
        features, grid = self._size(units), self._grid()
        if self.architecture == "topk" and self.k > features:
            raise Incompatible(
                f"k={self.k} of {features} features; wanted a smaller k, or a larger dictionary"
            )
        square, sparse = (1.0, 1.0) if self.loss == "sum" else (1.0 / units, 1.0 / features)
        return Plan(
            architecture=self.architecture,
            tied=self.tied and self.architecture == "relu",
            k=self.k,
            features=features,
            square=torch.full((len(grid),), square, device=self.device),
            sparse=torch.tensor(sparse * grid[:, 1], dtype=torch.float32, device=self.device),
            gain=torch.tensor(grid[:, 0], dtype=torch.float32, device=self.device),
            seed=tuple(int(copy) for copy in grid[:, 2]),
            epochs=self.epochs,
            steps=self.steps,
            batch=self.batch,
            learning_rate=self.learning_rate,
            tolerance=self._tolerance,
            most=self.most,
        )


def _train(data: Activations) -> Floats:
    return data.x if data.split is None else data.part("train").x


def _single(x: Floats, gain: float) -> torch.Tensor:
    """Scaled samples in single precision. Raises `Incompatible` where they are too large for it."""
    with np.errstate(over="ignore"):
        found = torch.from_numpy((x * gain).astype(np.float32))
    if not torch.isfinite(found).all():
        raise Incompatible("activations beyond single precision; wanted normalise=rms")
    return found


def _test(data: Activations) -> Floats:
    return data.evaluated().x


def _used(saes: Dictionaries, x: Floats) -> tuple[Floats, np.ndarray]:
    """Mass and counts ``(s, blocks, D)`` over equal blocks of ``x (n, N)``, a block at a time."""
    s, features, _ = saes.shape
    blocks = min(BLOCKS, len(x))
    cuts = np.linspace(0, len(x), blocks + 1).round().astype(int)
    mass = torch.zeros((s, blocks, features), dtype=torch.float64)
    counts = torch.zeros((s, blocks, features), dtype=torch.int64)
    for block, (start, end) in enumerate(itertools.pairwise(cuts)):
        for _, _, codes in saes.chunks(x[start:end]):
            mass[:, block] += codes.abs().sum(1, dtype=torch.float64).cpu()
            counts[:, block] += (codes != 0).sum(1).cpu()
    return mass.numpy(), counts.numpy()
