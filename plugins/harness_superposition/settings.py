"""Settings of the autoencoders and the estimators: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Autoencoders:
    """Sparse autoencoders and their training."""

    architecture: Literal["relu", "topk", "jumprelu"] = param(
        "relu",
        "codes: all that are positive (as in the paper), the k largest, or those above learned "
        "thresholds",
    )
    sparsity: tuple[float, ...] = param(
        (0.1,),
        "weights of the l1 norm (relu) or of the number of active features (jumprelu); the "
        "autoencoders of all weights are trained together",
        low=0.0,
    )
    loss: Literal["sum", "mean"] = param(
        "sum", "loss: sums over units and features (as in the paper), or means (as in its code)"
    )
    expansion: float = param(
        4.0, "size of the dictionary as a multiple of the width of the layer", above=0.0
    )
    least: int = param(40, "smallest size of the dictionary that expansion can give", low=1)
    features: int = param(0, "size of the dictionary; 0 for the one by expansion", low=0)
    normalise: Literal["rms", "none"] = param(
        "rms", "scaling of the activations: to a mean square of one per unit, or none"
    )
    scale: tuple[float, ...] = param(
        (1.0,),
        "factors on the scaled activations; the autoencoders of all factors are trained together",
        above=0.0,
    )
    tied: bool = param(
        True, "whether the decoder is the transposed encoder, without an offset (relu)"
    )
    k: int = param(4, "number of active features (topk)", low=1)
    copies: int = param(
        3, "number of autoencoders from different initial weights, per sparsity and scale", low=1
    )
    epochs: int = param(
        0, "number of passes over the samples; 0 trains until the loss no longer falls", low=0
    )
    steps: int = param(
        1500, "smallest number of training steps; few samples are passed over more often", low=0
    )
    tolerance: float = param(
        0.02,
        "training without a number of epochs is doubled until its second half lowers the loss on "
        "the holdout by a smaller share than this",
        above=0.0,
        high=1.0,
    )
    most: int = param(24000, "number of training steps beyond which it is not doubled", low=0)
    batch: int = param(
        128, "number of samples in a training step; all where there are fewer", low=1
    )
    learning_rate: float = param(1e-2, "learning rate of Adam", above=0.0)
    holdout: float = param(
        0.2, "share of the training samples that selects the best epoch", above=0.0, high=0.9
    )
    checkpoint: str = param("", "file or folder of saved autoencoders to use instead of training")


@dataclass(frozen=True, kw_only=True)
class SAE(Device, Autoencoders):
    """Parameters of `sae`."""


@dataclass(frozen=True, kw_only=True)
class Hill:
    """Hill number of the features, and the bootstrap of its error."""

    order: float = param(
        1.0,
        "order of the Hill number: 1 is exp of the entropy, 0 counts features, inf is the inverse "
        "of the largest share",
        low=0.0,
    )
    draws: int = param(200, "number of bootstrap replicates", low=2)


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Matching of decoder rows with known features."""

    least: float = param(0.9, "cosine from which on a matched pair counts", above=0.0, high=1.0)
    rarest: float = param(
        1e-3,
        "share of the samples that a row is active in, below which it is not live",
        above=0.0,
        high=1.0,
    )
