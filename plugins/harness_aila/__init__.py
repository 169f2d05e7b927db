"""Plugin `aila`: the locality dial of attention, and what it does to rules, entropy and loss."""

from __future__ import annotations

from collections.abc import Iterable

from harness import Estimate, EstimatorSpec, PointedAttention, Quantity, TaskSpec, TokenLaws
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY

HARNESS_API = 1

LOCALITY = Quantity(
    "locality_share",
    "",
    "none",
    lower=0.0,
    upper=1.0,
    summary="attention within a few positions of the query",
)
EFFECTIVE = Quantity(
    "effective_tokens",
    "",
    "none",
    lower=1.0,
    summary="number of tokens that attention is spread over: the exponential of its entropy",
)
TOKEN_LOSS = Quantity(
    "token_cross_entropy", "nats", "lower", lower=0.0, summary="-mean ln p of the next token"
)
CALIBRATION = Quantity(
    "calibration_error", "", "lower", lower=0.0, upper=1.0, summary="expected calibration error"
)

_MEASURED = (LOCALITY, EFFECTIVE, TOKEN_LOSS, ACCURACY, CALIBRATION)
_PAPER = (
    "J. Diederich, AILA: First Experiments with Localist Language Models, arXiv:2511.03559 (2025); "
    "equations and settings are ours"
)
_PLAIN = ("deterministic", "permutation-invariant")
_NETWORK = ("torch", "safetensors")

LOCALITY_SHARE = EstimatorSpec(
    name="locality-share",
    summary="attention within a few positions of the query",
    implementation="harness_aila.estimators:LocalityShare",
    settings="harness_aila.settings:Radius",
    reads=PointedAttention,
    gives=Estimate,
    quantity=LOCALITY,
    traits=_PLAIN,
    paper=_PAPER,
)
EFFECTIVE_TOKENS = EstimatorSpec(
    name="effective-tokens",
    summary="number of tokens that attention is spread over",
    implementation="harness_aila.estimators:EffectiveTokens",
    reads=PointedAttention,
    gives=Estimate,
    quantity=EFFECTIVE,
    traits=_PLAIN,
    paper=_PAPER,
)
NEXT_TOKEN_ACCURACY = EstimatorSpec(
    name="next-token-accuracy",
    summary="share of tokens that the network held to be the likeliest",
    implementation="harness_aila.estimators:NextTokenAccuracy",
    settings="harness_aila.settings:Queries",
    reads=(PointedAttention, TokenLaws),
    gives=Estimate,
    quantity=ACCURACY,
    traits=_PLAIN,
)
NEXT_TOKEN_LOSS = EstimatorSpec(
    name="next-token-loss",
    summary="cross-entropy per token of the network whose attention it is",
    implementation="harness_aila.estimators:NextTokenLoss",
    settings="harness_aila.settings:Queries",
    reads=(PointedAttention, TokenLaws),
    gives=Estimate,
    quantity=TOKEN_LOSS,
    traits=_PLAIN,
)
TOKEN_CALIBRATION = EstimatorSpec(
    name="token-calibration",
    summary="expected calibration error of the likeliest next token",
    implementation="harness_aila.estimators:TokenCalibration",
    settings="harness_aila.settings:Bins",
    reads=(PointedAttention, TokenLaws),
    gives=Estimate,
    quantity=CALIBRATION,
    traits=_PLAIN,
    paper="C. Guo et al., On Calibration of Modern Neural Networks, arXiv:1706.04599 (2017)",
)

DIAL_BLOCKS = TaskSpec(
    name="dial-blocks",
    summary="attention of one bilinear layer on labels of blocks, under three dials",
    implementation="harness_aila.tasks:DialBlocks",
    settings="harness_aila.settings:Blocks",
    gives=PointedAttention,
    quantities=_MEASURED,
    uses=("blocks/block-labels", "localist/block-attention"),
    paper=_PAPER,
)
DIAL_INDUCTION = TaskSpec(
    name="dial-induction",
    summary="attention of a small transformer on sequences of a period that is drawn anew",
    implementation="harness_aila.tasks:DialInduction",
    settings="harness_aila.settings:Induction",
    gives=PointedAttention,
    quantities=_MEASURED,
    requires=_NETWORK,
    install="infoharness[lm]",
    uses=("lm/tiny-lm-pointers",),
    paper=_PAPER,
)
DIAL_TEXT = TaskSpec(
    name="dial-text",
    summary="attention of a small transformer on text, over the locality dial",
    implementation="harness_aila.tasks:DialText",
    settings="harness_aila.settings:Text",
    gives=PointedAttention,
    quantities=_MEASURED,
    requires=_NETWORK,
    install="infoharness[lm]",
    uses=("language/pydoc-text", "lm/tiny-lm-pointers"),
    paper=_PAPER,
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """What the dial does to attention and to predictions."""
    return (
        LOCALITY_SHARE,
        EFFECTIVE_TOKENS,
        NEXT_TOKEN_ACCURACY,
        NEXT_TOKEN_LOSS,
        TOKEN_CALIBRATION,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Sweeps of the dial."""
    return (DIAL_BLOCKS, DIAL_INDUCTION, DIAL_TEXT)
