"""Adversarial training of convolutional networks of several capacities, on small pictures."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from harness import (
    Activations,
    Case,
    Floats,
    Ints,
    UsageError,
    single_threaded,
    stream,
    torch_generator,
)
from harness.files import digest, picture_files, read_pictures
from harness_networks import settings
from harness_networks.digits import PART, accuracies, attacked, train
from harness_networks.runtime import TRAININGS, Ensemble, uniform

NAME = "adversarial-convolutions"


class ConvolutionEnsemble:
    """s networks of one shape: convolutions with ReLU and 2x2 pooling, then connected layers.

    Weights start as torch's own do, uniform within 1/sqrt(inputs), drawn on the CPU. The networks
    are groups of one convolution.
    """

    def __init__(
        self,
        count: int,
        shape: tuple[int, int],
        kernel: int,
        channels: tuple[int, ...],
        widths: tuple[int, ...],
        draws: torch.Generator,
        device: torch.device | str = "cpu",
    ) -> None:
        self.count, self.shape = count, shape
        self.maps: list[tuple[Tensor, Tensor]] = []
        inputs, (height, width) = 1, shape
        for outputs in channels:
            bound = (inputs * kernel * kernel) ** -0.5
            weight = uniform((count * outputs, inputs, kernel, kernel), draws).mul(bound)
            bias = uniform((count * outputs,), draws).mul(bound)
            self.maps.append((weight.to(device).requires_grad_(), bias.to(device).requires_grad_()))
            inputs, height, width = outputs, height // 2, width // 2
        self.connected = Ensemble(count, (inputs * height * width, *widths), draws, device)

    @property
    def parameters(self) -> list[Tensor]:
        """All weights and biases."""
        return [p for pair in self.maps for p in pair] + self.connected.parameters

    def only(self, number: int) -> ConvolutionEnsemble:
        """An ensemble of that network alone, which shares its weights."""
        found = copy.copy(self)
        found.count, found.connected = 1, self.connected.only(number)
        found.maps = [
            (weight.chunk(self.count)[number], bias.chunk(self.count)[number])
            for weight, bias in self.maps
        ]
        return found

    def hidden(self, images: Tensor, layer: int = 1) -> Tensor:
        """What enters the ReLU of a layer, from 1, for ``images (s, n, pixels)``.

        Maps ``(s, n, channels, height, width)`` of a convolution, units ``(s, n, width)`` of a
        connected layer.
        """
        n = images.shape[1]
        x = images.transpose(0, 1).reshape(n, self.count, *self.shape)
        for depth, (weight, bias) in enumerate(self.maps, start=1):
            x = nn.functional.conv2d(x, weight, bias, padding="same", groups=self.count)
            if depth == layer:
                return x.view(n, self.count, -1, *x.shape[2:]).transpose(0, 1)
            x = nn.functional.max_pool2d(torch.relu(x), 2)
        flat = x.reshape(n, self.count, -1).transpose(0, 1)
        return self.connected.hidden(flat, layer - len(self.maps))

    def __call__(self, images: Tensor) -> Tensor:
        """Outputs ``(s, n, classes)`` for ``images (s, n, pixels)``."""
        return self.hidden(images, len(self.maps) + len(self.connected.maps))


@dataclass(frozen=True)
class Trained:
    """Networks of one capacity, one per size of the attack, with all pictures and labels."""

    images: Tensor
    labels: Tensor
    networks: ConvolutionEnsemble
    accuracy: tuple[float, ...]


class AdversarialConvolutions(settings.AdversarialConvolutions):
    """Cases are numbers of classes x channels x sizes of the attack x inputs x layers.

    Trained as in `adversarial-digits` (Bereska et al. 2025, section on adversarial training); the
    sizes of the attack train together. The data are a layer after its ReLU. Every position of a
    convolution's maps is a sample of as many units as there are channels, labelled as its picture:
    ``n`` of them, drawn from all pictures. (The official code takes the first 10,000 rows, which
    are of some thirteen pictures.)
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per classes, channels, epsilon, inputs and layer; attacked ones for epsilon above 0.

        Raises `UsageError` for an epsilon twice.
        """
        if len(set(self.epsilons)) < len(self.epsilons) or not self.epsilons:
            raise UsageError(
                f"{NAME}.epsilons: {self.epsilons}; wanted at least one, and none twice"
            )
        layers = ("conv1",) if self.depth == "one" else ("conv1", "conv2", "fc1")
        stamp = digest(*picture_files(Path(self.path).expanduser())) if self.path else ""
        for classes in self.classes:
            for channels in self.channels:
                units = {"conv1": channels, "conv2": 2 * channels, "fc1": 4 * channels}
                for number, epsilon in enumerate(self.epsilons):
                    for inputs in ("clean", "attacked") if epsilon else ("clean",):
                        for layer in layers:
                            yield Case(
                                id=f"classes-{classes}-channels-{channels}-eps-{epsilon:g}-"
                                f"{inputs}-{layer}",
                                data=partial(
                                    self._activations,
                                    classes,
                                    channels,
                                    number,
                                    inputs,
                                    layer,
                                    seed,
                                ),
                                facts={
                                    "classes": classes,
                                    "channels": channels,
                                    "units": units[layer],
                                    "epsilon": epsilon,
                                    "inputs": inputs,
                                    "layer": layer,
                                },
                                stamp=stamp,
                            )

    def _activations(
        self, classes: int, channels: int, number: int, inputs: str, layer: str, seed: int
    ) -> Activations:
        found = self.trained(classes, channels, seed)
        rng = stream(seed, NAME, "positions", str(classes), str(channels))
        depth = {"conv1": 1, "conv2": 2, "fc1": 3}[layer]
        height, width = found.networks.shape
        places = 1 if layer == "fc1" else (height >> (depth - 1)) * (width >> (depth - 1))
        total = len(found.images) * places
        # Without a permutation of all positions, where few are drawn (47 million of MNIST).
        chosen = np.sort(rng.choice(total, min(self.n, total), replace=False, shuffle=False))
        seen, of = np.unique(chosen // places, return_inverse=True)
        rows = of * places + chosen % places  # among the positions of the pictures that are seen
        with single_threaded(self.device):
            parts = self._parts(found, seen, number, inputs, depth, seed)
            values = np.concatenate(
                [
                    part[rows[(rows >= start) & (rows < start + len(part))] - start]
                    for start, part in parts
                ]
            )
        labels = found.labels.cpu().numpy()[chosen // places]
        return Activations(values, labels, layer=layer, accuracy=found.accuracy[number])

    def _parts(
        self, found: Trained, seen: Ints, number: int, inputs: str, depth: int, seed: int
    ) -> Iterator[tuple[int, Floats]]:
        """The layer of one network after its ReLU, for the pictures at positions ``seen``.

        Some pictures at a time: the number of the first sample, and ``(samples, units)``.
        """
        network, start = found.networks.only(number), 0
        epsilon = self.epsilons[number]
        draws = torch_generator(stream(seed, NAME, "attack", str(epsilon)))
        size = torch.tensor([epsilon], device=found.images.device)
        for at in torch.from_numpy(seen).to(found.images.device).split(PART):
            some, labels = found.images[at][None], found.labels[at]
            if inputs == "attacked":
                some = attacked(network, some, labels, size, self.attack_steps, draws)
            with torch.no_grad():
                layer = torch.relu(network.hidden(some, depth))[0].double().cpu()
            if layer.ndim == 4:  # channels last, a sample per position
                layer = layer.movedim(1, -1).flatten(0, 2)
            yield start, layer.numpy()
            start += len(layer)

    def trained(self, classes: int, channels: int, seed: int) -> Trained:
        """The networks of a capacity and number of classes, trained once in a process."""
        return _trained(self, classes, channels, seed)


def load(path: str, classes: int, limit: int, seed: int) -> tuple[Floats, Ints, tuple[int, int]]:
    """Pictures of labels below ``classes``: pixels in 0 .. 1 ``(n, pixels)``, labels, and the size.

    Raises `UsageError` for more classes than there are, and for pictures too small to be halved.
    """
    if path:
        (x, y), brightest = read_pictures(Path(path).expanduser()), 255.0
    else:
        from sklearn.datasets import load_digits

        digits = load_digits()
        x, y, brightest = digits.images, digits.target, 16.0
    if classes > y.max() + 1:
        raise UsageError(f"{NAME}.classes: {classes}; wanted 2 to {y.max() + 1}, as labels are")
    if min(x.shape[1:]) < 4:
        raise UsageError(f"{path}: pictures of {x.shape[1]} x {x.shape[2]}; wanted 4 x 4 at least")
    kept = np.flatnonzero(y < classes)
    if limit and limit < len(kept):
        kept = kept[np.sort(stream(seed, NAME, "pictures").permutation(len(kept))[:limit])]
    pixels = x[kept].reshape(len(kept), -1) / brightest
    return pixels, y[kept].astype(np.int64), (int(x.shape[1]), int(x.shape[2]))


@functools.lru_cache(maxsize=TRAININGS)
def _trained(task: AdversarialConvolutions, classes: int, channels: int, seed: int) -> Trained:
    x, y, shape = load(task.path, classes, task.limit, seed)
    rng = stream(seed, NAME, "network", str(classes), str(channels))
    draws = torch_generator(rng)
    order = torch.from_numpy(rng.permutation(len(x)))
    count = len(task.epsilons)
    one = task.depth == "one"
    kernel, maps = (5, (channels,)) if one else (3, (channels, 2 * channels))
    widths = (classes,) if one else (4 * channels, classes)
    with single_threaded(task.device) as device:
        images = torch.tensor(x, dtype=torch.float32, device=device)
        labels = torch.tensor(y, device=device)
        networks = ConvolutionEnsemble(count, shape, kernel, maps, widths, draws, device)
        learned, test = (part.to(device) for part in order.tensor_split([len(x) * 4 // 5]))
        train(networks, networks.parameters, task, images[learned], labels[learned], draws)
        right = accuracies(networks, images[test], labels[test], count)
    return Trained(images, labels, networks, right)
