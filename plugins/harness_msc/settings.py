"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """Parameters of the model `quests`."""

    k: int = param(32, "number of nearest neighbours, periodic images included", low=1)
    cutoff: float = param(
        5.0, "distance at which the weight of a neighbour reaches zero", above=0, unit="Å"
    )
    species: bool = param(
        False, "whether each chemical element adds a block, in which its atoms see each other only"
    )


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """The bandwidth of whatever sums kernels."""

    h: float = param(
        0.015,
        "bandwidth of the Gaussian kernel, in the unit of the data",
        above=0,
        unit="1/Å for QUESTS descriptors",
    )


@dataclass(frozen=True, kw_only=True)
class Measure(Kernel):
    """Parameters of the measures of point clouds."""

    bandwidth: Literal["", "silverman", "median"] = param(
        "", "rule that replaces h where the data are not QUESTS descriptors; empty for h itself"
    )


@dataclass(frozen=True, kw_only=True)
class Comparison(Measure):
    """Parameters of the measures of new points given others."""

    eps: float = param(1e-5, "novelty dH below which a point counts as covered", unit="nats")
    cells: int = param(
        0,
        "number of nearest cells, of 256 known points each, that the kernels of a new point are "
        "summed over: an upper bound of dH; 0 sums over all points",
        low=0,
    )


@dataclass(frozen=True, kw_only=True)
class Gap(Measure):
    """Parameters of the estimator `information-gap`."""

    points: int = param(10, "number of subset sizes that the curve is fitted to", low=4)
    repeats: int = param(3, "number of random subsets of each size", low=1)


@dataclass(frozen=True, kw_only=True)
class Cover(Kernel):
    """Parameters of the selector `msc`."""

    reference_ties: bool = param(
        False,
        "whether structures far from the selection tie, as in the authors' code, whose kernel sums "
        "underflow; the first in the file then wins",
    )
    conditional: bool = param(
        False, "whether to select from the test part only, with the training part held already"
    )
    segment: int = param(
        0,
        "largest number of structures that are chosen among at once, at least twice the largest "
        "size; more are cut into segments, and the chosen ones of each compete; 0 for all at once",
        low=0,
    )


@dataclass(frozen=True, kw_only=True)
class Size(Kernel):
    """Parameters of the estimator `best-size`."""

    least: float = param(
        0.1, "least share of the structures that is looked at", above=0.0, high=1.0
    )


@dataclass(frozen=True, kw_only=True)
class Flat(Kernel):
    """Parameters of the model `map`."""

    method: Literal["pca", "t-sne"] = param(
        "pca", "how environments are placed: on the principal axes, or by t-SNE"
    )
    dimensions: int = param(2, "number of dimensions of the map", low=1, high=3)
    perplexity: float = param(30.0, "perplexity of t-SNE", above=1.0)
    match: bool = param(
        True, "whether the map is magnified until it has the diversity of the descriptors"
    )
