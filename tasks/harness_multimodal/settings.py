"""Parameters: each is declared here once, and inherited by the tasks and models that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The sizes of the parts of a case."""

    n: int = param(1000, "number of units that estimates are judged on", low=2)
    n_train: int = param(1000, "number of further units, which models are fitted on", low=2)
    n_valid: int = param(400, "number of further units, which models are chosen by", low=0)


@dataclass(frozen=True, kw_only=True)
class Gates(Parts):
    """Logical gates and noisy copies."""

    gates: tuple[Literal["xor", "and", "or", "first", "copy", "noisy"], ...] = param(
        ("xor", "and", "or", "first", "copy", "noisy"), "laws of the class, several cases for each"
    )
    asks: tuple[Literal["first", "second", "shared", "given-class"], ...] = param(
        ("first", "second", "shared", "given-class"),
        "terms of the decomposition, one case for each: what the first modality alone tells, what "
        "the second alone tells, what both share, what both share once the class is known",
    )
    even: bool = param(
        False, "whether each cell has exactly its share, so that only the models are judged"
    )


@dataclass(frozen=True, kw_only=True)
class Gaussians(Parts):
    """Two noisy readings of one normal number."""

    noise: tuple[float, ...] = param(
        (0.25, 1.0, 4.0), "variances of the noise of both, one case for each", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Balance(Parts):
    """Which units carry the class in which modality."""

    n_train: int = param(4000, "number of further units, which models are fitted on", low=2)
    ratios: tuple[float, ...] = param(
        (0.0, 0.5, 1.0, 2.0, 4.0),
        "ratios U1/S of the units whose class only the first modality tells to those whose class "
        "both tell, one case for each",
        low=0.0,
    )
    second: float = param(
        0.2, "share U2 of the units whose class only the second modality tells", low=0.0, high=0.99
    )
    classes: int = param(5, "number of classes", low=2)
    latent: int = param(16, "number of numbers behind each modality", low=2)
    width: int = param(100, "number of columns of each modality", low=1)
    strength: float = param(3.0, "length of the shift that a class makes", above=0.0)
    scale: float = param(1.0, "factor of the second modality's columns", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Competition(Parts):
    """A modality that is learnt quickly beside one that is learnt slowly."""

    n_train: int = param(1500, "number of further units, which models are fitted on", low=2)
    shift: float = param(0.7, "half the distance between the classes in the first modality", low=0)
    noise: int = param(
        300, "number of further columns of the first modality, which tell nothing", low=0
    )
    pairs: int = param(4, "number of pairs of numbers of the second modality", low=1, high=12)
    truth: float = param(
        0.85, "probability that the sign of the product of a pair tells the class", low=0.5, high=1
    )
    asks: tuple[Literal["quick", "slow"], ...] = param(
        ("quick", "slow"), "modalities that stand first, one case for each"
    )


@dataclass(frozen=True, kw_only=True)
class Halves:
    """Handwritten digits cut in two."""

    noise: tuple[float, ...] = param(
        (0.0, 0.25, 0.5, 1.0),
        "standard deviations of the noise on the right half, where ink is 1; one case for each",
        low=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class MultiBench:
    """Files of MultiBench, as arrays."""

    path: str = param("", "NPZ file with the arrays train_vision, train_labels, valid_vision ...")
    modalities: tuple[Literal["vision", "audio", "text"], ...] = param(
        ("vision", "text"), "two or three modalities, in order"
    )
    neutral: bool = param(False, "whether units of sentiment 0 are kept, as not positive")
    target: bool = param(
        False, "whether the sentiment itself goes along, for estimators of continuous variables"
    )


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Features of video clips with sound."""

    path: str = param(
        "", "NPZ file with the arrays video, audio, labels, and parts or groups where there are any"
    )
    swap: bool = param(False, "whether the sound is the first modality")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the modalities."""

    modality: int = param(1, "number of the modality", low=1, high=3)
