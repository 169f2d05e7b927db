"""Parameters: each is declared here once, and inherited by the estimators that have it.

The fields of a class are in the order of its bases from last to first, then its own.
"""

from dataclasses import dataclass
from typing import Literal

from harness import ComponentOf, Device, Estimate, PairedSamples, param


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of a critic."""

    critic: Literal["concat", "separable"] = param(
        "concat", "form of the critic: one network of both variables, or one for each"
    )


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The layers of a network."""

    hidden: tuple[int, ...] = param((128, 128), "widths of the hidden layers", low=1)


@dataclass(frozen=True, kw_only=True)
class Shape(Layers, Form):
    """The networks of a critic, and the pairs that they are shown."""

    width: int = param(32, "number of outputs of each network of a separable critic", low=1)
    negatives: int = param(
        2, "number of mismatched partners of a sample in a step, for a concat critic", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training loop."""

    batch: int = param(256, "number of samples in a step", low=2)
    steps: int = param(2000, "maximum number of steps of Adam", low=1)
    learning_rate: float = param(1e-3, "learning rate of Adam", above=0.0)
    patience: int = param(
        8,
        "number of validations in a row (one every 50 steps) without improvement that end training",
        low=1,
    )


@dataclass(frozen=True, kw_only=True)
class Critic(Device, Training, Shape):
    """A trained critic."""


@dataclass(frozen=True, kw_only=True)
class RunningMean(Critic):
    """A critic whose gradient has a running mean in it."""

    rate: float = param(
        0.01, "weight of the current batch in the running mean", above=0.0, high=1.0
    )


@dataclass(frozen=True, kw_only=True)
class Contrastive(Critic):
    """A critic that picks the partner of each sample in a batch."""

    critic: Literal["concat", "separable"] = param(
        "separable", "form of the critic: one network of both variables, or one for each"
    )


@dataclass(frozen=True, kw_only=True)
class Clipped(Critic):
    """A critic whose scores are clipped."""

    tau: float = param(5.0, "absolute value at which scores are clipped", above=0.0, unit="nats")


@dataclass(frozen=True, kw_only=True)
class Density(Device, Training, Layers):
    """A fitted conditional density."""


@dataclass(frozen=True, kw_only=True)
class Discriminator(Critic):
    """A critic whose best score is the logarithm of the density ratio."""

    divergence: Literal["kl", "gan", "hellinger"] = param(
        "gan", "f-divergence that the critic is trained on"
    )
    sampling: Literal["derangement", "permutation"] = param(
        "derangement",
        "order of the mismatched partners in a batch: one that leaves no sample its own partner, "
        "or any",
    )


@dataclass(frozen=True, kw_only=True)
class Kernels(Density):
    """Fitted mixtures of Gaussian kernels."""

    kernels: int = param(8, "number of Gaussian kernels of a mixture", low=1)


@dataclass(frozen=True, kw_only=True)
class Diffusion(Density):
    """Score networks of noisy data."""

    steps: int = param(6000, "maximum number of steps of Adam", low=1)
    form: Literal["conditional", "joint"] = param(
        "conditional",
        "scores that are compared: of x given y with those of x, or of both jointly with those of "
        "each given the other",
    )
    value: Literal["norm", "losses"] = param(
        "losses",
        "what is averaged: the squared distance of the scores (never negative), or the difference "
        "of their errors (equal where the scores are exact)",
    )
    levels: int = param(32, "number of noise levels at which a held-out sample is evaluated", low=1)


@dataclass(frozen=True, kw_only=True)
class Flow(Density):
    """A velocity field between distributions."""

    steps: int = param(6000, "maximum number of steps of Adam", low=1)
    form: Literal["conditional", "joint"] = param(
        "conditional",
        "what the flow carries: x alone to x given y, or mismatched pairs to pairs",
    )
    times: int = param(32, "number of times at which a held-out sample is evaluated", low=1)


@dataclass(frozen=True, kw_only=True)
class Latent(Density):
    """Autoencoders of both variables, and what is measured of their codes."""

    width: int = param(8, "greatest number of dimensions of a representation", low=1)
    cross: float = param(
        1.0, "weight of predicting the other variable beside predicting the own one", low=0.0
    )
    measured: str = param(
        "classics/ksg[k=3,stderr=none]",
        "estimator of the information between the representations",
        component=ComponentOf("estimator", reads=PairedSamples, gives=Estimate),
    )
