"""Tasks on vectors with known mutual information, conditional mutual information or entropy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import CommandSpec, ConditionedSamples, PairedSamples, Samples, TaskSpec, hookimpl
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1

_NORMAL = "P. Czyż et al., Beyond Normal, NeurIPS 2023, arXiv:2306.11078"
_LOSSY = "I. Butakov et al., ICLR 2024, arXiv:2305.08013"
_PAIRS: dict[str, Any] = {"gives": PairedSamples, "quantities": (MUTUAL_INFORMATION,)}

BEYOND_NORMAL = TaskSpec(
    name="beyond-normal",
    summary="40 pairs: normal, sparse, heavy-tailed, twisted; exact mutual information",
    implementation="harness_vectors.pairs:BeyondNormal",
    settings="harness_vectors.settings:Named",
    paper=_NORMAL,
    **_PAIRS,
)
FURTHER_SHAPES = TaskSpec(
    name="further-shapes",
    summary="mixtures, inliers, channels, warped and twisted pairs; half to tune on, half to judge",
    implementation="harness_vectors.further:FurtherShapes",
    settings="harness_vectors.settings:Halves",
    paper="P. Czyż et al., arXiv:2310.10240 (2023)",
    **_PAIRS,
)
GAUSSIAN_SWEEP = TaskSpec(
    name="gaussian-sweep",
    summary="correlated normal vectors over dimension, information and sample size",
    implementation="harness_vectors.pairs:GaussianSweep",
    settings="harness_vectors.settings:Sweep",
    **_PAIRS,
)
LINEAR_AWGN = TaskSpec(
    name="linear-awgn",
    summary="a linear channel with Gaussian noise, and the codes of its first outputs",
    implementation="harness_vectors.pairs:LinearAwgn",
    settings="harness_vectors.settings:Channel",
    paper=_LOSSY,
    **_PAIRS,
)
ANTI_PCA = TaskSpec(
    name="anti-pca",
    summary="pairs whose direction of greatest variance carries no information",
    implementation="harness_vectors.pairs:AntiPca",
    settings="harness_vectors.settings:Noise",
    traits=("split",),
    paper=_LOSSY,
    **_PAIRS,
)
GAUSSIAN_IMAGES = TaskSpec(
    name="gaussian-images",
    summary="pictures of bright spots whose parameters carry a known mutual information",
    implementation="harness_vectors.images:GaussianImages",
    settings="harness_vectors.settings:Pictures",
    traits=("split",),
    paper=_LOSSY,
    **_PAIRS,
)
RECTANGLE_IMAGES = TaskSpec(
    name="rectangle-images",
    summary="pictures of rectangles whose parameters carry a known mutual information",
    implementation="harness_vectors.images:RectangleImages",
    settings="harness_vectors.settings:Pictures",
    traits=("split",),
    paper=_LOSSY,
    **_PAIRS,
)
SMOOTHED_UNIFORM = TaskSpec(
    name="smoothed-uniform",
    summary="uniform numbers with uniform noise: densities with edges",
    implementation="harness_vectors.pairs:SmoothedUniform",
    settings="harness_vectors.settings:Uniform",
    paper=_LOSSY,
    **_PAIRS,
)
QUANTISED = TaskSpec(
    name="quantised",
    summary="a continuous X and its code in even bins, and in bins of uneven shares",
    implementation="harness_vectors.pairs:Quantised",
    settings="harness_vectors.settings:Bins",
    paper=_LOSSY,
    **_PAIRS,
)
ENTROPIES = TaskSpec(
    name="entropies",
    summary="normal, uniform, Laplace, exponential, Student-t, mixture; several dimensions",
    implementation="harness_vectors.entropies:Entropies",
    settings="harness_vectors.settings:Laws",
    gives=Samples,
    quantities=(ENTROPY,),
)
DISCRETE_ENTROPIES = TaskSpec(
    name="discrete-entropies",
    summary="integer codes, uniform and by Zipf's law, from few to as many as samples",
    implementation="harness_vectors.entropies:DiscreteEntropies",
    settings="harness_vectors.settings:Codes",
    gives=Samples,
    quantities=(ENTROPY,),
)
CONDITIONAL = TaskSpec(
    name="conditional",
    summary="Gaussian chains, forks and colliders with exact I(X;Y|Z), zero included",
    implementation="harness_vectors.conditional:Conditional",
    settings="harness_vectors.settings:Dimensions",
    gives=ConditionedSamples,
    quantities=(CONDITIONAL_MUTUAL_INFORMATION,),
)
COLUMNS = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".npy", ".npz")
SAMPLES = TaskSpec(
    name="samples",
    takes="harness_vectors.given:frame",
    files={"path": COLUMNS},
    summary="columns of your own file as one variable",
    implementation="harness_vectors.own:OwnSamples",
    settings="harness_vectors.settings:OwnSamples",
    gives=Samples,
    quantities=(ENTROPY,),
    plan=False,
)
PAIRS = TaskSpec(
    name="pairs",
    takes="harness_vectors.given:pairs",
    files={"path": COLUMNS},
    summary="columns of your own file as two variables; discrete columns are recognized",
    implementation="harness_vectors.own:OwnPairs",
    settings="harness_vectors.settings:OwnPairs",
    plan=False,
    **_PAIRS,
)
CONDITIONED = TaskSpec(
    name="conditioned",
    takes="harness_vectors.given:frame",
    files={"path": COLUMNS},
    summary="columns of your own file as two variables given a third",
    implementation="harness_vectors.own:OwnConditioned",
    settings="harness_vectors.settings:OwnConditioned",
    gives=ConditionedSamples,
    quantities=(CONDITIONAL_MUTUAL_INFORMATION,),
    plan=False,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (
        *(BEYOND_NORMAL, FURTHER_SHAPES, GAUSSIAN_SWEEP, LINEAR_AWGN, ANTI_PCA),
        *(GAUSSIAN_IMAGES, RECTANGLE_IMAGES, SMOOTHED_UNIFORM, QUANTISED),
        *(ENTROPIES, DISCRETE_ENTROPIES, CONDITIONAL),
        *(SAMPLES, PAIRS, CONDITIONED),
    )


@hookimpl
def harness_commands() -> Iterable[CommandSpec]:
    """The verb ``measure``."""
    yield CommandSpec(
        name="measure",
        summary="measure information between columns of a file, by every estimator that fits",
        implementation="harness_vectors.command",
    )
