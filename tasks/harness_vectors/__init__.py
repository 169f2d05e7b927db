"""Neutral tasks on vectors: mutual information, conditional mutual information and entropy with known truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import ConditionedSamples, PairedSamples, Param, Samples, TaskSpec
from harness import hookimpl as _hookimpl
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1

_NORMAL = "P. Czyż et al., Beyond Normal, NeurIPS 2023, arXiv:2306.11078"
_LOSSY = "I. Butakov et al., ICLR 2024, arXiv:2305.08013"


def _n(default: int) -> Param:
    return Param("n", int, default, "samples per case", low=2)


def _train(default: int) -> Param:
    return Param("n_train", int, default, "further samples, for fitting compressors", low=1)


def _dims(*default: int) -> Param:
    return Param("dims", tuple[int, ...], default, "dimensions of each variable", low=1)


def _information(*default: float) -> Param:
    return Param(
        "information", tuple[float, ...], default, "mutual information of the cases, nats", low=0.0
    )


def _sigma(*default: float) -> Param:
    return Param(
        "sigma",
        tuple[float, ...],
        default,
        "standard deviations of the noise, a case each",
        above=0.0,
    )


def _pairs(name: str, summary: str, implementation: str, *params: Param, **more: Any) -> TaskSpec:
    settings: dict[str, Any] = {"gives": PairedSamples, "quantities": (MUTUAL_INFORMATION,)} | more
    return TaskSpec(
        name=name,
        summary=summary,
        implementation=f"harness_vectors.{implementation}",
        params=params,
        **settings,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    yield _pairs(
        "beyond-normal",
        "40 pairs: normal, sparse, heavy-tailed, twisted; exact mutual information",
        "pairs:BeyondNormal",
        _n(5000),
        Param("only", tuple[str, ...], (), "globs of case ids; empty for all"),
        paper=_NORMAL,
    )
    yield _pairs(
        "gaussian-sweep",
        "correlated normal vectors over dimension, information and sample size",
        "pairs:GaussianSweep",
        _dims(1, 2, 5, 10),
        _information(0.0, 1.0, 3.0, 5.0),
        Param("n", tuple[int, ...], (1000, 5000), "sample sizes", low=2),
        Param("mix", bool, True, "rotate each side at random"),
    )
    yield _pairs(
        "linear-awgn",
        "a linear channel with Gaussian noise, and the codes of its first outputs",
        "pairs:LinearAwgn",
        _n(5000),
        Param(
            "gains",
            tuple[float, ...],
            (3.0, 2.0, 1.0, 0.5, 0.2, 0.1),
            "gains of the channel",
            above=0.0,
        ),
        _sigma(0.5),
        paper=_LOSSY,
    )
    yield _pairs(
        "anti-pca",
        "the widest direction of X says nothing of Y: codes that keep variance lose everything",
        "pairs:AntiPca",
        _n(5000),
        _train(2000),
        _sigma(0.1, 0.5, 1.0),
        traits=("split",),
        paper=_LOSSY,
    )
    for shape, what in (("gaussian", "bright spots"), ("rectangle", "rectangles")):
        yield _pairs(
            f"{shape}-images",
            f"pictures of {what} whose parameters carry a known mutual information",
            f"images:{shape.capitalize()}Images",
            _n(5000),
            _train(2000),
            Param("width", int, 16, "pixels to a side", low=4),
            _information(0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0),
            traits=("split",),
            paper=_LOSSY,
        )
    yield _pairs(
        "smoothed-uniform",
        "uniform numbers with uniform noise: densities with edges",
        "pairs:SmoothedUniform",
        _n(5000),
        _dims(1, 3),
        _information(0.0, 0.5, 1.0, 2.0, 4.0),
        paper=_LOSSY,
    )
    yield _pairs(
        "quantised",
        "a continuous X and a code read off it: even bins, and bins of uneven shares",
        "pairs:Quantised",
        _n(5000),
        Param("dim", int, 2, "dimension of X", low=1),
        Param("codes", tuple[int, ...], (2, 8, 32), "numbers of codes", low=2),
        paper=_LOSSY,
    )
    yield TaskSpec(
        name="entropies",
        summary="normal, uniform, Laplace, exponential, Student-t and mixture, in several dimensions",
        implementation="harness_vectors.entropies:Entropies",
        params=(
            _n(5000),
            _dims(1, 2, 5, 10),
            Param("laws", tuple[str, ...], (), "names of distributions; empty for all"),
        ),
        gives=Samples,
        quantities=(ENTROPY,),
    )
    yield TaskSpec(
        name="discrete-entropies",
        summary="integer codes, even and by Zipf's law, from few to as many as samples",
        implementation="harness_vectors.entropies:DiscreteEntropies",
        params=(
            _n(1000),
            Param("codes", tuple[int, ...], (2, 10, 100, 1000), "numbers of codes", low=2),
        ),
        gives=Samples,
        quantities=(ENTROPY,),
    )
    yield TaskSpec(
        name="conditional",
        summary="Gaussian chains, forks and colliders with exact I(X;Y|Z), zero included",
        implementation="harness_vectors.conditional:Conditional",
        params=(_n(5000), _dims(1, 3)),
        gives=ConditionedSamples,
        quantities=(CONDITIONAL_MUTUAL_INFORMATION,),
    )
