"""Plugin `superposition`: how many features a layer uses, by sparse autoencoders; and what needs none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Activations,
    Estimate,
    EstimatorSpec,
    ModelSpec,
    PairedSamples,
    Param,
    ReportSpec,
    Samples,
)
from harness import hookimpl as _hookimpl
from harness.quantities import EFFECTIVE_FEATURES, INTRINSIC_DIMENSION
from harness_superposition.kinds import SparseCodes

HARNESS_API = 1

_PAPER = "L. Bereska et al., Superposition as Lossy Compression, TMLR 2025, arXiv:2512.13568"
_RANK = "O. Roy, M. Vetterli, EUSIPCO 2007"
_RATIO = "P. Gao et al., bioRxiv 214262 (2017)"
_TWO_NN = "E. Facco et al., Sci. Rep. 7, 12140 (2017)"

_INSTALL = "infoharness[superposition]"
_HILL = (
    Param(
        "order",
        float,
        1.0,
        "of the Hill number: 1 is exp of the entropy, 0 counts, inf looks at the largest",
        low=0.0,
    ),
    Param("draws", int, 200, "replicates of the bootstrap", low=2),
)
_SPECTRUM: dict[str, Any] = {
    "reads": (Activations, Samples),
    "traits": (
        "deterministic",
        "permutation-invariant",
        "translation-invariant",
        "scale-invariant",
    ),
    "quantity": EFFECTIVE_FEATURES,
}


CLAIMS = ReportSpec(
    name="claims",
    summary="recovery of known features, and the paper's claims with the seeds in which they hold",
    implementation="harness_superposition.reports.claims:Claims",
    settings="harness_superposition.reports.claims:Claims",
    reads=(
        "networks/known-codes",
        "networks/toy-superposition",
        "networks/dropout-parity",
        "networks/grokking",
        "networks/adversarial-digits",
    ),
    requires=("scipy",),
    install="infoharness[superposition]",
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Sparse autoencoders."""
    yield ModelSpec(
        name="sae",
        summary="sparse autoencoders of a layer: how much, and how often, each feature of the dictionary is used",
        implementation="harness_superposition.sae:SAE",
        reads=Activations,
        gives=SparseCodes,
        params=(
            Param(
                "architecture",
                str,
                "relu",
                "the paper's; or the k largest codes; or codes above learnt thresholds",
                choices=("relu", "topk", "jumprelu"),
            ),
            Param(
                "sparsity",
                tuple[float, ...],
                (0.1,),
                "weights of the l1 norm (relu) or of the number of active features (jumprelu); all trained together",
                low=0.0,
            ),
            Param(
                "loss",
                str,
                "sum",
                "sums over units and features (the paper), or means (its code)",
                choices=("sum", "mean"),
            ),
            Param(
                "expansion",
                float,
                4.0,
                "size of the dictionary over the width of the layer",
                above=0.0,
            ),
            Param("least", int, 40, "the smallest dictionary that expansion may give", low=1),
            Param("features", int, 0, "size of the dictionary; 0 for what expansion says", low=0),
            Param(
                "normalise",
                str,
                "rms",
                "mean square of one per unit, or as it is",
                choices=("rms", "none"),
            ),
            Param(
                "scale",
                tuple[float, ...],
                (1.0,),
                "what is multiplied in after that; all trained together",
                above=0.0,
            ),
            Param(
                "tied", bool, True, "decode with the transposed encoder, without an offset (relu)"
            ),
            Param("k", int, 4, "active features of topk", low=1),
            Param(
                "copies",
                int,
                3,
                "autoencoders from different starts, for each sparsity and scale",
                low=1,
            ),
            Param("epochs", int, 60, "passes over the samples", low=1),
            Param(
                "steps", int, 1500, "fewest steps: few samples are passed over more often", low=0
            ),
            Param("batch", int, 128, "samples per step; all where there are fewer", low=1),
            Param("learning_rate", float, 1e-3, "of Adam", above=0.0),
            Param(
                "holdout",
                float,
                0.2,
                "share of the training samples that chooses the epoch",
                above=0.0,
                high=0.9,
            ),
            Param(
                "checkpoint",
                str,
                "",
                "a file or folder of saved autoencoders to use instead of training",
            ),
        ),
        requires=("torch",),
        install=_INSTALL,
        paper=_PAPER,
        keep=True,
    )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Effective features, and baselines on the same activations."""
    for name, summary, implementation in (
        (
            "effective-features",
            "F, exp of the entropy of the features' shares of activation mass",
            "EffectiveFeatures",
        ),
        ("feature-frequency", "the same of how often features are active", "FeatureFrequency"),
    ):
        yield EstimatorSpec(
            name=name,
            summary=summary,
            implementation=f"harness_superposition.features:{implementation}",
            reads=SparseCodes,
            gives=Estimate,
            quantity=EFFECTIVE_FEATURES,
            params=_HILL,
            paper=_PAPER,
        )
    yield EstimatorSpec(
        name="participation-ratio",
        summary="directions in use: the squared sum of the covariance's eigenvalues over the sum of their squares",
        implementation="harness_superposition.spectrum:ParticipationRatio",
        gives=Estimate,
        paper=_RATIO,
        **_SPECTRUM,
    )
    yield EstimatorSpec(
        name="effective-rank",
        summary="directions in use: exp of the entropy of the normalised singular values",
        implementation="harness_superposition.spectrum:EffectiveRank",
        gives=Estimate,
        paper=_RANK,
        **_SPECTRUM,
    )
    yield EstimatorSpec(
        name="two-nn",
        summary="intrinsic dimension from the ratio of the distances to the two nearest neighbours",
        implementation="harness_superposition.two_nn:TwoNN",
        reads=(Activations, Samples, PairedSamples),
        gives=Estimate,
        quantity=INTRINSIC_DIMENSION,
        traits=(
            "deterministic",
            "permutation-invariant",
            "translation-invariant",
            "scale-invariant",
        ),
        requires=("scipy",),
        install=_INSTALL,
        paper=_TWO_NN,
    )


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """Recovery and the paper's claims."""
    return (CLAIMS,)
