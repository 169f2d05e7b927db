"""Plugin `superposition`: number of features that a layer uses, with and without autoencoders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    Activations,
    Estimate,
    EstimatorSpec,
    ModelSpec,
    PairedSamples,
    Quantity,
    ReportSpec,
    Samples,
)
from harness import hookimpl as _hookimpl
from harness.quantities import EFFECTIVE_FEATURES, INTRINSIC_DIMENSION
from harness_superposition.kinds import SparseCodes

HARNESS_API = 1

_PAPER = "L. Bereska et al., Superposition as Lossy Compression, TMLR 2025, arXiv:2512.13568"
_INSTALL = "infoharness[superposition]"
_GEOMETRIC = (
    "deterministic",
    "permutation-invariant",
    "translation-invariant",
    "scale-invariant",
)

SAE = ModelSpec(
    name="sae",
    summary="sparse autoencoders of a layer: how strongly and how often each feature is active",
    implementation="harness_superposition.sae:SAE",
    settings="harness_superposition.settings:SAE",
    reads=Activations,
    gives=SparseCodes,
    requires=("torch",),
    install=_INSTALL,
    paper=_PAPER,
    keep=True,
)

FEATURES = EstimatorSpec(
    name="effective-features",
    summary="effective number of features, exp of the entropy of their shares of activation mass",
    implementation="harness_superposition.features:EffectiveFeatures",
    settings="harness_superposition.settings:Hill",
    reads=SparseCodes,
    gives=Estimate,
    quantity=EFFECTIVE_FEATURES,
    paper=_PAPER,
)
FREQUENCY = replace(
    FEATURES,
    name="feature-frequency",
    summary="effective number of features, by how often they are active",
    implementation="harness_superposition.features:FeatureFrequency",
)
FEATURE_RECOVERY = Quantity(
    "feature_recovery",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="F1 of the matching of a dictionary with the features that a layer was made of",
)
RECOVERY = EstimatorSpec(
    name="dictionary-recovery",
    summary="whether a dictionary has the features that a layer was made of, matched by cosine",
    implementation="harness_superposition.recovery:DictionaryRecovery",
    settings="harness_superposition.settings:Matching",
    reads=SparseCodes,
    gives=Estimate,
    quantity=FEATURE_RECOVERY,
    traits=("deterministic",),
    requires=("scipy",),
    install=_INSTALL,
)
PARTICIPATION_RATIO = EstimatorSpec(
    name="participation-ratio",
    summary="directions in use: squared sum over sum of squares of the covariance's eigenvalues",
    implementation="harness_superposition.spectrum:ParticipationRatio",
    reads=(Activations, Samples),
    gives=Estimate,
    quantity=EFFECTIVE_FEATURES,
    traits=_GEOMETRIC,
    paper="P. Gao et al., bioRxiv 214262 (2017)",
)
EFFECTIVE_RANK = replace(
    PARTICIPATION_RATIO,
    name="effective-rank",
    summary="directions in use: exp of the entropy of the normalized singular values",
    implementation="harness_superposition.spectrum:EffectiveRank",
    paper="O. Roy, M. Vetterli, EUSIPCO 2007",
)
TWO_NN = EstimatorSpec(
    name="two-nn",
    summary="intrinsic dimension, from the distances to the two nearest neighbours",
    implementation="harness_superposition.two_nn:TwoNN",
    reads=(Activations, Samples, PairedSamples),
    gives=Estimate,
    quantity=INTRINSIC_DIMENSION,
    traits=_GEOMETRIC,
    requires=("scipy",),
    install=_INSTALL,
    paper="E. Facco et al., Sci. Rep. 7, 12140 (2017)",
)

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
    return (SAE,)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Effective numbers of features, and baselines on the same activations."""
    return FEATURES, FREQUENCY, RECOVERY, PARTICIPATION_RATIO, EFFECTIVE_RANK, TWO_NN


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """Recovery and the paper's claims."""
    return (CLAIMS,)
