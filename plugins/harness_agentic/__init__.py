"""Plugin `agentic`: how much of a context a compression keeps, and what it is good for."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    ChannelLogLikelihoods,
    Contexts,
    Estimate,
    EstimatorSpec,
    Quantity,
    ReportSpec,
    TaskSpec,
)
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY, MUTUAL_INFORMATION

HARNESS_API = 1

BITS_PER_TOKEN = Quantity(
    "bits_per_token",
    "bits/token",
    "higher",
    summary="mutual information of context and compression over its length",
)

ANSWER_PERPLEXITY = Quantity(
    "answer_perplexity",
    "",
    "lower",
    lower=1.0,
    summary="perplexity of the right answer, per token, to a predictor that sees the compression",
)

_PAPER = (
    "S. He et al., An Information Theoretic Perspective on Agentic System Design, "
    "arXiv:2512.21720 (2025)"
)
_PLAIN = ("deterministic", "permutation-invariant")

AGENTIC_MI = EstimatorSpec(
    name="agentic-mi",
    summary="Monte Carlo information of context and compression, own context in the mean: <= ln n",
    implementation="harness_agentic.information:AgenticMI",
    reads=ChannelLogLikelihoods,
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    traits=(*_PLAIN, "lower-bound", "local-mean"),
    paper=_PAPER,
)
AGENTIC_MI_UPPER = EstimatorSpec(
    name="agentic-mi-upper",
    summary="Monte Carlo information with the own context left out of the mean: an upper bound",
    implementation="harness_agentic.information:AgenticMIUpper",
    reads=ChannelLogLikelihoods,
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    traits=(*_PLAIN, "upper-bound", "local-mean"),
    paper="B. Poole et al., ICML 2019, arXiv:1905.06922",
)
MATRIX_INFONCE = EstimatorSpec(
    name="matrix-infonce",
    summary="InfoNCE with the log-likelihood as critic, contrasted over compressions",
    implementation="harness_agentic.information:MatrixInfoNCE",
    reads=ChannelLogLikelihoods,
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    traits=(*_PLAIN, "lower-bound", "local-mean"),
    paper="A. van den Oord et al., arXiv:1807.03748 (2018)",
)
TOKEN_RATE = EstimatorSpec(
    name="bits-per-token",
    summary="agentic-mi in bits over the mean length of a compression",
    implementation="harness_agentic.information:BitsPerToken",
    reads=ChannelLogLikelihoods,
    gives=Estimate,
    quantity=BITS_PER_TOKEN,
    traits=_PLAIN,
    paper=_PAPER,
)
ANSWER_ACCURACY = EstimatorSpec(
    name="answer-accuracy",
    summary="share of right answers of a predictor that sees the compressions alone",
    implementation="harness_agentic.information:AnswerAccuracy",
    reads=ChannelLogLikelihoods,
    gives=Estimate,
    quantity=ACCURACY,
    traits=(*_PLAIN, "local-mean"),
    paper=_PAPER,
)

ANSWER_SURPRISE = EstimatorSpec(
    name="answer-perplexity",
    summary="perplexity of the right answer to a predictor that sees the compressions alone",
    implementation="harness_agentic.information:AnswerPerplexity",
    reads=ChannelLogLikelihoods,
    gives=Estimate,
    quantity=ANSWER_PERPLEXITY,
    traits=_PLAIN,
    paper=_PAPER,
)

CONTEXT_QUESTIONS = TaskSpec(
    name="context-questions",
    summary="contexts with a question for language models to compress: generated, or your own",
    implementation="harness_agentic.stories:ContextQuestions",
    settings="harness_agentic.settings:Questions",
    gives=Contexts,
    traits=("split",),
    quantities=(MUTUAL_INFORMATION, BITS_PER_TOKEN, ACCURACY),
    paper=_PAPER,
)
RESEARCH_QUESTIONS = TaskSpec(
    name="research-questions",
    files={"folder": ("/",), "asked": (".jsonl",)},
    summary="questions to a whole collection of documents: generated, or a folder of your own",
    implementation="harness_agentic.collection:ResearchQuestions",
    settings="harness_agentic.settings:Collection",
    gives=Contexts,
    quantities=(MUTUAL_INFORMATION, BITS_PER_TOKEN, ACCURACY),
    plan=False,
    paper=_PAPER,
)
CONTEXT_COMPRESSION = TaskSpec(
    name="context-compression",
    summary="compressors of known information: lossy facts, symmetric and Gaussian channels",
    implementation="harness_agentic.channels:ContextCompression",
    settings="harness_agentic.settings:Channels",
    gives=ChannelLogLikelihoods,
    quantities=(MUTUAL_INFORMATION, BITS_PER_TOKEN, ACCURACY),
    paper=_PAPER,
)

RATE_DISTORTION = ReportSpec(
    name="rate-distortion",
    summary="distortion of compressors over their rate, with the fitted curve",
    implementation="harness_agentic.reports.rate_distortion:RateDistortion",
    reads=("agentic/bits-per-token", "agentic/answer-accuracy"),
    requires=("scipy",),
    install="infoharness[boards]",
)
REGRESSION = ReportSpec(
    name="regression",
    summary="accuracy regressed on families and sizes of compressor and predictor",
    implementation="harness_agentic.reports.regression:Regression",
    reads=("agentic/answer-accuracy",),
    requires=("scipy",),
    install="infoharness[boards]",
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Information from a matrix of log-likelihoods, and the accuracy beside it."""
    return (
        AGENTIC_MI,
        AGENTIC_MI_UPPER,
        MATRIX_INFONCE,
        TOKEN_RATE,
        ANSWER_ACCURACY,
        ANSWER_SURPRISE,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Channels with known information, and contexts to compress."""
    return CONTEXT_QUESTIONS, RESEARCH_QUESTIONS, CONTEXT_COMPRESSION


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """Rate and distortion; what accuracy goes with."""
    return RATE_DISTORTION, REGRESSION
