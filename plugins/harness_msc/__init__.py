"""Plugin `msc`: information-theoretic compression of atomistic datasets (QUESTS descriptor, minimum set cover)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Environments,
    Estimate,
    EstimatorSpec,
    ModelSpec,
    Param,
    Quantity,
    Samples,
    Selection,
    Structures,
    hookimpl,
)

HARNESS_API = 1

DATASET_ENTROPY = Quantity(
    "dataset_entropy",
    "nats",
    "none",
    lower=0.0,
    summary="H = -mean ln(s_i/n) under a Gaussian kernel; at most ln n",
)
DIVERSITY = Quantity(
    "diversity",
    "nats",
    "none",
    lower=0.0,
    summary="D = ln sum 1/s_i; exp(D) counts distinct points",
)
NOVELTY = Quantity(
    "novelty", "nats", "none", summary="mean of dH = -ln sum K(y, x_j); at most 0 where covered"
)
OVERLAP = Quantity(
    "overlap", "", "none", lower=0.0, upper=1.0, summary="share of new points with dH < eps"
)
EFFICIENCY = Quantity("efficiency", "", "none", lower=0.0, upper=1.0, summary="H / ln n")
INFORMATION_GAP = Quantity(
    "information_gap", "nats", "none", summary="fitted H of 1e12 points less H of these"
)

_PAPER = "B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561 (2025)"
_PARENT = "D. Schwalbe-Koda et al., Nat. Commun. 16, 4014 (2025), doi:10.1038/s41467-025-59232-0"
_H = Param(
    "h", float, 0.015, "bandwidth of the Gaussian kernel, in the unit of the data (1/Å)", above=0
)
_RULE = Param(
    "bandwidth",
    str,
    "",
    "rule that replaces h, for data that are no descriptors",
    choices=("", "silverman", "median"),
)
_EPS = Param("eps", float, 1e-5, "a point with dH below this, in nats, counts as covered")
_INVARIANT = ("deterministic", "permutation-invariant", "translation-invariant")
_NUMBA: dict[str, Any] = {"requires": ("numba",), "install": "infoharness[atoms]"}


def _measure(
    name: str, summary: str, implementation: str, quantity: Quantity, **more: Any
) -> EstimatorSpec:
    """An estimator of any point cloud."""
    settings: dict[str, Any] = (
        {"params": (_H, _RULE), "traits": _INVARIANT, "paper": _PARENT} | _NUMBA | more
    )
    return EstimatorSpec(
        name=name,
        summary=summary,
        implementation=f"harness_msc.{implementation}",
        reads=(Environments, Samples),
        gives=Estimate,
        quantity=quantity,
        **settings,
    )


def _selector(name: str, summary: str, implementation: str, **more: Any) -> EstimatorSpec:
    """A selector of structures."""
    settings: dict[str, Any] = {"paper": _PAPER} | _NUMBA | more
    return EstimatorSpec(
        name=name,
        summary=summary,
        implementation=f"harness_msc.{implementation}",
        reads=Environments,
        gives=Selection,
        **settings,
    )


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """The descriptor."""
    yield ModelSpec(
        name="quests",
        summary="QUESTS descriptor of atomic environments: sorted distances to and between the nearest neighbours",
        implementation="harness_msc.descriptor:Quests",
        reads=Structures,
        gives=Environments,
        params=(
            Param("k", int, 32, "neighbours, periodic images included", low=1),
            Param(
                "cutoff",
                float,
                5.0,
                "distance in Å at which a neighbour's weight reaches zero",
                above=0,
            ),
            Param("species", bool, False, "append a block per element that sees its own kind only"),
        ),
        traits=("deterministic", "translation-invariant"),
        paper=_PARENT,
        keep=True,
        **_NUMBA,
    )


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Measures of point clouds, and selectors of structures."""
    yield _measure(
        "entropy",
        "dataset entropy H of all points under a Gaussian kernel",
        "measures:Entropy",
        DATASET_ENTROPY,
        traits=(*_INVARIANT, "local-mean"),
    )
    yield _measure(
        "diversity",
        "diversity D: the log of the number of distinct points",
        "measures:Diversity",
        DIVERSITY,
    )
    yield _measure(
        "efficiency",
        "H / ln n, the share of the greatest entropy",
        "measures:Efficiency",
        EFFICIENCY,
    )
    yield _measure(
        "novelty",
        "differential entropy dH of the test part given the training part, or of each unit given the others",
        "measures:Novelty",
        NOVELTY,
        params=(_H, _RULE, _EPS),
        traits=(*_INVARIANT, "local-mean"),
    )
    yield _measure(
        "overlap",
        "share of the test part that the training part covers, or of each unit that the others cover",
        "measures:Overlap",
        OVERLAP,
        params=(_H, _RULE, _EPS),
        traits=(*_INVARIANT, "local-mean"),
    )
    yield _measure(
        "information-gap",
        "entropy still to be gained by more data, from a fit of H against the number of points",
        "gap:InformationGap",
        INFORMATION_GAP,
        params=(
            _H,
            _RULE,
            Param("points", int, 10, "subset sizes", low=4),
            Param("repeats", int, 3, "random subsets per size", low=1),
        ),
        traits=("translation-invariant",),
    )
    yield _selector(
        "msc",
        "minimum set cover: greedily the structure with the most novel environment and the greatest entropy",
        "cover:MinimumSetCover",
        params=(
            _H,
            Param(
                "reference_ties",
                bool,
                False,
                "let far structures tie, as the authors' plain sums do",
            ),
            Param(
                "conditional",
                bool,
                False,
                "select from the test part, with the training part held already",
            ),
        ),
        traits=("deterministic",),
    )
    yield _selector("random", "structures drawn uniformly", "baselines:Random")
    yield _selector(
        "k-means",
        "clusters of mean environments, a random member of each",
        "baselines:KMeans",
        requires=("numba", "sklearn"),
    )
    yield _selector(
        "k-means-entropy",
        "clusters of mean environments, of each the member with the greatest entropy",
        "baselines:KMeansEntropy",
        params=(_H,),
        requires=("numba", "sklearn"),
    )
    yield _selector(
        "mean-fps", "farthest-point sampling of mean environments", "baselines:MeanFarthest"
    )
    yield _selector(
        "fps",
        "farthest-point sampling by the mean distance of all pairs of environments",
        "baselines:Farthest",
        params=(_H,),
        traits=("deterministic",),
    )
    yield _selector(
        "max-entropy",
        "structures by decreasing entropy of their own environments",
        "baselines:MaxEntropy",
        params=(_H,),
        traits=("deterministic",),
    )
