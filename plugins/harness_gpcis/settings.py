"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Player:
    """Log odds of a head that plays."""

    sharpness: float = param(
        3.0, "factor from field to log odds, where no masks are told to fit it to", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Logistic(Player):
    """A head whose field has the logistic likelihood's units: it is log odds already."""

    sharpness: float = param(
        1.0, "factor from field to log odds, where no masks are told to fit it to", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Features:
    """Features of pixels."""

    colour: float = param(3.0, "weight of colour (Lab), against that of place", low=0.0)
    place: float = param(1.5, "weight of place: the longer side of a picture is so long", low=0.0)
    torchvision: str = param(
        "", "name of a network of torchvision whose second stage is a feature besides; or empty"
    )
    weights: str = param("", "file of that network's parameters; empty for random ones")


@dataclass(frozen=True, kw_only=True)
class Process(Features):
    """Gaussian process on features, with given values at the clicks."""

    length: float = param(0.5, "length scale of the kernel, in units of the features", above=0.0)
    pull: float = param(2.0, "value of the latent field at a click, times its sign", above=0.0)
    jitter: float = param(1e-6, "number added to the diagonal of the kernel matrix", low=0.0)
    sigma: float = param(0.01, "standard deviation of the latent field at a click", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Clicks(Process, Player):
    """Head with a Gaussian process."""


@dataclass(frozen=True, kw_only=True)
class Paths(Clicks):
    """Head with samples of a Gaussian process."""

    paths: int = param(32, "number of double-space samples that are averaged", low=1)
    basis: int = param(256, "number of basis functions of the samples", low=1)


@dataclass(frozen=True, kw_only=True)
class Weights(Features, Player):
    """Bayesian linear head on random features."""

    length: float = param(0.5, "length scale of the kernel, in units of the features", above=0.0)
    basis: int = param(256, "number of basis functions", low=1)
    noise: float = param(0.01, "variance of the noise at a click", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Nearest(Features, Player):
    """Head by the nearest click."""


@dataclass(frozen=True, kw_only=True)
class Walker(Player):
    """Random walks from the clicks."""

    beta: float = param(10000.0, "how much a difference of colours hinders a walk", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Fitted(Process, Logistic):
    """A variational Gaussian process, fitted at each click."""

    steps: int = param(30, "number of Adam's steps at each click", low=1)
    rate: float = param(0.1, "learning rate of Adam", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Deep(Player, Device):
    """The paper's head on features of a small network, trained on told masks."""

    steps: int = param(1000, "number of training steps, one picture each", low=1)
    rate: float = param(5e-3, "learning rate of Adam", above=0.0)
    alpha: float = param(1e-3, "weight of the variational term of the loss", low=0.0)
    width: int = param(24, "number of channels of the network", low=2)
    channels: int = param(16, "number of deep features of a pixel", low=1)
    basis: int = param(128, "number of basis functions", low=1)
    jitter: float = param(1e-7, "number added to the kernel matrix when clicks are played", low=0.0)
    term: Literal["code", "paper"] = param(
        "code", "variational term: means with the inverse detached, or sums with gradients"
    )


@dataclass(frozen=True, kw_only=True)
class Official(Logistic, Device):
    """The authors' trained network."""

    checkpoint: str = param("", "the authors' GPCIS_Resnet50.pth, or a file with its parameters")
    side: int = param(
        384, "height and width that pictures and crops are resized to; the authors take 256 on SBD",
        low=32,
    )  # fmt: skip
    jitter: float = param(1e-7, "number added to the diagonal of the kernel matrix", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Forecast(Process):
    """What is known after few clicks."""

    measure: Literal["information-gain", "entropy", "bald", "largest-bald"] = param(
        "information-gain", "what foretells the number of clicks"
    )
    clicks: int = param(2, "number of clicks on each picture before", low=1)
    noise: float = param(1.0, "standard deviation of an observation of the latent field", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """An overlap to be reached."""

    at: float = param(0.9, "overlap to be reached", above=0.0, high=1.0, unit="IoU")
    limit: int = param(20, "number that stands for sessions that do not reach it", low=1)


@dataclass(frozen=True, kw_only=True)
class After:
    """A number of clicks."""

    clicks: int = param(1, "number of clicks", low=1)


@dataclass(frozen=True, kw_only=True)
class Gain(Process):
    """Information gain of clicks."""

    noise: float = param(1.0, "standard deviation of an observation of the latent field", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Bound(Process):
    """Evidence lower bound of clicks."""

    family: Literal["given", "pinned", "mean-field", "full"] = param(
        "mean-field", "approximate posteriors: given mean and variance, free mean, or both free"
    )
    nodes: int = param(64, "number of nodes of the quadrature", low=32)


@dataclass(frozen=True, kw_only=True)
class Usable(Process, Player):
    """Usable information of clicks."""


@dataclass(frozen=True, kw_only=True)
class Latent(Process):
    """Latent laws of pixels."""

    per_picture: int = param(64, "number of pixels of each picture, drawn at random", low=1)


@dataclass(frozen=True, kw_only=True)
class Drawn(Features):
    """Features of pixels, and their labels."""

    per_picture: int = param(64, "number of pixels of each picture, drawn at random", low=1)


@dataclass(frozen=True, kw_only=True)
class Quadrature:
    """Expectations over a Gaussian law."""

    nodes: int = param(64, "number of nodes of the quadrature", low=8)
