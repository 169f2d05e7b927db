"""Parameters: each is declared here once, and inherited by the estimators that have it.

The fields of a class are in the order of its bases from last to first, then its own.
"""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """How many neighbours."""

    k: int = param(5, "number of neighbours", low=1)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How columns are scaled."""

    standardize: bool = param(True, "whether each column is divided by its standard deviation")


@dataclass(frozen=True, kw_only=True)
class Space:
    """How distances between points are measured."""

    metric: Literal["euclidean", "chebyshev"] = param("euclidean", "distance between points")
    whiten: bool = param(
        True, "whether the covariance is removed first, and its volume added back at the end"
    )


@dataclass(frozen=True, kw_only=True)
class StandardError:
    """How the standard error is found."""

    stderr: Literal["subsamples", "local", "none"] = param(
        "subsamples",
        "source of the standard error: disjoint parts, local values (cheap, too small), or none",
    )


@dataclass(frozen=True, kw_only=True)
class Joint(StandardError, Scaling, Neighbours):
    """Estimators that count neighbours in a joint space."""


@dataclass(frozen=True, kw_only=True)
class Tied(Joint):
    """Estimators that ties of rounded data mislead."""

    ties: Literal["jitter", "keep"] = param(
        "jitter",
        "treatment of points of a variable that repeat: a seeded jitter far below the spacing of "
        "its columns, or none",
    )


@dataclass(frozen=True, kw_only=True)
class Distances(StandardError, Space, Neighbours):
    """Entropies from distances to neighbours."""


@dataclass(frozen=True, kw_only=True)
class WeightedDistances(Distances):
    """Entropies from weighted distances to neighbours."""

    max_weight: float = param(
        10.0, "norm of the weights above which the unweighted estimate is used", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Bandwidth:
    """The width of a kernel."""

    bandwidth: float | None = param(
        None, "bandwidth, in standard deviations; none takes the likeliest", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Kernel(StandardError, Bandwidth):
    """Entropy from a kernel density."""


@dataclass(frozen=True, kw_only=True)
class ThreeKernels(Kernel):
    """Mutual information from three kernel densities."""

    shared: bool = param(
        True, "whether the bandwidth of the joint density is used for all three entropies"
    )


@dataclass(frozen=True, kw_only=True)
class Covariance:
    """Estimates from covariances."""

    correct: bool = param(False, "whether the bias that Gaussian data would have is subtracted")


@dataclass(frozen=True, kw_only=True)
class Copula:
    """Estimates from a fitted copula."""

    correct: bool = param(True, "whether the bias of the estimated correlations is subtracted")
    stderr: Literal["subsamples", "none"] = param(
        "subsamples", "source of the standard error: disjoint parts, or none"
    )


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """Neighbours anchored at a copula."""

    k: int = param(3, "number of neighbours", low=1)
    draws: int = param(2, "number of samples drawn from the fitted copula", low=1)
    stderr: Literal["subsamples", "none"] = param(
        "subsamples", "source of the standard error: disjoint parts and the trend, or none"
    )


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Neighbours along random directions."""

    k: int = param(5, "number of neighbours", low=1)
    directions: int = param(200, "number of pairs of random directions", low=2)
    stderr: Literal["subsamples", "none"] = param(
        "subsamples",
        "source of the standard error: disjoint parts and the spread over directions, or none",
    )
