"""Predictors of a relation from the other one of the same pair: no context."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import torch
from torch import nn

from harness import (
    Floats,
    Ints,
    Kind,
    RelationLogProbabilities,
    RelationPairs,
    single_threaded,
)
from harness.kinds.molecules import MODALITIES, PATTERNS
from harness_moleblend import settings
from harness_moleblend.inputs import Labels, parts_of
from harness_moleblend.rows import Rows
from harness_moleblend.training import fit

PAIR = PATTERNS.index("pair")


def _of(pairs: RelationPairs, molecules: Ints) -> Ints:
    """The pairs of some molecules."""
    return np.flatnonzero(np.isin(pairs.owners(), molecules))


def _said(
    data: RelationPairs, labels: Labels, test: Ints, logs: tuple[Floats, Floats]
) -> RelationLogProbabilities:
    """Log-probabilities ``(test pairs, classes)`` of both relations as rows."""
    rows = Rows(labels, data.n)
    owner = data.owners()[test]
    for modality in range(len(MODALITIES)):
        rows.add(owner, test, modality, PAIR, logs[modality], np.ones(len(test), bool))
    return rows.gathered(split=data.split)


class PairTable(settings.Table):
    """Counts of the class of hops with the bin of the distance, over training pairs."""

    def transform(
        self, data: RelationPairs, *, to: type[Kind], rng: np.random.Generator
    ) -> RelationLogProbabilities:
        """Both relations of test pairs, each from the other.

        Raises `Incompatible` without a split, or without pairs in a part.
        """
        parts = parts_of(data.split, "RelationPairs")
        labels = Labels.of(data, parts.train, self)
        train, test = (_of(data, part) for part in (parts.train, parts.test))
        counts = np.full((self.hop_classes, self.bins), self.prior)
        np.add.at(counts, (labels.hops[train], labels.bins[train]), 1)
        joint = np.log(counts)
        hops = (joint - np.log(counts.sum(0)))[:, labels.bins[test]].T
        bins = (joint - np.log(counts.sum(1))[:, None])[labels.hops[test]]
        return _said(data, labels, test, (hops, bins))


class PairMlp(settings.PairNet):
    """Networks that read the distance and the elements, or the hops and the elements."""

    def transform(
        self, data: RelationPairs, *, to: type[Kind], rng: np.random.Generator
    ) -> RelationLogProbabilities:
        """Both relations of test pairs, each from the other.

        Raises
        ------
        Incompatible : no split, or no pairs in a part.
        UsageError : a training that diverges, or no such device.
        """
        parts = parts_of(data.split, "RelationPairs")
        labels = Labels.of(data, parts.train, self)
        train, valid, test = (_of(data, part) for part in parts)
        valid = valid if len(valid) else train
        seed = int(rng.integers(2**62))
        logs = []
        with single_threaded(self.device, rng) as device:
            for modality, classes in enumerate((self.hop_classes, self.bins)):
                read = self._distances(data, train) if modality == 0 else self._hops(labels)
                x = torch.tensor(np.hstack([read, self._elements(data)]), dtype=torch.float32)
                x, y = x.to(device), torch.tensor(labels.both[modality], device=device)
                network = _layers(x.shape[1], self.hidden, classes).to(device)
                loss = nn.functional.cross_entropy

                def step(
                    number: int,
                    rng: np.random.Generator,
                    network: nn.Module = network,
                    x: torch.Tensor = x,
                    y: torch.Tensor = y,
                ) -> torch.Tensor:
                    some = rng.integers(len(train), size=min(self.batch, len(train)))
                    rows = torch.tensor(train[some], device=device)
                    return loss(network(x[rows]), y[rows])

                held = torch.tensor(valid, device=device)

                def judge(
                    network: nn.Module = network,
                    x: torch.Tensor = x,
                    y: torch.Tensor = y,
                    held: torch.Tensor = held,
                ) -> float:
                    return float(loss(network(x[held]), y[held]))

                name = f"pair {MODALITIES[modality]} {data.fingerprint()} {asdict(self)}"
                fit(network, step, judge, self, seed, name)
                with torch.no_grad():
                    scores = network(x[torch.tensor(test, device=device)]).double()
                logs.append(torch.log_softmax(scores, 1).cpu().numpy())
        return _said(data, labels, test, (logs[0], logs[1]))

    def _distances(self, data: RelationPairs, train: Ints) -> Floats:
        """Gaussian kernels of the distance, over the range of training."""
        low, high = np.quantile(data.distance[train], (0.0, 1.0))
        width = max((high - low) / (self.kernels - 1), 1e-6)
        centres = low + width * np.arange(self.kernels)
        found: Floats = np.exp(-0.5 * ((data.distance[:, None] - centres) / width) ** 2)
        return found

    def _hops(self, labels: Labels) -> Floats:
        """Indicators of the class of hops."""
        return np.eye(self.hop_classes)[labels.hops]

    def _elements(self, data: RelationPairs) -> Floats:
        """How many of the two atoms are of each element that occurs."""
        if not self.atoms:
            return np.zeros((len(data.hops), 0))
        known = np.unique(data.types)
        found: Floats = (data.types[:, :, None] == known).sum(1).astype(np.float64)
        return found


def _layers(width: int, hidden: tuple[int, ...], classes: int) -> nn.Sequential:
    sizes = (width, *hidden)
    layers: list[nn.Module] = []
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(a, b), nn.GELU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], classes))
