"""Each relation from the other one of the same pair, by a network: no context."""

from __future__ import annotations

import itertools
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn

from harness import Floats, Ints, Kind, RelationPairs, single_threaded
from harness_moleblend import settings
from harness_moleblend.counts import pairs_of, said
from harness_moleblend.inputs import Labels, parts_of
from harness_moleblend.kinds import RelationLogProbabilities
from harness_moleblend.training import fit


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
        train, valid, test = (pairs_of(data, part) for part in parts)
        valid = valid if len(valid) else train
        seed = int(rng.integers(2**62))
        with single_threaded(self.device, rng) as device:
            logs = []
            for modality, classes in enumerate((self.hop_classes, self.bins)):
                read = self._distances(data, train) if modality == 0 else self._hops(labels)
                x = torch.tensor(np.hstack([read, self._elements(data)]), dtype=torch.float32)
                y = torch.tensor(labels.both[modality])
                network = _Pairs(self, x.to(device), y.to(device), classes)
                key = f"pair {modality} {data.fingerprint()} {asdict(self)}"
                logs.append(network.trained(train, valid, test, seed, key))
        return said(data, labels, test, (logs[0], logs[1]))

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


class _Pairs(nn.Module):
    """A network on the features ``x (pairs, d)`` of all pairs, for their classes ``y (pairs,)``."""

    def __init__(self, how: settings.PairNet, x: Tensor, y: Tensor, classes: int) -> None:
        super().__init__()
        self._how, self._x, self._y = how, x, y
        sizes = (x.shape[1], *how.hidden)
        hidden = [
            layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), nn.GELU())
        ]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], classes)).to(x.device)

    def trained(self, train: Ints, valid: Ints, test: Ints, seed: int, key: str) -> Floats:
        """Log-probabilities ``(test pairs, classes)`` after training."""

        def step(number: int, rng: np.random.Generator) -> Tensor:
            return self._loss(rng.choice(train, min(self._how.batch, len(train))))

        fit(self, step, lambda: float(self._loss(valid)), self._how, seed, key)
        with torch.no_grad():
            scores = self.layers(self._x[self._rows(test)]).double()
        found: Floats = torch.log_softmax(scores, 1).cpu().numpy()
        return found

    def _rows(self, pairs: Ints) -> Tensor:
        return torch.tensor(pairs, device=self._x.device)

    def _loss(self, pairs: Ints) -> Tensor:
        rows = self._rows(pairs)
        return nn.functional.cross_entropy(self.layers(self._x[rows]), self._y[rows])
