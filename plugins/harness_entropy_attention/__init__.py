"""Plugin `entropy_attention`: how spread attention is, head by head, and what that says of an architecture."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    AttentionMaps,
    AttentionProfile,
    Estimate,
    EstimatorSpec,
    Param,
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
    summary="of the rows of attention, mean over queries and heads",
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
    "entropic_overload", "", "lower", lower=0.0, upper=1.0, summary="share of heads near uniform"
)
COLLAPSE = Quantity(
    "entropy_collapse", "", "lower", lower=0.0, upper=1.0, summary="share of heads near one-hot"
)
BALANCE = Quantity(
    "entropy_balance", "", "higher", lower=0.0, upper=1.0, summary="share of heads between the two"
)
BROKEN = Quantity(
    "broken_attention",
    "",
    "lower",
    lower=0.0,
    upper=1.0,
    summary="share of rows of attention that are NaN",
)
DIVERSITY = Quantity(
    "head_diversity",
    "nats",
    "none",
    lower=0.0,
    summary="Jensen-Shannon divergence between two heads of a layer, mean",
)
NONLINEAR = Quantity(
    "nonlinear_operations",
    "",
    "lower",
    lower=0.0,
    summary="numbers that pass a softmax, a norm or an activation",
)

_PAPER = "N. Jha & B. Reagen, Entropy-Guided Attention for Private LLMs, arXiv:2501.03489 (2025)"
_BOTH = (AttentionProfile, AttentionMaps)
_REFERENCE = Param(
    "reference",
    str,
    "causal",
    "the maximum: what causal rows can reach, or the largest head of this model (as in the paper)",
    choices=("causal", "observed"),
)
_CUTS = (
    Param(
        "low", float, 0.25, "below this share of the maximum a head is collapsed", low=0.0, high=1.0
    ),
    Param("high", float, 0.75, "from this share on it is overloaded", low=0.0, high=1.0),
)
ARCHITECTURES = (
    "ln-gelu",
    "ln-relu",
    "ln",
    "gelu",
    "relu",
    "softmax-only",
    "weight-norm",
    "weight-norm-qk",
    "weight-norm-qk-ffn",
    "weight-norm-qkv-ffn",
    "weight-norm-qkvo-ffn",
    "spectral-norm",
    "spectral-norm-qk",
    "spectral-norm-qk-ffn",
    "spectral-norm-qkv-ffn",
    "spectral-norm-qkvo-ffn",
    "scaled",
    "scaled-fused",
    "temperature",
    "regularised",
)
"""From the usual block to attention with nothing but its softmax, and what repairs that."""


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
    plain = ("deterministic", "permutation-invariant")
    yield EstimatorSpec(
        name="attention-entropy",
        summary="mean entropy of the rows of attention",
        implementation="harness_entropy_attention.measures:AttentionEntropy",
        reads=_BOTH,
        gives=Estimate,
        quantity=ATTENTION_ENTROPY,
        traits=(*plain, "local-mean"),
        paper=_PAPER,
    )
    yield EstimatorSpec(
        name="attention-uniformity",
        summary="attention entropy as a share of its maximum",
        implementation="harness_entropy_attention.measures:AttentionUniformity",
        params=(
            Param(
                "reference",
                str,
                "causal",
                "the maximum: of the mean of causal rows, ln t (as in the paper), or of each row on its own",
                choices=("causal", "log", "row"),
            ),
        ),
        reads=_BOTH,
        gives=Estimate,
        quantity=ATTENTION_UNIFORMITY,
        traits=plain,
        paper=_PAPER,
    )
    for name, summary, suffix, quantity in (
        (
            "attention-overload",
            "share of heads whose entropy is near its maximum",
            "Overload",
            OVERLOAD,
        ),
        ("attention-collapse", "share of heads whose entropy is near zero", "Collapse", COLLAPSE),
        (
            "attention-balance",
            "share of heads that are neither overloaded nor collapsed",
            "Balance",
            BALANCE,
        ),
    ):
        yield EstimatorSpec(
            name=name,
            summary=summary,
            implementation=f"harness_entropy_attention.measures:{suffix}",
            params=(_REFERENCE, *_CUTS),
            reads=_BOTH,
            gives=Estimate,
            quantity=quantity,
            traits=plain,
            paper=_PAPER,
        )
    yield EstimatorSpec(
        name="broken-attention",
        summary="share of rows of attention that a model computed as NaN",
        implementation="harness_entropy_attention.measures:BrokenAttention",
        reads=_BOTH,
        gives=Estimate,
        quantity=BROKEN,
        traits=(*plain, "local-mean"),
    )
    yield EstimatorSpec(
        name="head-diversity",
        summary="how much the heads of a layer differ, key by key",
        implementation="harness_entropy_attention.measures:HeadDiversity",
        reads=AttentionMaps,
        gives=Estimate,
        quantity=DIVERSITY,
        traits=(*plain, "local-mean"),
    )
    yield EstimatorSpec(
        name="private-inference",
        summary="nonlinear operations of one forward pass, which private inference pays for",
        implementation="harness_entropy_attention.cost:PrivateInference",
        params=(Param("tokens", int, 0, "of the pass; 0 for the length of the data", low=0),),
        reads=AttentionProfile,
        gives=Estimate,
        quantity=NONLINEAR,
        traits=plain,
        paper=_PAPER,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The architectures."""
    yield TaskSpec(
        name="attention-architectures",
        summary="transformers that differ in norm, activation and feed-forward part, trained alike on text",
        implementation="harness_entropy_attention.architectures:AttentionArchitectures",
        params=(
            Param(
                "architectures",
                tuple[str, ...],
                ("ln-gelu", "relu", "gelu", "softmax-only", "scaled-fused"),
                "which of them",
                choices=ARCHITECTURES,
            ),
            Param(
                "equal",
                str,
                "steps",
                "what all get: steps, or floating-point operations",
                choices=("steps", "flops"),
            ),
            Param("steps", int, 400, "of training (of ln-gelu, where operations are equal)", low=1),
            Param("layers", int, 4, "blocks", low=1),
            Param("heads", int, 4, "heads of a block", low=1),
            Param("width", int, 64, "of the hidden states", low=1),
            Param("window", int, 64, "tokens that the network can see", low=2),
            Param("entropy_penalty", float, 1e-2, "weight of the penalty of regularised", low=0.0),
            Param(
                "entropy_margin",
                tuple[float, ...],
                (0.2,),
                "its zone without penalty, as a share of ln t; regularised is a case for each",
                low=0.0,
            ),
            Param("temperature_start", float, 1.0, "of learned temperatures", above=0.0),
            Param("windows", int, 64, "stretches of test text that are looked at", low=1),
            Param("dataset", str, "pydoc", "see pydoc-text.dataset"),
        ),
        gives=AttentionProfile,
        quantities=(CROSS_ENTROPY, ATTENTION_ENTROPY, OVERLOAD, COLLAPSE, NONLINEAR),
        uses=("language/pydoc-text", "lm/tiny-lm-attention"),
        requires=("safetensors", "tokenizers", "torch"),
        install="infoharness[lm]",
        paper=_PAPER,
    )


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The paper's claims, and entropies by layer and head."""
    return (CLAIMS, HEATMAP)
