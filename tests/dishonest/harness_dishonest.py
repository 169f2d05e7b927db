"""A plugin that cheats, in every way that was tried; each is caught by a test."""

from harness import (
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    PairedSamples,
    Prediction,
    Quantity,
    Samples,
    TaskSpec,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION

HARNESS_API = 1
NAMES = ("sorts", "walks", "asks", "imports", "replaces", "believes", "floods", "garbles", "honest")


@hookimpl
def harness_estimators():
    for name in NAMES:
        yield EstimatorSpec(
            name=name,
            summary=f"an estimator that {name}",
            implementation=f"dishonest_parts:{name.title()}",
            reads=PairedSamples,
            gives=Estimate,
            quantity=MUTUAL_INFORMATION,
        )
    for name, task_kinds in (("guesses", (Samples, Samples)), ("other", (Samples, PairedSamples))):
        yield EstimatorSpec(
            name=name,
            summary="finds a hidden number by halving",
            implementation="dishonest_parts:Guesses",
            reads=Samples,
            gives=Prediction,
            asks=task_kinds,
        )
    yield EstimatorSpec(
        name="agreement",
        summary="information of labels by their agreement with the sign of x",
        implementation="dishonest_parts:Agreement",
        reads=LabelledSamples,
        gives=Estimate,
        quantity=MUTUAL_INFORMATION,
    )


@hookimpl
def harness_models():
    for name, gives, plan in (
        ("stars", LabelledSamples, True),
        ("called", LabelledSamples, False),
        ("spoils", PairedSamples, True),
    ):
        yield ModelSpec(
            name=name,
            summary=f"a model that {name}",
            implementation=f"dishonest_parts:{name.title()}",
            reads=gives,
            gives=gives,
            plan=plan,
        )


@hookimpl
def harness_tasks():
    yield TaskSpec(
        name="pairs",
        summary="normal pairs that share a known information",
        implementation="honest_tasks:Pairs",
        gives=PairedSamples,
        quantities=(MUTUAL_INFORMATION,),
    )
    yield TaskSpec(
        name="hidden",
        summary="a number that an estimator asks for",
        implementation="honest_tasks:Hidden",
        gives=Samples,
        quantities=(Quantity("questions", "", "lower", summary="number of questions"),),
        scores=(Prediction,),
        answers=(Samples, Samples),
    )
    yield TaskSpec(
        name="labels",
        summary="labels by the sign of x",
        implementation="honest_tasks:Labels",
        gives=LabelledSamples,
        quantities=(MUTUAL_INFORMATION,),
    )
