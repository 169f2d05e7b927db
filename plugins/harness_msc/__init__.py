"""Plugin `msc`: information-theoretic compression of atomistic data sets.

The QUESTS descriptor, measures of point clouds under a Gaussian kernel, and selectors of
structures, with the minimum set cover among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    CommandSpec,
    Environments,
    Estimate,
    EstimatorSpec,
    ModelSpec,
    Quantity,
    ReportSpec,
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
    "information_gap", "nats", "none", summary="fitted H of 1e12 points minus H of these points"
)
BEST_SIZE = Quantity(
    "best_size",
    "",
    "none",
    lower=0.0,
    upper=1.0,
    summary="share of the structures whose selection by msc has the greatest H times D",
)

_PAPER = "B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561 (2025)"
_PARENT = "D. Schwalbe-Koda et al., Nat. Commun. 16, 4014 (2025), doi:10.1038/s41467-025-59232-0"
_INVARIANT = ("deterministic", "permutation-invariant", "translation-invariant")
_NUMBA: dict[str, Any] = {"requires": ("numba",), "install": "infoharness[atoms]"}
_SKLEARN: dict[str, Any] = _NUMBA | {"requires": ("numba", "sklearn")}
_CLOUDS: dict[str, Any] = {
    "reads": (Environments, Samples),
    "gives": Estimate,
    "paper": _PARENT,
    **_NUMBA,
}
_STRUCTURES: dict[str, Any] = {"reads": Environments, "gives": Selection, "paper": _PAPER}

QUESTS = ModelSpec(
    name="quests",
    summary="QUESTS descriptor of each atom: sorted distances to its neighbours and between them",
    implementation="harness_msc.descriptor:Quests",
    settings="harness_msc.settings:Descriptor",
    traits=("deterministic", "translation-invariant"),
    reads=Structures,
    gives=Environments,
    paper=_PARENT,
    keep=True,
    **_NUMBA,
)
MAP = ModelSpec(
    name="map",
    summary="environments on a map of two dimensions, by principal axes or t-SNE",
    implementation="harness_msc.flat:FlatMap",
    settings="harness_msc.settings:Flat",
    traits=("deterministic",),
    reads=Environments,
    gives=Environments,
    plan=False,
    paper=_PAPER,
    **_SKLEARN,
)

MEASURES = (
    EstimatorSpec(
        name="entropy",
        summary="dataset entropy H of all points under a Gaussian kernel",
        implementation="harness_msc.measures:Entropy",
        settings="harness_msc.settings:Measure",
        traits=(*_INVARIANT, "local-mean"),
        quantity=DATASET_ENTROPY,
        **_CLOUDS,
    ),
    EstimatorSpec(
        name="diversity",
        summary="diversity D: the logarithm of the number of distinct points",
        implementation="harness_msc.measures:Diversity",
        settings="harness_msc.settings:Measure",
        traits=_INVARIANT,
        quantity=DIVERSITY,
        **_CLOUDS,
    ),
    EstimatorSpec(
        name="efficiency",
        summary="H / ln n: dataset entropy as a share of its greatest possible value",
        implementation="harness_msc.measures:Efficiency",
        settings="harness_msc.settings:Measure",
        traits=_INVARIANT,
        quantity=EFFICIENCY,
        **_CLOUDS,
    ),
    EstimatorSpec(
        name="novelty",
        summary="novelty dH of the test part given the training part, or of each unit given others",
        implementation="harness_msc.measures:Novelty",
        settings="harness_msc.settings:Comparison",
        traits=(*_INVARIANT, "local-mean"),
        quantity=NOVELTY,
        **_CLOUDS,
    ),
    EstimatorSpec(
        name="overlap",
        summary="share of the test part that the training part covers, or of each unit by others",
        implementation="harness_msc.measures:Overlap",
        settings="harness_msc.settings:Comparison",
        traits=(*_INVARIANT, "local-mean"),
        quantity=OVERLAP,
        **_CLOUDS,
    ),
    EstimatorSpec(
        name="information-gap",
        summary="entropy that more data would still add, from a fit of H over the number of points",
        implementation="harness_msc.gap:InformationGap",
        settings="harness_msc.settings:Gap",
        traits=("translation-invariant",),
        quantity=INFORMATION_GAP,
        **_CLOUDS,
    ),
    EstimatorSpec(
        name="best-size",
        summary="share of the structures to keep: where H times D of the selection is greatest",
        implementation="harness_msc.size:BestSize",
        settings="harness_msc.settings:Size",
        traits=("deterministic",),
        quantity=BEST_SIZE,
        reads=Environments,
        gives=Estimate,
        paper=_PAPER,
        **_NUMBA,
    ),
)

SELECTORS = (
    EstimatorSpec(
        name="msc",
        summary="minimum set cover: greedily the structure of greatest novelty and entropy",
        implementation="harness_msc.cover:MinimumSetCover",
        settings="harness_msc.settings:Cover",
        traits=("deterministic",),
        **_STRUCTURES,
        **_NUMBA,
    ),
    EstimatorSpec(
        name="random",
        summary="structures drawn uniformly at random",
        implementation="harness_msc.baselines:Random",
        **_STRUCTURES,
        **_NUMBA,
    ),
    EstimatorSpec(
        name="k-means",
        summary="clusters of mean environments, and a random member of each",
        implementation="harness_msc.baselines:KMeans",
        **_STRUCTURES,
        **_SKLEARN,
    ),
    EstimatorSpec(
        name="k-means-entropy",
        summary="clusters of mean environments, and the member of greatest entropy of each",
        implementation="harness_msc.baselines:KMeansEntropy",
        settings="harness_msc.settings:Kernel",
        **_STRUCTURES,
        **_SKLEARN,
    ),
    EstimatorSpec(
        name="mean-fps",
        summary="farthest-point sampling of mean environments",
        implementation="harness_msc.baselines:MeanFarthest",
        **_STRUCTURES,
        **_NUMBA,
    ),
    EstimatorSpec(
        name="fps",
        summary="farthest-point sampling by the mean distance over all pairs of environments",
        implementation="harness_msc.baselines:Farthest",
        settings="harness_msc.settings:Kernel",
        traits=("deterministic",),
        **_STRUCTURES,
        **_NUMBA,
    ),
    EstimatorSpec(
        name="max-entropy",
        summary="structures by decreasing entropy of their own environments",
        implementation="harness_msc.baselines:MaxEntropy",
        settings="harness_msc.settings:Kernel",
        traits=("deterministic",),
        **_STRUCTURES,
        **_NUMBA,
    ),
)


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """The descriptor, and maps of what it gives."""
    return QUESTS, MAP


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Measures of point clouds, and selectors of structures."""
    return (*MEASURES, *SELECTORS)


@hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The study over many sets, and what maps hide."""
    yield ReportSpec(
        name="study",
        summary="many data sets: their information, and what each selector keeps of it",
        implementation="harness_msc.reports.study:Study",
        settings="harness_msc.reports.study:Study",
        reads=("atoms/*",),
        paper=_PAPER,
    )
    yield ReportSpec(
        name="maps",
        summary="what a map in two dimensions hides of a data set and of selections from it",
        implementation="harness_msc.reports.maps:Maps",
        reads=("atoms/*",),
        paper=_PAPER,
    )


@hookimpl
def harness_commands() -> Iterable[CommandSpec]:
    """The verb ``select``."""
    yield CommandSpec(
        name="select",
        summary="choose the structures of a file that stand for all of them",
        implementation="harness_msc.command",
    )
