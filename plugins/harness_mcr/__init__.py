"""Plugin `mcr`: fused networks of several modalities, and what each modality alone tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Estimate,
    EstimatorSpec,
    LabelLogProbabilities,
    Modalities,
    ModelSpec,
    Quantity,
    ReportSpec,
    hookimpl,
)
from harness.quantities import ACCURACY, CONDITIONAL_MUTUAL_INFORMATION
from harness_mcr.kinds import FusedPredictions

HARNESS_API = 1

_MCR = "K. Kontras et al., Balancing Multimodal Training, NeurIPS 2025, arXiv:2411.07335"
WEAKEST = Quantity(
    "weakest_modality",
    "nats",
    "none",
    lower=0.0,
    summary="the least conditional information that a fused predictor draws from a modality",
)
CONTRASTIVE_INFORMATION = Quantity(
    "contrastive_information",
    "nats",
    "truth",
    lower=0.0,
    summary="I(X1;X2,Y) + I(X2;X1,Y): what a contrast by classes can find",
)
CEB_RESIDUAL = Quantity(
    "ceb_residual",
    "",
    "none",
    lower=0.0,
    summary="mean squared part of the modalities, in shares of variance, that no class explains",
)
_TORCH: dict[str, Any] = {
    "requires": ("torch",),
    "install": "infoharness[torch]",
    "needs": ("split",),
}
_FUSED: dict[str, Any] = {"reads": FusedPredictions, "gives": Estimate, "paper": _MCR}
_LOCAL = ("deterministic", "permutation-invariant", "local-mean")

FUSION = ModelSpec(
    name="fusion",
    summary="predictions of a network fused from all modalities, with donors for each in turn",
    implementation="harness_mcr.fusion:Fusion",
    settings="harness_mcr.settings:Fusion",
    reads=Modalities,
    gives=FusedPredictions,
    keep=True,
    paper=_MCR,
    **_TORCH,
)
FUSION_LATENTS = ModelSpec(
    name="fusion-latents",
    summary="latent vectors of each modality in a fused network",
    implementation="harness_mcr.fusion:FusionLatents",
    settings="harness_mcr.settings:Fusion",
    reads=Modalities,
    gives=Modalities,
    keep=True,
    paper=_MCR,
    **_TORCH,
)
EXACT_FUSION = ModelSpec(
    name="exact-fusion",
    summary="the predictor by counts of two discrete modalities, with donors for each in turn",
    implementation="harness_mcr.tables:ExactFusion",
    settings="harness_mcr.settings:Donors",
    reads=Modalities,
    gives=FusedPredictions,
    paper=_MCR,
)
CONDITIONAL_PREDICTORS = ModelSpec(
    name="conditional-predictors",
    summary="two predictors of the class, with the first modality and without it",
    implementation="harness_mcr.refit:Predictors",
    settings="harness_mcr.settings:Predictors",
    reads=Modalities,
    gives=LabelLogProbabilities,
    keep=True,
    paper="K. Ethayarajh et al., Understanding Dataset Difficulty, ICML 2022, arXiv:2110.08420",
    **_TORCH,
)

MIPD = EstimatorSpec(
    name="mipd",
    summary="Jensen-Shannon divergence of predictions with own and with a donor's modality",
    implementation="harness_mcr.estimators:MIPD",
    settings="harness_mcr.settings:Side",
    traits=(*_LOCAL, "lower-bound"),
    quantity=CONDITIONAL_MUTUAL_INFORMATION,
    **_FUSED,
)
MIPD_K = EstimatorSpec(
    name="mipd-k",
    summary="Jensen-Shannon divergence of predictions with own and with all donors' modalities",
    implementation="harness_mcr.estimators:MIPDK",
    settings="harness_mcr.settings:Side",
    traits=(*_LOCAL, "lower-bound"),
    quantity=CONDITIONAL_MUTUAL_INFORMATION,
    **_FUSED,
)
MIPD_LIKELIHOOD = EstimatorSpec(
    name="mipd-likelihood",
    summary="log-likelihood lost with a donor's modality: a diagnostic, no bound",
    implementation="harness_mcr.estimators:MIPDLikelihood",
    settings="harness_mcr.settings:Side",
    traits=("deterministic", "permutation-invariant"),
    quantity=CONDITIONAL_MUTUAL_INFORMATION,
    **_FUSED,
)
MIPD_UPPER = EstimatorSpec(
    name="mipd-upper",
    summary="log-likelihood lost with the mean prediction of all donors",
    implementation="harness_mcr.estimators:MIPDUpper",
    settings="harness_mcr.settings:Side",
    # Not permutation-invariant: which donors are the unit itself is told by positions.
    traits=("deterministic", "local-mean", "upper-bound"),
    quantity=CONDITIONAL_MUTUAL_INFORMATION,
    **_FUSED,
)
WEAK_MODALITY = EstimatorSpec(
    name="weak-modality",
    summary="the least of the values of mipd over the modalities",
    implementation="harness_mcr.estimators:WeakModality",
    settings="harness_mcr.settings:Used",
    traits=_LOCAL,
    quantity=WEAKEST,
    **_FUSED,
)
FUSION_ACCURACY = EstimatorSpec(
    name="fusion-accuracy",
    summary="share of units whose class the fused predictor gets right",
    implementation="harness_mcr.estimators:FusionAccuracy",
    traits=_LOCAL,
    quantity=ACCURACY,
    **_FUSED,
)
CONDITIONAL_PVI = EstimatorSpec(
    name="conditional-pvi",
    summary="log-likelihood lost by a predictor refitted without the first modality",
    implementation="harness_mcr.refit:ConditionalPVI",
    settings="harness_mcr.settings:Conditional",
    traits=("local-mean",),
    reads=Modalities,
    gives=Estimate,
    quantity=CONDITIONAL_MUTUAL_INFORMATION,
    paper="K. Ethayarajh et al., Understanding Dataset Difficulty, ICML 2022, arXiv:2110.08420",
    **_TORCH,
)
SUPCON_BOUND = EstimatorSpec(
    name="supcon-bound",
    summary="contrast of two modalities of one class against the marginal: a bound up to ln N",
    implementation="harness_mcr.contrast:SupConBound",
    settings="harness_mcr.settings:Contrast",
    traits=("local-mean", "lower-bound"),
    reads=Modalities,
    gives=Estimate,
    quantity=CONTRASTIVE_INFORMATION,
    paper=_MCR,
    **_TORCH,
)
CEB = EstimatorSpec(
    name="ceb-residual",
    summary="what the best reconstruction of both modalities from the class leaves",
    implementation="harness_mcr.estimators:CEBResidual",
    traits=("deterministic", "local-mean"),
    reads=Modalities,
    gives=Estimate,
    quantity=CEB_RESIDUAL,
    needs=("split",),
    paper=_MCR,
)

CLAIMS = ReportSpec(
    name="claims",
    summary="what the paper says of ways of training, with the seeds in which it holds",
    implementation="harness_mcr.reports.claims:Claims",
    reads=("mcr/fusion-accuracy", "mcr/weak-modality"),
)


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Networks and tables that predict the class from all modalities."""
    return FUSION, FUSION_LATENTS, EXACT_FUSION, CONDITIONAL_PREDICTORS


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """What predictors draw from one modality; refits; terms of the loss as estimates."""
    return (
        *(MIPD, MIPD_K, MIPD_UPPER, MIPD_LIKELIHOOD, WEAK_MODALITY, FUSION_ACCURACY),
        *(CONDITIONAL_PVI, SUPCON_BOUND, CEB),
    )


@hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """Claims of the paper."""
    return (CLAIMS,)
