"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Classes:
    """The classes that hidden relations are predicted in."""

    hop_classes: int = param(8, "number of classes of hops; the last one is that or more", low=2)
    bins: int = param(16, "number of classes of distance, equally frequent in training", low=2)


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training loop."""

    steps: int = param(400, "number of training steps; 0 leaves the network random", low=0)
    batch: int = param(32, "number of molecules in a step", low=1)
    learning_rate: float = param(3e-3, "largest learning rate of Adam", above=0.0)
    decay: float = param(1e-4, "weight decay of Adam", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """The layers of the encoder."""

    width: int = param(64, "width of the state of each atom", low=4)
    layers: int = param(3, "number of layers", low=1)
    heads: int = param(8, "number of attention heads", low=1)
    rank: int = param(64, "number of products of two atoms' states that a prediction reads", low=1)
    kernels: int = param(
        32,
        "number of Gaussian kernels of the distance, from 0 to 10 Å, or as far as 99 % of the "
        "training distances reach",
        low=2,
    )
    direct: bool = param(
        True, "whether a prediction also reads what is shown of the pair itself, besides its atoms"
    )
    atoms: bool = param(True, "whether the elements of the atoms are read")


@dataclass(frozen=True, kw_only=True)
class Blending:
    """Which relation of each pair is shown."""

    p: tuple[float, ...] = param(
        (0.2, 0.2, 0.6),
        "probabilities that a pair shows its hops, its bond, its distance; they sum to 1",
        low=0.0,
        high=1.0,
    )
    mirrored: bool = param(
        True, "whether a pair shows the same in both directions; else the other one may tell"
    )
    hidden_only: bool = param(
        True, "whether only hidden relations are predicted; else nothing is an information"
    )


@dataclass(frozen=True, kw_only=True)
class Pretraining(Device, Encoder, Blending, Training, Classes):
    """An encoder that is trained by blend-then-predict."""


@dataclass(frozen=True, kw_only=True)
class Blend(Pretraining):
    """A trained encoder and how it is judged."""

    draws: int = param(5, "number of masks that each test molecule is judged with", low=1)
    shown: Literal["2d", "3d", "both"] = param(
        "both", "relations that the encoder sees when it makes features"
    )


@dataclass(frozen=True, kw_only=True)
class Features(Pretraining):
    """Features of a trained encoder."""

    shown: Literal["2d", "3d", "both"] = param(
        "both", "relations that the encoder sees when it makes features"
    )


@dataclass(frozen=True, kw_only=True)
class Maps(Pretraining):
    """Attention of a trained encoder."""

    shown: Literal["2d", "3d", "both"] = param("both", "relations that the encoder sees")
    layer: int = param(1, "number of the layer", low=1)


@dataclass(frozen=True, kw_only=True)
class Random(Device, Encoder):
    """Features of an encoder that was never trained."""

    shown: Literal["2d", "3d", "both"] = param("both", "relations that the encoder sees")


@dataclass(frozen=True, kw_only=True)
class Morgan:
    """Circular fingerprints."""

    radius: int = param(2, "number of bonds from the centre of a circle", low=0)
    bits: int = param(1024, "number of counts that circles are hashed to", low=8)


@dataclass(frozen=True, kw_only=True)
class Table(Classes):
    """Counts of pairs of classes."""

    prior: float = param(0.5, "pairs that are added to each cell of the table", above=0.0)


@dataclass(frozen=True, kw_only=True)
class PairNet(Device, Training, Classes):
    """A network on the relations of one pair."""

    steps: int = param(600, "number of training steps", low=1)
    batch: int = param(512, "number of pairs in a step", low=1)
    hidden: tuple[int, ...] = param((64, 64), "widths of the hidden layers", low=1)
    kernels: int = param(32, "number of Gaussian kernels over the distances of training", low=2)
    atoms: bool = param(True, "whether the elements of the two atoms are read")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is known anyway, and how the error bar is made."""

    given: Literal["nothing", "atoms"] = param(
        "nothing",
        "what the information is over and above: nothing, or the atoms of the molecule (for "
        "predictors that were judged without any relation, too)",
    )
    boot: int = param(1000, "number of bootstrap draws of molecules", low=100)


@dataclass(frozen=True, kw_only=True)
class Direction(Given):
    """Which of the two relations is predicted."""

    direction: Literal["2d", "3d"] = param(
        "2d", "what is predicted from the other: 2d (hops) or 3d (distance)"
    )


@dataclass(frozen=True, kw_only=True)
class Term(Given):
    """One of the eight terms."""

    term: int = param(
        1,
        "number of the term: I(A1;B1), I(A2;B2), I(A1;B1|B2), I(A2;B2|A1), I(A1;A2), I(B1;B2), "
        "I(A1;A2|B2), I(B1;B2|A1), where A is 2D, B is 3D, and A1 and B2 are shown",
        low=1,
        high=8,
    )


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A ridge regression."""

    folds: int = param(5, "number of folds in which the strength of the ridge is chosen", low=2)
