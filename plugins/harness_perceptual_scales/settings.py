"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import param

_RIDGE = "number added to the diagonal of covariances, or to the power of every bin"


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """Regularization of covariances."""

    ridge: float = param(0.0, _RIDGE, low=0.0)


@dataclass(frozen=True, kw_only=True)
class White:
    """White noise of the eye."""

    q: float = param(1.0, "power of internal white noise, as a multiple of the mean power", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Whittle(White):
    """Spectra at every step."""

    dc_mean: bool = param(True, "whether the mean of the field counts, in the lowest frequency")


@dataclass(frozen=True, kw_only=True)
class Laws(Ridge, White):
    """Laws at every step: covariances, or spectra with white noise."""


@dataclass(frozen=True, kw_only=True)
class Transport:
    """Integrals over the path of optimal transport between two ends."""

    ridge: float = param(1e-6, _RIDGE, low=0.0)
    nodes: int = param(8, "points of the quadrature in each step", low=1)


@dataclass(frozen=True, kw_only=True)
class PowerSpectrum(Transport):
    """Spectra of the pictures at the ends."""

    q: float = param(0.0, "power of internal white noise, as a multiple of the mean power", low=0.0)
    smooth: float = param(0.0, "standard deviation of the average over neighbouring bins", low=0.0)
    mean_term: Literal["none", "all-bins"] = param(
        "none", "whether the mean counts, in every bin: an error of the authors' code"
    )


@dataclass(frozen=True, kw_only=True)
class Wavelet(Transport):
    """A bank of oriented band-pass filters."""

    scales: int = param(3, "number of octaves", low=1)
    orientations: int = param(4, "number of orientations", low=2)


@dataclass(frozen=True, kw_only=True)
class Network(Transport):
    """Maps of a convolutional network."""

    convolution: int = param(2, "number of the convolution that is read", low=1, high=16)
    weights: str = param("", "file of torchvision's parameters of VGG-19; empty for random ones")


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Fits of difference scaling."""

    method: Literal["mle", "ls"] = param("mle", "maximum likelihood, or least squares of quantiles")
    boot: int = param(200, "number of parametric bootstraps for the standard error", low=0)


@dataclass(frozen=True, kw_only=True)
class Named:
    """A predicted scale by its name."""

    prediction: str = param("", "name of the predicted scale; empty for the first")


@dataclass(frozen=True, kw_only=True)
class Draws(Laws):
    """Samples of the law at every step."""

    draws: int = param(1000, "number of samples at each step", low=2)
