"""The information plane of a stochastic classifier over its training, as a task.

The network is trained once per parameters and seed; the cases are the activations of its layers at
some epochs.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
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
    single_threaded,
    stream,
    torch_generator,
)
from harness_ib_lossy import pictures, settings
from harness_ib_lossy.names import PAIRS
from harness_ib_lossy.networks import StochasticMLP


@dataclass(frozen=True)
class Trained:
    """The data of a trained network: ``x (n, pixels)``, ``y (n,)`` and the split; and by epoch the
    activations ``(n, width)`` of every layer, the test accuracy and the training loss (nats).
    """

    x: Floats
    y: Ints
    split: Split
    layers: dict[int, list[Floats]]
    accuracy: dict[int, float]
    loss: dict[int, float]


class IBPlane(settings.Plane):
    """Cases are epochs x layers x {I(X;L), I(L;Y)}; data are (input, layer) and (layer, label).

    The network is trained on the training part of the pictures. The data carry the split, so that
    compressors are fitted there and estimators read the rest. The last layer is that of the logits.
    No truth is known.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Two cases per epoch and layer, by epoch.

        Raises `UsageError` where no epoch is named, or one twice.
        """
        if not self.epochs or len(set(self.epochs)) < len(self.epochs):
            raise UsageError(
                f"ib-plane.epochs: {self.epochs}; wanted different epochs, at least one"
            )
        places = itertools.product(
            sorted(self.epochs), range(1, len(self.channels + self.hidden) + 2)
        )
        noise = {"sigma": self.sigma, "noise": self.noise}
        for (epoch, layer), (side, pair) in itertools.product(places, PAIRS.items()):
            yield Case(
                id=f"epoch-{epoch}-layer-{layer}-{side}",
                data=partial(self._pair, epoch, layer, side, seed),
                facts={"epoch": epoch, "layer": layer, "pair": pair, **noise},
                # Files and hubs may change; the digits inside scikit-learn do not.
                stamp="" if self.dataset == "digits" else None,
            )

    def _pair(self, epoch: int, layer: int, side: str, seed: int) -> PairedSamples:
        found = self.trained(seed)
        hidden = found.layers[epoch][layer - 1]
        if side == "x":
            return PairedSamples(found.x, hidden, split=found.split)
        labels = found.y[:, None].astype(np.float64)
        return PairedSamples(hidden, labels, y_kind="discrete", split=found.split)

    def trained(self, seed: int) -> Trained:
        """The data of the network, trained now if it was not in this process.

        Raises
        ------
        UsageError, MissingDependency : as `pictures.load`; or a device that is absent.
        DataError : as `pictures.load`; a split with an empty part; activations that are not finite.
        """
        return _trained(self, seed)


@functools.lru_cache(maxsize=2)
def _trained(task: IBPlane, seed: int) -> Trained:
    x, y = pictures.load(task.dataset, task.image, task.label, task.limit, seed)
    split = _split(y, task.train_share, stream(seed, "ib-plane", "split"))
    rng = stream(seed, "ib-plane", "network")
    found = Trained(x, y, split, {}, {}, {})
    with single_threaded(task.device, rng) as device:
        draws = torch_generator(rng)
        sizes = (x.shape[1], *task.hidden, int(y.max()) + 1)
        network = StochasticMLP(sizes, task.sigma, task.noise, task.channels).to(device)
        optimizer = torch.optim.Adam(network.parameters(), lr=task.learning_rate, fused=True)
        inputs = torch.tensor(x, dtype=torch.float32, device=device)
        labels = torch.tensor(y, device=device)
        train = torch.tensor(split.train)
        for epoch in range(max(task.epochs) + 1):
            if epoch:
                order = train[torch.randperm(len(train), generator=draws)]
                for part in torch.split(order, task.batch):
                    logits = network(inputs[part], draws)[-1]
                    loss = nn.functional.cross_entropy(logits, labels[part])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            if epoch in task.epochs:
                # Noise of its own, so that the training does not depend on the epochs asked for.
                look = torch_generator(stream(seed, "ib-plane", "look", str(epoch)))
                with torch.no_grad():
                    seen = network(inputs, look)
                    loss = nn.functional.cross_entropy(seen[-1][train], labels[train])
                layers = [layer.double().cpu().numpy() for layer in seen]
                if not all(np.isfinite(layer).all() for layer in layers):
                    what = "activations that are not finite"
                    raise DataError(f"ib-plane, epoch {epoch}", what, "a smaller learning_rate")
                found.layers[epoch], found.loss[epoch] = layers, float(loss)
                found.accuracy[epoch] = float((layers[-1].argmax(1) == y)[split.test].mean())
    return found


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
