"""Plugin `moleblend`: what bonds tell of the shape of a molecule, and the shape of the bonds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harness import (
    AttentionMaps,
    Curve,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    Molecules,
    PairedSamples,
    Quantity,
    RelationPairs,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION, V_INFORMATION
from harness_moleblend.kinds import RelationLogProbabilities

HARNESS_API = 1

_PAPER = "Q. Yu et al., Multimodal Molecular Pretraining via Modality Blending, ICLR 2024, arXiv:2307.06235"  # noqa: E501
BLEND_INFORMATION = Quantity(
    "blend_information",
    "nats",
    "truth",
    lower=0.0,
    summary="I(A2;A1,B2) + I(B1;A1,B2): what blended relations tell of the hidden ones, per pair",
)
RELATION_TERM = Quantity(
    "relation_term",
    "nats",
    "none",
    summary="one of the eight terms of the blended information, per pair",
)
R2 = Quantity(
    "r2", "", "higher", upper=1.0, summary="share of the variance of a label that is predicted"
)
ROC_AUC = Quantity(
    "roc_auc",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="probability that a molecule of class 1 ranks above one of class 0",
)
_TORCH: dict[str, Any] = {
    "requires": ("torch",),
    "install": "infoharness[torch]",
    "needs": ("split",),
    "keep": True,
}
_SAID: dict[str, Any] = {
    "reads": RelationLogProbabilities,
    "paper": _PAPER,
}

BLEND = ModelSpec(
    name="blend",
    summary="blend-then-predict: an encoder sees one relation of each pair and predicts the others",
    implementation="harness_moleblend.blend:Blend",
    settings="harness_moleblend.settings:Blend",
    reads=(Molecules, RelationPairs),
    gives=RelationLogProbabilities,
    paper=_PAPER,
    **_TORCH,
)
PAIR_TABLE = ModelSpec(
    name="pair-table",
    summary="each relation from the other one of the same pair, by counts",
    implementation="harness_moleblend.counts:PairTable",
    settings="harness_moleblend.settings:Table",
    traits=("deterministic",),
    reads=RelationPairs,
    gives=RelationLogProbabilities,
    needs=("split",),
)
PAIR_MLP = ModelSpec(
    name="pair-mlp",
    summary="each relation from the other one of the same pair and its elements, by a network",
    implementation="harness_moleblend.pairs:PairMlp",
    settings="harness_moleblend.settings:PairNet",
    reads=RelationPairs,
    gives=RelationLogProbabilities,
    **_TORCH,
)
BLEND_FEATURES = ModelSpec(
    name="blend-features",
    summary="features of molecules by the encoder of blend, with their labels",
    implementation="harness_moleblend.blend:BlendFeatures",
    settings="harness_moleblend.settings:Features",
    reads=Molecules,
    gives=PairedSamples,
    paper=_PAPER,
    **_TORCH,
)
RANDOM_FEATURES = ModelSpec(
    name="random-features",
    summary="features of molecules by an encoder that was never trained, with their labels",
    implementation="harness_moleblend.blend:RandomFeatures",
    settings="harness_moleblend.settings:Random",
    reads=Molecules,
    gives=PairedSamples,
    **_TORCH,
)
MORGAN = ModelSpec(
    name="morgan",
    summary="counts of circular substructures of molecules, with their labels",
    implementation="harness_moleblend.fingerprints:Morgan",
    settings="harness_moleblend.settings:Morgan",
    traits=("deterministic",),
    reads=Molecules,
    gives=PairedSamples,
    needs=("split",),
    requires=("rdkit",),
    install="infoharness[molecules]",
    paper="D. Rogers, M. Hahn, J. Chem. Inf. Model. 50, 742 (2010)",
)
BLEND_CLASSES = replace(
    BLEND_FEATURES,
    name="blend-features-labelled",
    summary="the same, with labels as classes, where they are whole numbers",
    gives=LabelledSamples,
)
RANDOM_CLASSES = replace(
    RANDOM_FEATURES,
    name="random-features-labelled",
    summary="the same, with labels as classes, where they are whole numbers",
    gives=LabelledSamples,
)
MORGAN_CLASSES = replace(
    MORGAN,
    name="morgan-labelled",
    summary="the same, with labels as classes, where they are whole numbers",
    gives=LabelledSamples,
)
BLEND_VIEWS = ModelSpec(
    name="blend-views",
    summary="features of molecules seen in 2D and in 3D by the encoder of blend",
    implementation="harness_moleblend.blend:BlendViews",
    settings="harness_moleblend.settings:Pretraining",
    reads=Molecules,
    gives=PairedSamples,
    paper=_PAPER,
    **_TORCH,
)
BLEND_MAPS = ModelSpec(
    name="blend-maps",
    summary="attention of the encoder of blend, for test molecules of the commonest size",
    implementation="harness_moleblend.blend:BlendMaps",
    settings="harness_moleblend.settings:Maps",
    reads=Molecules,
    gives=AttentionMaps,
    paper=_PAPER,
    **_TORCH,
)

BLEND_MI = EstimatorSpec(
    name="blend-mi",
    summary="information of one relation on the other, per pair, by a predictor of hidden ones",
    implementation="harness_moleblend.estimators:BlendMI",
    settings="harness_moleblend.settings:Direction",
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    **_SAID,
)
BLEND_TOTAL = EstimatorSpec(
    name="blend-total",
    summary="what blended relations tell of hidden ones: half the sum of the eight terms",
    implementation="harness_moleblend.estimators:BlendTotal",
    settings="harness_moleblend.settings:Given",
    gives=Estimate,
    quantity=BLEND_INFORMATION,
    **_SAID,
)
BLEND_TERM = EstimatorSpec(
    name="blend-term",
    summary="one of the eight terms of the blended information",
    implementation="harness_moleblend.estimators:BlendTerm",
    settings="harness_moleblend.settings:Term",
    gives=Estimate,
    quantity=RELATION_TERM,
    **_SAID,
)
BLEND_TERMS = EstimatorSpec(
    name="blend-terms",
    summary="all eight terms of the blended information, as a curve",
    implementation="harness_moleblend.estimators:BlendTerms",
    settings="harness_moleblend.settings:Given",
    gives=Curve,
    **_SAID,
)
RELATION_PVI = EstimatorSpec(
    name="relation-pvi",
    summary="pointwise usable information of every relation of a pair on the other",
    implementation="harness_moleblend.estimators:RelationPVI",
    settings="harness_moleblend.settings:Direction",
    gives=Estimate,
    quantity=V_INFORMATION,
    reads=RelationLogProbabilities,
    paper="K. Ethayarajh et al., Understanding Dataset Difficulty, ICML 2022, arXiv:2110.08420",
)
RIDGE_R2 = EstimatorSpec(
    name="ridge-r2",
    summary="variance of a label that a ridge regression on features predicts",
    implementation="harness_moleblend.ridge:RidgeR2",
    settings="harness_moleblend.settings:Probe",
    reads=(PairedSamples, RelationLogProbabilities),
    gives=Estimate,
    quantity=R2,
    needs=("split",),
)
RIDGE_AUC = replace(
    RIDGE_R2,
    name="ridge-auc",
    summary="area under the ROC curve of a ridge regression on features, for labels of 0 and 1",
    implementation="harness_moleblend.ridge:RidgeAuc",
    quantity=ROC_AUC,
)


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Predictors of hidden relations; features; views of the encoder."""
    return (
        *(BLEND, PAIR_TABLE, PAIR_MLP, BLEND_VIEWS, BLEND_MAPS),
        *(BLEND_FEATURES, RANDOM_FEATURES, MORGAN),
        *(BLEND_CLASSES, RANDOM_CLASSES, MORGAN_CLASSES),
    )


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Information per pair, in total and by term; pointwise; a linear probe."""
    return (
        *(BLEND_MI, BLEND_TOTAL, BLEND_TERM, BLEND_TERMS, RELATION_PVI),
        *(RIDGE_R2, RIDGE_AUC),
    )
