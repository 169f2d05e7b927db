"""A plugin that cheats, in every way that was tried; each is caught by a test."""

from harness import (
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    PairedSamples,
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
        name="labels",
        summary="labels by the sign of x",
        implementation="honest_tasks:Labels",
        gives=LabelledSamples,
        quantities=(MUTUAL_INFORMATION,),
    )
