"""The hostile plugin: an estimator per behaviour of `hostile_parts`, and honest ones beside them."""

import os
from pathlib import Path

from hostile_parts import BEHAVIOURS

from harness import Estimate, EstimatorSpec, Param, Samples, TaskSpec, hookimpl
from harness.quantities import ENTROPY

HARNESS_API = 1
IMPORTS = ("exit", "osexit", "segv", "raise")
"""Modules that fail as they are imported, each in its way."""
NAMES = tuple(f"a-{name}" for name in BEHAVIOURS)


def _estimator(name, implementation, *params):
    return EstimatorSpec(
        name=name,
        summary="an estimator of the drills",
        implementation=implementation,
        reads=Samples,
        gives=Estimate,
        quantity=ENTROPY,
        params=params,
    )


@hookimpl
def harness_estimators():
    for name in BEHAVIOURS:
        how = Param("how", str, name, "the behaviour")
        yield _estimator(f"a-{name}", "hostile_parts:Hostile", how)
    for how in IMPORTS:
        yield _estimator(f"a-import-{how}", f"hostile_import_{how}:X")
    yield _estimator("brief", "hostile_parts:Brief")
    yield _estimator("z-good", "hostile_parts:Good")


@hookimpl
def harness_tasks():
    yield TaskSpec(
        name="plain",
        summary="normal samples",
        implementation="hostile_parts:Plain",
        gives=Samples,
        quantities=(ENTROPY,),
        params=(Param("count", int, 2, "cases"),),
    )


@hookimpl
def harness_path_finished(record):
    """Announce a result, where a drill listens: it is in the store already."""
    if file := os.environ.get("DRILL_ANNOUNCED"):
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(record.to_json() + "\n")
