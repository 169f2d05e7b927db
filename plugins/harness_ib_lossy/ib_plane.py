"""The information plane of a stochastic classifier over its training, as a task.

The network is trained once per parameters and seed; what its layers do at some epochs are the cases.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from harness import (
    Case,
    DataError,
    Floats,
    Ints,
    PairedSamples,
    Split,
    UsageError,
    calm,
    stream,
    torch_generator,
)
from harness_ib_lossy import pictures
from harness_ib_lossy.names import PAIRS
from harness_ib_lossy.networks import StochasticMLP


@dataclass(frozen=True)
class Trained:
    """A trained network's data: ``x (n, pixels)``, ``y (n,)``, the split; and by epoch the activations ``(n, width)``
    of every layer, the test accuracy and the training loss (nats).
    """

    x: Floats
    y: Ints
    split: Split
    layers: dict[int, list[Floats]]
    accuracy: dict[int, float]
    loss: dict[int, float]


@dataclass(frozen=True)
class IBPlane:
    """Cases are epochs x layers x {I(X;L), I(L;Y)}; the data are (input, layer) and (layer, label).

    The network sees the training part of the pictures; the split goes along, so that compressors fit there and
    estimators judge the rest. The last layer are the logits. There is no known truth.
    """

    dataset: str = "digits"
    image: str = "image"
    label: str = "label"
    limit: int = 0
    train_share: float = 0.5
    hidden: tuple[int, ...] = (32, 16)
    epochs: tuple[int, ...] = (0, 1, 2, 5, 10, 20, 50, 100)
    noise: str = "absolute"
    sigma: float = 0.1
    batch: int = 64
    learning_rate: float = 1e-3

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Two cases per epoch and layer, by epoch. Raises `UsageError` where no epoch is named, or one twice."""
        if not self.epochs or len(set(self.epochs)) < len(self.epochs):
            raise UsageError(
                f"ib-plane.epochs: {self.epochs}; wanted different epochs, one at least"
            )
        for epoch in sorted(self.epochs):
            for layer in range(1, len(self.hidden) + 2):
                for side, pair in PAIRS.items():
                    yield Case(
                        id=f"epoch-{epoch}-layer-{layer}-{side}",
                        data=partial(self._pair, epoch, layer, side, seed),
                        facts={
                            "epoch": epoch,
                            "layer": layer,
                            "pair": pair,
                            "sigma": self.sigma,
                            "noise": self.noise,
                        },
                        # Files and hubs may change; the digits inside scikit-learn do not.
                        stamp="" if self.dataset == "digits" else None,
                    )

    def _pair(self, epoch: int, layer: int, side: str, seed: int) -> PairedSamples:
        found = self.trained(seed)
        hidden = found.layers[epoch][layer - 1]
        if side == "x":
            return PairedSamples(found.x, hidden, split=found.split)
        return PairedSamples(
            hidden, found.y[:, None].astype(np.float64), y_kind="discrete", split=found.split
        )

    def trained(self, seed: int) -> Trained:
        """The network's data; trained now if it was not in this process. Raises as `pictures.load`."""
        return _trained(astuple(self), seed)


@functools.lru_cache(maxsize=2)
def _trained(settings: tuple[object, ...], seed: int) -> Trained:
    task = IBPlane(*settings)  # type: ignore[arg-type]
    x, y = pictures.load(task.dataset, task.image, task.label, task.limit, seed)
    split = _split(y, task.train_share, stream(seed, "ib-plane", "split"))
    rng = stream(seed, "ib-plane", "network")
    layers: dict[int, list[Floats]] = {}
    accuracy: dict[int, float] = {}
    losses: dict[int, float] = {}
    with calm("cpu", rng):
        draws = torch_generator(rng)
        network = StochasticMLP(
            (x.shape[1], *task.hidden, int(y.max()) + 1), task.sigma, task.noise
        )
        optimiser = torch.optim.Adam(network.parameters(), lr=task.learning_rate, fused=True)
        inputs, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
        train = torch.tensor(split.train)
        for epoch in range(max(task.epochs) + 1):
            if epoch:
                for part in train[torch.randperm(len(train), generator=draws)].split(task.batch):
                    loss = nn.functional.cross_entropy(
                        network(inputs[part], draws)[-1], labels[part]
                    )
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
            if epoch in task.epochs:
                # Noise of its own, so that the training does not depend on when it is looked at.
                look = torch_generator(stream(seed, "ib-plane", "look", str(epoch)))
                with torch.no_grad():
                    seen = network(inputs, look)
                    losses[epoch] = float(
                        nn.functional.cross_entropy(seen[-1][train], labels[train])
                    )
                layers[epoch] = [layer.double().numpy() for layer in seen]
                accuracy[epoch] = float((layers[epoch][-1].argmax(1) == y)[split.test].mean())
                if not all(np.isfinite(layer).all() for layer in layers[epoch]):
                    raise DataError(
                        f"ib-plane, epoch {epoch}",
                        "activations that are not finite",
                        "a smaller learning_rate",
                    )
    return Trained(x, y, split, layers, accuracy, losses)


def _split(y: Ints, share: float, rng: np.random.Generator) -> Split:
    """A random split. Raises `DataError` where a part would be empty."""
    order = rng.permutation(len(y))
    count = round(share * len(y))
    if not 0 < count < len(y):
        raise DataError(
            "ib-plane.train_share",
            f"{share} of {len(y)} pictures",
            "a share that leaves some on both sides",
        )
    return Split(np.sort(order[:count]), np.sort(order[count:]))
