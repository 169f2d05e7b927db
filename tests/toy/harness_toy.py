"""A plugin for the tests: parts that work, and parts that fail in every way there is."""

from harness import (
    CommandSpec,
    Curve,
    Estimate,
    EstimatorSpec,
    ModelSpec,
    PairedSamples,
    Param,
    Quantity,
    ReportSpec,
    Samples,
    Selection,
    TaskSpec,
    hookimpl,
)
from harness.quantities import ENTROPY

HARNESS_API = 1
GAIN = Quantity("gain", "", "higher", summary="sum of the chosen values")
COST = Quantity("cost", "", "lower", summary="units chosen")

FAULTS = (
    "boom",
    "segv",
    "last-words",
    "leave",
    "sleep",
    "hog",
    "unfit",
    "not-a-number",
    "wrong-output",
    "global-noise",
)


def _estimator(name, implementation, **more):
    declared = {"reads": Samples, "gives": Estimate, "quantity": ENTROPY} | more
    return EstimatorSpec(
        name=name,
        summary=f"the toy estimator {name}",
        implementation=f"toy_parts:{implementation}",
        **declared,
    )


@hookimpl
def harness_estimators():
    yield _estimator(
        "mean",
        "Mean",
        params=(Param("scale", float, 1.0, "factor", above=0),),
        traits=("deterministic",),
    )
    yield _estimator("noise", "Noise")
    yield _estimator(
        "slow",
        "Slow",
        params=(
            Param("seconds", float, 0.06, "how long"),
            Param("log", str, "", "file"),
        ),
    )
    yield _estimator(
        "lengthy",
        "Lengthy",
        params=(
            Param("steps", int, 5, "how many", low=1),
            Param("pause", float, 0.0, "seconds of each step"),
        ),
    )
    yield _estimator(
        "on-device",
        "OnDevice",
        params=(
            Param("device", str, "cpu", "where it runs", choices=("cpu", "cuda")),
            Param("log", str, "", "file"),
        ),
    )
    yield _estimator(
        "bend", "Bend", gives=Curve, quantity=None, params=(Param("points", int, 3, "of it"),)
    )
    yield _estimator("compiles", "Compiles", params=(Param("log", str, "", "file"),))
    yield _estimator("absent", "Mean", requires=("no_such_package",), install="no-such-package")
    yield _estimator("borrows", "Borrows", uses=("msc/entropy",))
    yield _estimator("paired", "Mean", reads=PairedSamples)
    yield _estimator("split-only", "Mean", needs=("split",))
    for name in FAULTS:
        yield _estimator(name, "".join(word.title() for word in name.split("-")))
    yield _estimator("first", "First", gives=Selection, quantity=None, traits=("deterministic",))
    yield _estimator("best", "Best", gives=Selection, quantity=None, traits=("deterministic",))


@hookimpl
def harness_models():
    def model(name, implementation, reads, gives, **more):
        return ModelSpec(
            name=name,
            summary=f"the toy model {name}",
            implementation=f"toy_parts:{implementation}",
            reads=reads,
            gives=gives,
            **more,
        )

    yield model("double", "Double", Samples, Samples, traits=("deterministic",), keep=True)
    yield model("jitter", "Jitter", Samples, Samples)
    yield model("pair", "Pair", Samples, PairedSamples, traits=("deterministic",))
    yield model("dies", "Dies", Samples, Samples)


@hookimpl
def harness_tasks():
    count = Param("count", int, 3, "number of cases", low=1)
    n = Param("n", int, 50, "points per case", low=2)
    yield TaskSpec(
        name="normals",
        summary="standard normal samples",
        implementation="toy_parts:Normals",
        gives=Samples,
        quantities=(ENTROPY,),
        params=(count, n),
    )
    yield TaskSpec(
        name="choice",
        summary="choose the largest values",
        implementation="toy_parts:Choice",
        gives=Samples,
        quantities=(GAIN, COST),
        scores=(Selection,),
        baselines=("toy/first",),
        params=(n,),
    )
    yield TaskSpec(
        name="bends",
        summary="the height of curves",
        implementation="toy_parts:Bends",
        gives=Samples,
        quantities=(GAIN,),
        scores=(Curve,),
    )
    yield TaskSpec(
        name="broken",
        summary="a task that raises",
        implementation="toy_parts:Broken",
        gives=Samples,
    )


@hookimpl
def harness_reports():
    yield ReportSpec(
        name="spread",
        summary="does the mean of a sample lie near 0?",
        implementation="toy_parts:Spread",
        reads=("toy/normals",),
        params=(Param("limit", float, 0.5, "largest distance from 0"),),
    )


@hookimpl
def harness_commands():
    yield CommandSpec(name="greet", summary="say hello", implementation="toy_greet")
