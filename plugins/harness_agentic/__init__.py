"""Plugin `agentic`: how much of a context a compression keeps, per token, and what a predictor makes of it."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    ChannelLogLikelihoods,
    Contexts,
    Estimate,
    EstimatorSpec,
    Param,
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

_PAPER = "S. He et al., An Information Theoretic Perspective on Agentic System Design, arXiv:2512.21720 (2025)"
_PLAIN = ("deterministic", "permutation-invariant")


RATE_DISTORTION = ReportSpec(
    name="rate-distortion",
    summary="distortion of compressors over their rate, with the fitted curve",
    implementation="harness_agentic.reports.rate_distortion:RateDistortion",
    reads=("agentic/bits-per-token", "agentic/answer-accuracy"),
    requires=("scipy",),
    install="infoharness[boards]",
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Information from a matrix of log-likelihoods, and what goes with it."""
    for name, summary, suffix, traits, paper in (
        (
            "agentic-mi",
            "Monte-Carlo information between context and compression, own context included: at most ln n",
            "AgenticMI",
            (*_PLAIN, "lower-bound", "local-mean"),
            _PAPER,
        ),
        (
            "agentic-mi-upper",
            "the same with the own context left out of the mean: an upper bound",
            "AgenticMIUpper",
            (*_PLAIN, "upper-bound", "local-mean"),
            "B. Poole et al., ICML 2019, arXiv:1905.06922",
        ),
        (
            "matrix-infonce",
            "InfoNCE with the log-likelihood as critic, contrasted over compressions instead of contexts",
            "MatrixInfoNCE",
            (*_PLAIN, "lower-bound", "local-mean"),
            "A. van den Oord et al., arXiv:1807.03748 (2018)",
        ),
    ):
        yield EstimatorSpec(
            name=name,
            summary=summary,
            implementation=f"harness_agentic.information:{suffix}",
            reads=ChannelLogLikelihoods,
            gives=Estimate,
            quantity=MUTUAL_INFORMATION,
            traits=traits,
            paper=paper,
        )
    yield EstimatorSpec(
        name="bits-per-token",
        summary="agentic-mi over the mean length of a compression",
        implementation="harness_agentic.information:BitsPerToken",
        reads=ChannelLogLikelihoods,
        gives=Estimate,
        quantity=BITS_PER_TOKEN,
        traits=_PLAIN,
        paper=_PAPER,
    )
    yield EstimatorSpec(
        name="answer-accuracy",
        summary="what a predictor gets right from the compressions alone",
        implementation="harness_agentic.information:AnswerAccuracy",
        reads=ChannelLogLikelihoods,
        gives=Estimate,
        quantity=ACCURACY,
        traits=(*_PLAIN, "local-mean"),
        paper=_PAPER,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Channels with known information, and contexts to compress."""
    yield TaskSpec(
        name="context-questions",
        summary="contexts and a question, for language models to compress: generated, or your own JSON lines",
        implementation="harness_agentic.stories:ContextQuestions",
        params=(
            Param("contexts", int, 16, "of each question, to be compressed", low=2),
            Param("training", int, 1000, "generated ones for models that learn", low=0),
            Param(
                "about",
                str,
                "traits",
                "generated facts: traits, whose values differ in sort, or things, which all have a colour",
                choices=("traits", "things"),
            ),
            Param("things", int, 4, "facts of a generated context", low=1, high=8),
            Param("questions", int, 2, "cases, one question each", low=1, high=8),
            Param(
                "dataset",
                str,
                "",
                "a file of JSON lines with text and answer; empty for generated contexts",
            ),
            Param("query", str, "", "the question that is asked of the file's texts"),
        ),
        gives=Contexts,
        traits=("split",),
        quantities=(MUTUAL_INFORMATION, BITS_PER_TOKEN, ACCURACY),
        paper=_PAPER,
    )
    yield TaskSpec(
        name="context-compression",
        summary="compressors whose information is known: facts kept or lost, symmetric and Gaussian channels",
        implementation="harness_agentic.channels:ContextCompression",
        params=(
            Param(
                "channels",
                tuple[str, ...],
                ("symmetric", "gaussian", "facts"),
                "which families",
                choices=("symmetric", "gaussian", "facts"),
            ),
            Param("contexts", int, 64, "drawn for each case", low=2),
            Param("draws", int, 8, "compressions of each context", low=1),
            Param(
                "facts",
                tuple[int, ...],
                (2, 6),
                "facts of a context; one set of cases for each",
                low=1,
            ),
            Param("values", int, 8, "that a fact can have", low=2),
            Param(
                "keep",
                tuple[float, ...],
                (0.3, 0.5, 0.7, 0.9),
                "probability that a fact is kept",
                low=0.0,
                high=1.0,
            ),
            Param(
                "corrupt",
                tuple[float, ...],
                (0.05, 0.15, 0.3),
                "that a kept one is wrong",
                low=0.0,
                high=1.0,
            ),
            Param(
                "filler",
                tuple[int, ...],
                (20, 12, 8, 2),
                "tokens that say nothing, for each keep",
                low=0,
            ),
            Param(
                "flip",
                tuple[float, ...],
                (0.0, 0.1, 0.5),
                "error of symmetric channels",
                low=0.0,
                high=1.0,
            ),
            Param("snr", tuple[float, ...], (1.0, 10.0, 100.0), "of Gaussian channels", above=0.0),
            Param(
                "proxy",
                float,
                1.0,
                "log-likelihoods are multiplied by it; 1 is the exact law",
                above=0.0,
            ),
        ),
        gives=ChannelLogLikelihoods,
        quantities=(MUTUAL_INFORMATION, BITS_PER_TOKEN, ACCURACY),
        paper=_PAPER,
    )


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """Rate and distortion."""
    return (RATE_DISTORTION,)
