"""Plugin `entropy_attention`: how spread attention is, and what that says of an architecture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    AttentionMaps,
    AttentionProfile,
    CommandSpec,
    Estimate,
    EstimatorSpec,
    Quantity,
    ReportSpec,
    TaskSpec,
)
from harness import hookimpl as _hookimpl
from harness.quantities import CROSS_ENTROPY

HARNESS_API = 1

ATTENTION_ENTROPY = Quantity(
    "attention_entropy",
    "nats",
    "none",
    lower=0.0,
    summary="entropy of the rows of attention, mean over queries and heads",
)
ATTENTION_UNIFORMITY = Quantity(
    "attention_uniformity",
    "",
    "none",
    lower=0.0,
    upper=1.0,
    summary="attention entropy as a share of its maximum",
)
OVERLOAD = Quantity(
    "entropic_overload",
    "",
    "lower",
    lower=0.0,
    upper=1.0,
    summary="share of heads whose attention is nearly uniform",
)
COLLAPSE = replace(
    OVERLOAD,
    name="entropy_collapse",
    summary="share of heads whose attention is nearly one-hot",
)
BALANCE = replace(
    OVERLOAD,
    name="entropy_balance",
    better="higher",
    summary="share of heads that are neither overloaded nor collapsed",
)
BROKEN = replace(
    OVERLOAD,
    name="broken_attention",
    summary="share of rows of attention that are NaN",
)
DIVERSITY = Quantity(
    "head_diversity",
    "nats",
    "none",
    lower=0.0,
    summary="Jensen-Shannon divergence between two heads of a layer, mean over pairs and layers",
)
NONLINEAR = Quantity(
    "nonlinear_operations",
    "",
    "lower",
    lower=0.0,
    summary="number of values that pass a softmax, a normalization or an activation function",
)

_PAPER = "N. Jha & B. Reagen, Entropy-Guided Attention for Private LLMs, arXiv:2501.03489 (2025)"
_BOTH = (AttentionProfile, AttentionMaps)
_PLAIN = ("deterministic", "permutation-invariant")

ENTROPY = EstimatorSpec(
    name="attention-entropy",
    summary="mean entropy of the rows of attention",
    implementation="harness_entropy_attention.measures:AttentionEntropy",
    reads=_BOTH,
    gives=Estimate,
    quantity=ATTENTION_ENTROPY,
    traits=(*_PLAIN, "local-mean"),
    paper=_PAPER,
)
UNIFORMITY = EstimatorSpec(
    name="attention-uniformity",
    summary="attention entropy as a share of its maximum",
    implementation="harness_entropy_attention.measures:AttentionUniformity",
    settings="harness_entropy_attention.settings:Reference",
    reads=_BOTH,
    gives=Estimate,
    quantity=ATTENTION_UNIFORMITY,
    traits=_PLAIN,
    paper=_PAPER,
)
OVERLOADED = EstimatorSpec(
    name="attention-overload",
    summary="share of heads whose entropy is near its maximum",
    implementation="harness_entropy_attention.measures:Overload",
    settings="harness_entropy_attention.settings:Classes",
    reads=_BOTH,
    gives=Estimate,
    quantity=OVERLOAD,
    traits=_PLAIN,
    paper=_PAPER,
)
COLLAPSED = replace(
    OVERLOADED,
    name="attention-collapse",
    summary="share of heads whose entropy is near zero",
    implementation="harness_entropy_attention.measures:Collapse",
    quantity=COLLAPSE,
)
BALANCED = replace(
    OVERLOADED,
    name="attention-balance",
    summary="share of heads that are neither overloaded nor collapsed",
    implementation="harness_entropy_attention.measures:Balance",
    quantity=BALANCE,
)
BROKEN_ATTENTION = EstimatorSpec(
    name="broken-attention",
    summary="share of rows of attention that a model computed as NaN",
    implementation="harness_entropy_attention.measures:BrokenAttention",
    reads=_BOTH,
    gives=Estimate,
    quantity=BROKEN,
    traits=(*_PLAIN, "local-mean"),
)
HEAD_DIVERSITY = EstimatorSpec(
    name="head-diversity",
    summary="difference between the heads of a layer, key by key",
    implementation="harness_entropy_attention.measures:HeadDiversity",
    reads=AttentionMaps,
    gives=Estimate,
    quantity=DIVERSITY,
    traits=(*_PLAIN, "local-mean"),
)
PRIVATE_INFERENCE = EstimatorSpec(
    name="private-inference",
    summary="nonlinear operations of a forward pass, which are what private inference pays for",
    implementation="harness_entropy_attention.cost:PrivateInference",
    settings="harness_entropy_attention.settings:Pass",
    reads=AttentionProfile,
    gives=Estimate,
    quantity=NONLINEAR,
    traits=_PLAIN,
    paper=_PAPER,
)

ATTENTION_ARCHITECTURES = TaskSpec(
    name="attention-architectures",
    summary="transformers that differ in normalization, activation and feed-forward part, on text",
    implementation="harness_entropy_attention.architectures:AttentionArchitectures",
    settings="harness_entropy_attention.settings:Architectures",
    gives=AttentionProfile,
    quantities=(CROSS_ENTROPY, ATTENTION_ENTROPY, OVERLOAD, COLLAPSE, NONLINEAR),
    uses=("language/pydoc-text", "lm/tiny-lm-attention"),
    requires=("safetensors", "tokenizers", "torch"),
    install="infoharness[lm]",
    paper=_PAPER,
)

CLAIMS = ReportSpec(
    name="claims",
    summary="the paper's orderings of architectures, with the seeds in which they hold",
    implementation="harness_entropy_attention.reports.claims:Claims",
    reads=("entropy_attention/attention-architectures",),
    requires=("scipy",),
    install="infoharness[boards]",
)
HEATMAP = ReportSpec(
    name="heatmap",
    summary="attention entropies, layers by heads, a panel for each case",
    implementation="harness_entropy_attention.reports.heatmap:Heatmap",
    reads=("entropy_attention/attention-entropy",),
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Measures of attention."""
    return (
        ENTROPY,
        UNIFORMITY,
        OVERLOADED,
        COLLAPSED,
        BALANCED,
        BROKEN_ATTENTION,
        HEAD_DIVERSITY,
        PRIVATE_INFERENCE,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The architectures."""
    return (ATTENTION_ARCHITECTURES,)


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The paper's claims, and entropies by layer and head."""
    return (CLAIMS, HEATMAP)


@_hookimpl
def harness_commands() -> Iterable[CommandSpec]:
    """The verb ``layers``."""
    yield CommandSpec(
        name="layers",
        summary="what the layers of a causal language model do with a text",
        implementation="harness_entropy_attention.command",
    )
