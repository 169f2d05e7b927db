"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Donors:
    """Whose modality a unit is given in place of its own."""

    donors: int = param(
        32, "number of donors of each unit, in a step of training and when judged", low=1
    )
    scheme: Literal["permute", "derange", "class", "neighbours"] = param(
        "permute",
        "how donors are drawn: by a permutation, by one that leaves no unit in place, within the "
        "class, among units whose other modalities are nearest",
    )
    near: int = param(10, "number of nearest units that the scheme neighbours draws from", low=1)


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The layers of a network."""

    hidden: tuple[int, ...] = param((64,), "widths of the hidden layers of each encoder", low=1)
    width: int = param(32, "width of the latent vector of each modality", low=1)
    head: Literal["additive", "mlp"] = param(
        "additive", "form of the fused output: a sum of linear maps, or one hidden layer after it"
    )


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training loop."""

    epochs: int = param(60, "number of passes over the training part", low=1)
    batch: int = param(64, "number of units in a step", low=2)
    learning_rate: float = param(1e-3, "learning rate of Adam", above=0.0)
    decay: float = param(1e-4, "weight decay of Adam", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is trained for, and how strongly."""

    how: Literal["joint", "ensemble", "multi-loss", "ogm", "mcr"] = param(
        "mcr", "way of training: fused loss alone, modalities apart, both, modulated gradients, MCR"
    )
    game: Literal[-1, 0, 1] = param(
        -1, "what an encoder does with the terms of others: -1 lowers, 0 ignores, 1 raises them"
    )
    lam: float = param(0.1, "weight of the conditional information of each modality", low=0.0)
    uni: float = param(1.0, "weight of the losses of each modality alone", low=0.0)
    con: float = param(1.0, "weight of the supervised contrast", low=0.0)
    ceb: float = param(0.0, "weight of the conditional-entropy bottleneck", low=0.0)
    ceb_source: Literal["label", "logits"] = param(
        "logits", "what the bottleneck rebuilds the latent vectors from"
    )
    temperature: float = param(0.5, "temperature of the contrast", above=0.0)
    modulation: float = param(0.3, "strength of the modulation of gradients (ogm)", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Network(Device, Training, Layers):
    """A fused network."""


@dataclass(frozen=True, kw_only=True)
class Fusion(Donors, Method, Network):
    """A fused network, how it is trained and how it is judged."""


@dataclass(frozen=True, kw_only=True)
class Conditional(Network):
    """Two networks, with and without the first modality."""

    head: Literal["additive", "mlp"] = param(
        "mlp", "form of the fused output: a sum of linear maps, or one hidden layer after it"
    )


@dataclass(frozen=True, kw_only=True)
class Predictors(Conditional):
    """Predictors with and without something."""

    without: Literal["first", "all"] = param(
        "first", "what the null predictor does not see: the first modality, or all modalities"
    )


@dataclass(frozen=True, kw_only=True)
class Used:
    """How many of the donors are used."""

    most: int | None = param(None, "number of donors used, the first ones; none for all", low=1)


@dataclass(frozen=True, kw_only=True)
class Side(Used):
    """Which modality is asked for."""

    modality: int = param(1, "number of the modality", low=1)


@dataclass(frozen=True, kw_only=True)
class Contrast(Device, Training):
    """Trained critics of a contrastive bound."""

    batch: int = param(128, "number of units N in a step; the bound is at most ln N", low=2)
    hidden: tuple[int, ...] = param((64,), "widths of the hidden layers of each critic", low=1)
    width: int = param(32, "width of the vectors that are compared", low=1)
    temperature: float = param(0.1, "temperature of the contrast", above=0.0)
