"""Plugin `localist`: attention that points where a rule says, and blocks that are recruited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    Activations,
    AttentionProfile,
    BlockCounts,
    BlockSequences,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    PointedAttention,
    Quantity,
)
from harness import hookimpl as _hookimpl
from harness_localist.kinds import CodeLengths, GroupedWeights

HARNESS_API = 1

FIDELITY = Quantity(
    "pointer_fidelity",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="attention on the keys that a rule points to, mean over queries that have such keys",
)
LIFT = replace(
    FIDELITY, name="pointer_lift", lower=-1.0, summary="pointer fidelity above that of chance"
)
FIDELITY_SLACK = Quantity(
    "fidelity_slack",
    "",
    "none",
    summary="pointer fidelity above what the margin of the logits promises",
)
ENTROPY_SLACK = Quantity(
    "entropy_slack",
    "nats",
    "none",
    summary="attention entropy below what the margin of the logits allows",
)
ZEROS = Quantity(
    "zero_groups",
    "",
    "none",
    lower=0.0,
    upper=1.0,
    summary="share of the parts of a bilinear form between groups that are exactly zero",
)
COST = Quantity(
    "rule_cost",
    "nats",
    "lower",
    lower=0.0,
    summary="divergence of attention with a rule from attention without it",
)
CODE = Quantity(
    "code_length",
    "nats",
    "lower",
    lower=0.0,
    summary="per token: of the documents and of the model that codes them",
)
BLOCKS = Quantity(
    "recruited_blocks", "", "truth", lower=1.0, summary="number of blocks that shorten the code"
)
EXPERTS = replace(
    BLOCKS, name="recruited_experts", summary="number of experts that shorten the code"
)
ANCHORS = Quantity(
    "anchor_information",
    "nats",
    "higher",
    summary="what a few words chosen for each block say of the block of a document",
)

_PAPER = "J. Diederich, Localist LLMs with Recruitment Learning, arXiv:2510.17358 (2025)"
_INSTALL = "infoharness[localist]"
_PLAIN = ("deterministic", "permutation-invariant")

POINTER_FIDELITY = EstimatorSpec(
    name="pointer-fidelity",
    summary="attention on the keys that a rule points to",
    implementation="harness_localist.pointers:PointerFidelity",
    settings="harness_localist.settings:Fidelity",
    reads=PointedAttention,
    gives=Estimate,
    quantity=FIDELITY,
    traits=_PLAIN,
    paper=_PAPER,
)
POINTER_LIFT = replace(
    POINTER_FIDELITY,
    name="pointer-lift",
    summary="attention on the keys that a rule points to, above their share of all keys",
    implementation="harness_localist.pointers:PointerLift",
    settings=None,
    quantity=LIFT,
)
FIDELITY_BOUND = replace(
    POINTER_LIFT,
    name="fidelity-bound",
    summary="slack of a localist-style bound on fidelity from the margin; its constants are ours",
    implementation="harness_localist.pointers:FidelityBound",
    quantity=FIDELITY_SLACK,
)
ENTROPY_BOUND = replace(
    POINTER_LIFT,
    name="entropy-bound",
    summary="slack of a localist-style bound on entropy from the margin; its constants are ours",
    implementation="harness_localist.pointers:EntropyBound",
    quantity=ENTROPY_SLACK,
)
RULE_COST = replace(
    POINTER_FIDELITY,
    name="rule-cost",
    summary="what it costs to add the rule to the logits of a trained network",
    implementation="harness_localist.pointers:RuleCost",
    settings="harness_localist.settings:Rule",
    quantity=COST,
)
ZERO_GROUPS = EstimatorSpec(
    name="zero-groups",
    summary="parts of a bilinear form between groups that are exactly zero",
    implementation="harness_localist.groups:ZeroGroups",
    reads=GroupedWeights,
    gives=Estimate,
    quantity=ZEROS,
    traits=_PLAIN,
    paper=_PAPER,
)
CODE_LENGTH = EstimatorSpec(
    name="code-length",
    summary="shortest code of documents and model, per token",
    implementation="harness_localist.recruitment:CodeLength",
    reads=CodeLengths,
    gives=Estimate,
    quantity=CODE,
    traits=_PLAIN,
    paper=_PAPER,
)
RECRUITED_BLOCKS = EstimatorSpec(
    name="recruited-blocks",
    summary="number of blocks that are recruited while the code becomes shorter",
    implementation="harness_localist.recruitment:RecruitedBlocks",
    settings="harness_localist.settings:BlockStep",
    reads=CodeLengths,
    gives=Estimate,
    quantity=BLOCKS,
    traits=("deterministic",),
    requires=("scipy",),
    install=_INSTALL,
    paper=_PAPER,
)
RECRUITED_EXPERTS = replace(
    RECRUITED_BLOCKS,
    name="recruited-experts",
    summary="number of experts that are recruited while the code becomes shorter",
    implementation="harness_localist.recruitment:RecruitedExperts",
    settings="harness_localist.settings:ExpertStep",
    quantity=EXPERTS,
)
ANCHOR_INFORMATION = EstimatorSpec(
    name="anchor-information",
    summary="information that a few words chosen for each block have about the block",
    implementation="harness_localist.anchors:AnchorInformation",
    settings="harness_localist.settings:Anchors",
    reads=BlockCounts,
    gives=Estimate,
    quantity=ANCHORS,
    paper=_PAPER,
)

MIXTURE = ModelSpec(
    name="mixture",
    summary="code lengths of mixtures of 1, 2, ... blocks, each a law of words",
    implementation="harness_localist.codes:BlockCodes",
    settings="harness_localist.settings:BlockMixture",
    reads=BlockCounts,
    gives=CodeLengths,
    requires=("scipy",),
    install=_INSTALL,
    paper=_PAPER,
)
MIXTURE_OF_EXPERTS = replace(
    MIXTURE,
    name="experts",
    summary="code lengths with 1, 2, ... experts, each a mixture of blocks over words of its own",
    implementation="harness_localist.codes:ExpertCodes",
    settings="harness_localist.settings:Experts",
)
BLOCK_ATTENTION = ModelSpec(
    name="block-attention",
    summary="one bilinear layer trained with the dial of the data: its rows against own blocks",
    implementation="harness_localist.attention:BlockAttention",
    settings="harness_localist.settings:Layer",
    reads=BlockSequences,
    gives=PointedAttention,
    needs=("split",),
    # The weights depend on training_seed and the data alone: all paths share one network.
    traits=("deterministic",),
    paper=_PAPER,
)
BLOCK_OUTPUTS = replace(
    BLOCK_ATTENTION,
    name="block-attention-outputs",
    summary="one bilinear layer trained with the dial of the data: what attention gives, by label",
    implementation="harness_localist.attention:BlockOutputs",
    gives=LabelledSamples,
)
BLOCK_ACTIVATIONS = replace(
    BLOCK_ATTENTION,
    name="block-attention-activations",
    summary="one bilinear layer trained with the dial of the data: its activations",
    implementation="harness_localist.attention:BlockActivations",
    gives=Activations,
)
BLOCK_WEIGHTS = replace(
    BLOCK_ATTENTION,
    name="block-attention-weights",
    summary="one bilinear layer trained with the dial of the data: its weights by groups",
    implementation="harness_localist.attention:BlockWeights",
    gives=GroupedWeights,
)
POINTED_PROFILE = ModelSpec(
    name="pointed-profile",
    summary="rows of attention without the rule: their entropies",
    implementation="harness_localist.attention:PointedProfile",
    reads=PointedAttention,
    gives=AttentionProfile,
    traits=_PLAIN,
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Pointers, bounds, zeros, codes and anchors."""
    return (
        POINTER_FIDELITY,
        POINTER_LIFT,
        FIDELITY_BOUND,
        ENTROPY_BOUND,
        RULE_COST,
        ZERO_GROUPS,
        CODE_LENGTH,
        RECRUITED_BLOCKS,
        RECRUITED_EXPERTS,
        ANCHOR_INFORMATION,
    )


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Mixtures, and the layer in several readings."""
    return (
        MIXTURE,
        MIXTURE_OF_EXPERTS,
        BLOCK_ATTENTION,
        BLOCK_OUTPUTS,
        BLOCK_ACTIVATIONS,
        BLOCK_WEIGHTS,
        POINTED_PROFILE,
    )
