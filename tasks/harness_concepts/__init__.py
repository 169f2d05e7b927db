"""Plugin `concepts`: items that people, or the seed, have put into categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import ConceptItems, Curve, Quantity, TaskSpec, hookimpl
from harness.quantities import V_INFORMATION

HARNESS_API = 1

COMPLEXITY = Quantity(
    "concept_complexity",
    "nats",
    "truth",
    lower=0.0,
    summary="I(X;C) of items and their clusters: the entropy of the sizes",
)
LEAST_DISTORTION = Quantity(
    "least_distortion",
    "",
    "lower",
    lower=0.0,
    upper=1.0,
    summary="share of the variance that any code at the categories' rate has to lose",
)
LOWEST = Quantity(
    "lowest_at", "", "none", summary="where a curve is lowest: the number of clusters of least cost"
)
_SCORED: dict[str, Any] = {
    "gives": ConceptItems,
    "quantities": (COMPLEXITY, LEAST_DISTORTION, LOWEST, V_INFORMATION),
    "scores": (Curve,),
    "traits": ("split",),
}
_PAPER = "C. Shani et al., From Tokens to Thoughts, ICLR 2026, arXiv:2505.17117"

PLANTED = TaskSpec(
    name="planted-prototypes",
    summary="clouds about prototypes; the far items are planted as untypical",
    implementation="harness_concepts.planted:PlantedPrototypes",
    settings="harness_concepts.settings:Planted",
    **_SCORED,
)
EVERYDAY = TaskSpec(
    name="everyday-categories",
    summary="scikit-learn's digits, wines and irises, with their measured features",
    implementation="harness_concepts.everyday:EverydayCategories",
    settings="harness_concepts.settings:Everyday",
    requires=("sklearn",),
    install="infoharness[tokens_to_thoughts]",
    **_SCORED,
)
ROSCH = TaskSpec(
    name="rosch-1973",
    summary="48 words in 8 categories, rated from 1 (best example) to 7",
    implementation="harness_concepts.rosch:Rosch1973",
    paper="E. Rosch, in: Cognitive Development and the Acquisition of Language, 111 (1973)",
    **_SCORED,
)
HUMAN = TaskSpec(
    name="human-concepts",
    files={"dataset": (".csv",)},
    summary="the words of three rating studies of 1973, 1975 and 1978, from a file or the hub",
    implementation="harness_concepts.human:HumanConcepts",
    settings="harness_concepts.settings:Human",
    paper=_PAPER,
    **_SCORED,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (PLANTED, EVERYDAY, ROSCH, HUMAN)
