"""The hostile plugin: an estimator per class of `hostile_parts`, and an honest one beside them."""

import os
import re
from pathlib import Path

from harness import Estimate, EstimatorSpec, Param, Samples, TaskSpec, hookimpl
from harness.quantities import ENTROPY

HARNESS_API = 1
SOURCE = Path(__file__).with_name("hostile_parts.py").read_text(encoding="utf-8")
NAMES = re.findall(r"^class (\w+)\(Bad\)", SOURCE, re.MULTILINE)
IMPORTS = ("exit", "osexit", "segv", "raise")


def dashed(name):
    return "a-" + re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()


def _estimator(name, implementation):
    return EstimatorSpec(
        name=name,
        summary="an estimator of the drills",
        implementation=implementation,
        reads=Samples,
        gives=Estimate,
        quantity=ENTROPY,
    )


@hookimpl
def harness_estimators():
    for name in NAMES:
        yield _estimator(dashed(name), f"hostile_parts:{name}")
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
