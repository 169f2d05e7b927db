"""Tasks on kernels: sources that can be enumerated, topics, walks on graphs."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    ConditionedSamples,
    Kernels,
    ModelSpec,
    PairedSamples,
    StateFutures,
    TaskSpec,
    hookimpl,
)
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION
from harness_kernels.quantities import (
    CALIBRATION_GAP,
    CHI_SQUARED,
    ENTROPY_GAP,
    HELLINGER,
    INFORMATION_SURPLUS,
    JENSEN_SHANNON,
    RENYI,
    TOTAL_VARIATION,
)

HARNESS_API = 1

_PAPER = "Y. Zhang, A Markov Categorical Framework for Language Modeling, arXiv:2507.19247 (2025)"
_INFORMATION = (INFORMATION_SURPLUS, CONDITIONAL_MUTUAL_INFORMATION, MUTUAL_INFORMATION)

ENUMERABLE_SOURCES = TaskSpec(
    name="enumerable-sources",
    summary="states of small hidden Markov sources and the tokens after them, with their exact law",
    implementation="harness_kernels.sources:EnumerableSources",
    settings="harness_kernels.settings:Sources",
    gives=StateFutures,
    quantities=_INFORMATION,
    paper=_PAPER,
)
GRAPH_WALKS = TaskSpec(
    name="graph-walks",
    summary="nodes of a graph and the communities that a random walk visits next",
    implementation="harness_kernels.walks:GraphWalks",
    settings="harness_kernels.settings:Walks",
    gives=StateFutures,
    quantities=_INFORMATION,
    paper="W. Zachary, J. Anthropol. Res. 33, 452 (1977), for the karate club",
)
TOPIC_KERNELS = TaskSpec(
    name="topic-kernels",
    summary="mixtures of topics as laws of the next token, and models that are too sure or unsure",
    implementation="harness_kernels.topics:TopicKernels",
    settings="harness_kernels.settings:Topics",
    gives=Kernels,
    quantities=(
        *(ENTROPY, TOTAL_VARIATION, HELLINGER, RENYI, CHI_SQUARED, JENSEN_SHANNON),
        *(ENTROPY_GAP, CALIBRATION_GAP),
    ),
    paper=_PAPER,
)

FUTURES_GIVEN_NEXT = ModelSpec(
    name="futures-given-next",
    summary="states, the tokens after the next one, and the next one: conditional information",
    implementation="harness_kernels.models:FuturesGivenNext",
    traits=("deterministic",),
    reads=StateFutures,
    gives=ConditionedSamples,
)
STATES_AND_NEXT = ModelSpec(
    name="states-and-next",
    summary="pairs of a state and the code of the next token",
    implementation="harness_kernels.models:StatesAndNext",
    traits=("deterministic",),
    reads=StateFutures,
    gives=PairedSamples,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (ENUMERABLE_SOURCES, GRAPH_WALKS, TOPIC_KERNELS)


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """From states and futures to samples."""
    return (FUTURES_GIVEN_NEXT, STATES_AND_NEXT)
