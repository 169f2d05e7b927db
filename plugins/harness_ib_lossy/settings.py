"""Parameters: each is declared here once, and inherited by the components that have it.

The fields of a class are in the order of its bases from last to first, then its own.
"""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code of a compressor."""

    code_dim: int = param(4, "number of dimensions of the code", low=1)
    singular: Literal["allow", "refuse"] = param(
        "allow", "whether a code with more dimensions than the data in it is allowed or refused"
    )


@dataclass(frozen=True, kw_only=True)
class Side:
    """Which variable of a pair is compressed."""

    side: Literal["x", "y", "both"] = param(
        "both", "variable that is compressed; a discrete one never is"
    )


@dataclass(frozen=True, kw_only=True)
class Components(Code):
    """Principal components."""

    whiten: bool = param(False, "whether every direction of the code is scaled to variance 1")


@dataclass(frozen=True, kw_only=True)
class PairComponents(Side, Components):
    """Principal components of pairs."""


@dataclass(frozen=True, kw_only=True)
class Network(Code):
    """The networks of an autoencoder and their training."""

    layers: Literal["dense", "conv"] = param(
        "dense", "type of the layers: fully connected, or convolutions on square pictures"
    )
    hidden: tuple[int, ...] = param(
        (128, 64),
        "widths of the layers between data and code (dense), numbers of channels (conv)",
        low=1,
    )
    code_noise: float = param(
        0.02, "standard deviation of the noise on the code in training", low=0.0
    )
    steps: int = param(3000, "number of steps of Adam", low=1)
    batch: int = param(
        256, "number of samples in a step; the training part where that is smaller", low=1
    )
    learning_rate: float = param(
        2e-3, "learning rate of Adam at the start; it falls to zero as a cosine", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Autoencoder(Device, Network):
    """An autoencoder."""


@dataclass(frozen=True, kw_only=True)
class PairAutoencoder(Side, Autoencoder):
    """An autoencoder of pairs."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Labelled pictures."""

    dataset: str = param(
        "digits",
        "labelled pictures: digits of scikit-learn, a file of MNIST (train-images-idx3-ubyte, its "
        "labels beside it), a Hugging Face id, or a Parquet file",
    )
    image: str = param("image", "name of the column of pictures")
    label: str = param("label", "name of the column of labels")
    limit: int = param(
        0, "maximum number of pictures, drawn at random from all; 0 for all of them", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A stochastic classifier and its training."""

    train_share: float = param(
        0.5, "share of the pictures that the network is trained on", above=0.0, high=0.99
    )
    channels: tuple[int, ...] = param(
        (), "channels of 3x3 convolutions, which halve the picture, before the hidden layers", low=1
    )
    hidden: tuple[int, ...] = param((32, 16), "widths of the hidden layers", low=1)
    epochs: tuple[int, ...] = param(
        (0, 1, 2, 5, 10, 20, 50, 100), "epochs after which the layers are recorded", low=0
    )
    noise: Literal["absolute", "relative"] = param(
        "absolute", "whether the noise has one size, or is in proportion to the activation"
    )
    sigma: float = param(0.1, "standard deviation of the noise before each layer", low=0.0)
    batch: int = param(64, "number of pictures in a step", low=1)
    learning_rate: float = param(1e-3, "learning rate of Adam", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Plane(Device, Classifier, Pictures):
    """The information plane."""


@dataclass(frozen=True, kw_only=True)
class Propagation:
    """The estimator by propagated samples."""

    draws: int = param(4, "number of draws of the noise for each sample", low=1)
