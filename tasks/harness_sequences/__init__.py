"""Tasks on sequences: channels with memory and feedback, series, rates, and prompted tokens."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    ChannelLogLikelihoods,
    ConditionedSamples,
    Curve,
    EstimatorSpec,
    ModelSpec,
    PairedSamples,
    PairedSequences,
    RateProblem,
    ReferencedText,
    Samples,
    TaskSpec,
    TokenLaws,
    hookimpl,
)
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, MUTUAL_INFORMATION
from harness_sequences.quantities import (
    DIRECTED_INFORMATION,
    EVIDENCE_BOUND,
    INFORMATION_RATE,
    INSTANTANEOUS_INFORMATION,
    MEMORY_CAPACITY,
    RATE_ERROR,
    REVERSE_INFORMATION,
    TRANSFER_ENTROPY,
)

HARNESS_API = 1

_SEMANTICS = "B. Bai, Forget BIT, It is All about TOKEN, arXiv:2511.01202 (2025)"
_UNIVERSAL = "J. Jiao et al., IEEE Trans. Inf. Theory 59, 6220 (2013)"
_RATES = (
    DIRECTED_INFORMATION,
    REVERSE_INFORMATION,
    INSTANTANEOUS_INFORMATION,
    INFORMATION_RATE,
    TRANSFER_ENTROPY,
)

KNOWN_CHANNELS = TaskSpec(
    name="known-channels",
    summary="bits through channels with feedback, hidden states, delay, and a common driver",
    implementation="harness_sequences.channels:KnownChannels",
    settings="harness_sequences.settings:Channels",
    gives=PairedSequences,
    quantities=(*_RATES, MUTUAL_INFORMATION, CONDITIONAL_MUTUAL_INFORMATION),
    paper=_UNIVERSAL,
)
GAUSSIAN_SERIES = TaskSpec(
    name="gaussian-series",
    summary="Gaussian series of which one drives the other, with exact transfer entropy",
    implementation="harness_sequences.series:GaussianSeries",
    settings="harness_sequences.settings:Series",
    gives=PairedSequences,
    quantities=(*_RATES, MUTUAL_INFORMATION, CONDITIONAL_MUTUAL_INFORMATION),
    paper="L. Barnett, A. Barrett, A. Seth, Phys. Rev. Lett. 103, 238701 (2009)",
)
KNOWN_RATES = TaskSpec(
    name="known-rates",
    summary="rate-distortion problems with closed forms, with and without memory",
    implementation="harness_sequences.rates:KnownRates",
    settings="harness_sequences.settings:Rates",
    gives=RateProblem,
    quantities=(RATE_ERROR,),
    scores=(Curve,),
    paper="T. Berger, Rate Distortion Theory (1971); S. Tatikonda, PhD thesis, MIT (2000)",
)
FLOW = TaskSpec(
    name="flow",
    summary="tokens from one of four chains that a prompt picks, with their exact laws",
    implementation="harness_sequences.flow:PromptFlow",
    settings="harness_sequences.settings:Flow",
    gives=TokenLaws,
    quantities=(DIRECTED_INFORMATION, MUTUAL_INFORMATION, EVIDENCE_BOUND),
    paper=_SEMANTICS,
)
RANDOM_PATTERNS = TaskSpec(
    name="random-patterns",
    summary="normal patterns, of which a threshold unit can store two per dimension",
    implementation="harness_sequences.patterns:RandomPatterns",
    settings="harness_sequences.settings:Patterns",
    gives=Samples,
    quantities=(MEMORY_CAPACITY,),
    paper="T. Cover, IEEE Trans. Electron. Comput. 14, 326 (1965)",
)
DIALOGUES = TaskSpec(
    name="dialogues",
    files={"dataset": (".jsonl", ".parquet")},
    summary="utterances and their replies: generated, or your own JSON lines or Parquet",
    implementation="harness_sequences.dialogues:DialogueTurns",
    settings="harness_sequences.settings:Dialogues",
    gives=ReferencedText,
    quantities=(DIRECTED_INFORMATION,),
)

SAME_TIME = ModelSpec(
    name="same-time",
    summary="x and y of each step, as if steps were independent",
    implementation="harness_sequences.models:SameTime",
    traits=("deterministic",),
    reads=PairedSequences,
    gives=PairedSamples,
)
LAGGED = ModelSpec(
    name="lagged",
    summary="the past of x, y now, and the past of y: conditional information is transfer entropy",
    implementation="harness_sequences.models:Lagged",
    settings="harness_sequences.settings:Lags",
    traits=("deterministic",),
    reads=PairedSequences,
    gives=ConditionedSamples,
    paper="T. Schreiber, Phys. Rev. Lett. 85, 461 (2000)",
)
SOURCES_AND_TOKENS = ModelSpec(
    name="sources-and-tokens",
    summary="the source of each sequence and its tokens, as a pair of codes",
    implementation="harness_sequences.models:SourcesAndTokens",
    traits=("deterministic",),
    reads=TokenLaws,
    gives=PairedSamples,
)
SOURCE_LIKELIHOODS = ModelSpec(
    name="source-likelihoods",
    summary="the likelihood of every sequence under the source of every other",
    implementation="harness_sequences.models:SourceLikelihoods",
    traits=("deterministic",),
    reads=TokenLaws,
    gives=ChannelLogLikelihoods,
)

KNOWN_RATE = EstimatorSpec(
    name="known-rate",
    summary="the closed form of a problem of known-rates, for curves to be drawn beside",
    implementation="harness_sequences.rates:KnownRate",
    traits=("deterministic",),
    reads=RateProblem,
    gives=Curve,
    paper="T. Berger, Rate Distortion Theory (1971)",
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (KNOWN_CHANNELS, GAUSSIAN_SERIES, KNOWN_RATES, FLOW, RANDOM_PATTERNS, DIALOGUES)


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """From sequences to samples."""
    return (SAME_TIME, LAGGED, SOURCES_AND_TOKENS, SOURCE_LIKELIHOODS)


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """The truth of curves."""
    return (KNOWN_RATE,)
