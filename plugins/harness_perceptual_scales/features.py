"""Features of pictures as Gaussian laws: mean and covariance of pixels, of the responses of
oriented band-pass filters, and of the maps of a convolutional network."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np

from harness import Floats, Incompatible, UsageError, single_threaded
from harness_perceptual_scales.spectra import periodogram

Law = tuple[Floats, Floats]
"""Mean ``(d,)`` and covariance ``(d, d)`` of features over the positions of a picture."""
VGG = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512)
"""Channels of the convolutions of VGG-19; 0 is a pooling."""
IMAGENET = (0.449, 0.226)
"""Mean and standard deviation of grey pictures from 0 to 1."""


def pixels(picture: Floats) -> Law:
    """Mean and variance of the grey levels."""
    return np.array([picture.mean()]), np.array([[picture.var(ddof=1)]])


def filters(shape: tuple[int, int], scales: int, orientations: int) -> Floats:
    """Transfer functions of a steerable pyramid ``(d, rows, columns)`` without subsampling.

    Their squares add up to 1 at every frequency: a high-pass rest, ``scales`` octaves by
    ``orientations``, a low-pass rest (E. Simoncelli, W. Freeman, ICIP 1995).
    """
    y, x = (2.0 * np.pi * np.fft.fftfreq(n) for n in shape)
    radius, angle = np.hypot(y[:, None], x), np.arctan2(y[:, None], x[None, :])
    octave = np.log2(np.maximum(radius, 1e-12) / np.pi)

    def high(cut: float) -> Floats:
        """From 0 one octave below ``2**cut pi`` to 1 there."""
        rise: Floats = np.cos(0.5 * np.pi * np.clip(cut - octave, 0.0, 1.0))
        return rise

    def low(cut: float) -> Floats:
        fall: Floats = np.sqrt(np.maximum(1.0 - high(cut) ** 2, 0.0))
        return fall

    power = orientations - 1
    scale = math.sqrt(
        orientations * math.factorial(2 * power) / (2.0 ** (2 * power) * math.factorial(power) ** 2)
    )
    turns = [
        np.abs(np.cos(angle - np.pi * k / orientations)) ** power / scale
        for k in range(orientations)
    ]
    bank = [high(0.0)]
    for octaves in range(scales):
        band = low(-octaves) * high(-octaves - 1.0)
        bank += [band * turn for turn in turns]
    return np.array([*bank, low(-float(scales))])


def wavelets(picture: Floats, scales: int, orientations: int) -> Law:
    """Mean and covariance of the responses of `filters`: by Parseval from the spectrum.

    Raises `Incompatible` for pictures that have no octaves that deep.
    """
    if min(picture.shape) < 2 ** (scales + 1):
        raise Incompatible(
            f"pictures of {picture.shape[0]} x {picture.shape[1]} pixels have no {scales} octaves; "
            f"wanted scales={int(math.log2(min(picture.shape))) - 1} or less"
        )
    bank = filters((picture.shape[0], picture.shape[1]), scales, orientations)
    flat = bank.reshape(len(bank), -1)
    mean = flat[:, 0] * picture.mean()  # the mean is in the lowest frequency alone
    return mean, (flat * periodogram(picture).ravel()) @ flat.T / picture.size


def maps(picture: Floats, convolution: int, weights: str, rng: np.random.Generator) -> Law:
    """Mean and covariance of the maps of a convolution of VGG-19, before they are rectified.

    ``weights`` is a file of torchvision's parameters; empty draws them at random, in which case the
    picture is given as it is (so does the authors' code).
    """
    import torch

    with single_threaded("cpu", rng), torch.no_grad():
        net = network(convolution)
        level, spread = (0.0, 1.0)
        if weights:
            net.load_state_dict(parameters(weights, net))
            bright = 255.0 if picture.max() > 1.0 else 1.0
            level, spread = IMAGENET[0] * bright, IMAGENET[1] * bright
        single = torch.from_numpy((picture - level) / spread).float()
        found = net(single.expand(1, 3, *picture.shape))[0]
        values = found.reshape(len(found), -1).double().numpy()
    return values.mean(1), np.atleast_2d(np.cov(values))


def network(convolution: int) -> Any:
    """VGG-19 up to one of its convolutions, drawn as torchvision draws it."""
    import torch

    layers: list[Any] = []
    channels, left = 3, convolution
    for width in VGG:
        if width == 0:
            layers.append(torch.nn.MaxPool2d(2))
            continue
        layer = torch.nn.Conv2d(channels, width, 3, padding=1)
        torch.nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        assert layer.bias is not None
        torch.nn.init.zeros_(layer.bias)
        layers.append(layer)
        channels, left = width, left - 1
        if left == 0:
            break
        layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


def parameters(weights: str, net: Any) -> dict[str, Any]:
    """Those of ``net`` from a file of torchvision (``features.0.weight`` ...).

    Raises `UsageError` where the file is not there, or not of VGG-19.
    """
    import torch

    if not Path(weights).is_file():
        raise UsageError(f"vgg19.weights: no file {weights}; wanted parameters of VGG-19")
    known = torch.load(weights, map_location="cpu", weights_only=True)
    wanted = net.state_dict()
    named = {name: known.get(f"features.{name}") for name in wanted}
    for name, value in named.items():
        if value is None or value.shape != wanted[name].shape:
            raise UsageError(f"{weights}: no features.{name} of VGG-19; wanted torchvision's file")
    return named


def warn_untrained() -> None:
    """Say that the network has not learned anything."""
    logging.getLogger("harness.perceptual_scales").warning(
        "vgg19 without weights: an untrained network, as in the authors' code; "
        "set vgg19.weights to a file of torchvision's parameters for a trained one"
    )
