"""Each broken promise of a task is caught by the check that is named for it, and by no other."""

import textwrap

import pytest

TASK = """
from dataclasses import dataclass
import numpy as np
from harness import *

HARNESS_API = 1
SCORE = Quantity("share", "", "higher")

@dataclass(frozen=True)
class Task:
    def cases(self, *, seed):
{body}
    def score(self, case, output):
{score}

@hookimpl
def harness_tasks():
    return [TaskSpec(**dict(dict(name="task", summary="a task", implementation=__name__ + ":Task",
        gives=Samples, quantities=(SCORE,), scores=(Selection,)), **dict({spec})))]
"""

GOOD_CASES = """
rng = stream(seed, "cases")
for i in range(2):
    yield Case(f"c{i}", Samples(rng.normal(size=(20, 2))), truth={"share": 0.5})
"""
GOOD_SCORE = "return {'share': len(output.order) / case.load().n}"


def task(body=GOOD_CASES, score=GOOD_SCORE, spec=""):
    return TASK.format(
        body=textwrap.indent(body.strip(), " " * 8),
        score=textwrap.indent(score.strip(), " " * 8),
        spec=spec,
    )


def test_a_task_that_keeps_its_promises_passes_every_check(results):
    found = results(task(), fresh=True)
    assert {v.result for v in found.values()} == {"passed"}
    assert {"cases", "repeatable", "fresh-process", "score-Selection"} <= set(found)


BROKEN_TASKS = {
    "an id twice": (GOOD_CASES.replace("c{i}", "c"), GOOD_SCORE, {"cases"}, "more than once"),
    "no case": ("return []", GOOD_SCORE, {"cases", "score-Selection"}, "none under seed 0"),
    "another kind": (
        "yield Case('a', PairedSamples(np.eye(3), np.eye(3)))",
        GOOD_SCORE,
        {"cases"},
        "loads a PairedSamples",
    ),
    "data that do not load": (
        "yield Case('a', lambda: 1 / 0)",
        "return {'share': 1.0}",
        {"cases", "repeatable", "score-Selection"},
        "ZeroDivisionError",
    ),
    "an undeclared truth": (
        GOOD_CASES.replace("'share'", "x").replace('"share"', '"part"'),
        GOOD_SCORE,
        {"cases"},
        "part",
    ),
    "NaN as the truth": (GOOD_CASES.replace("0.5", "np.nan"), GOOD_SCORE, {"cases"}, "NaN"),
    "other data for one source": (
        GOOD_CASES.replace("truth=", "source='s', truth="),
        GOOD_SCORE,
        {"cases"},
        "share their data",
    ),
    "other data each time": (
        GOOD_CASES.replace('stream(seed, "cases")', "np.random.default_rng()"),
        GOOD_SCORE,
        {"repeatable"},
        "other data the second time",
    ),
    "a stamp on data that change": (
        GOOD_CASES.replace('stream(seed, "cases")', "np.random.default_rng()").replace(
            "truth=", "stamp='v1', truth="
        ),
        GOOD_SCORE,
        {"repeatable"},
        "as its stamp 'v1' promises",
    ),
    "data that depend on the hash seed": (
        GOOD_CASES.replace('stream(seed, "cases")', "stream(seed + hash('a'), 'cases')"),
        GOOD_SCORE,
        {"fresh-process"},
        "other data in a fresh process",
    ),
    "two stamps": (
        GOOD_CASES.replace("truth=", "source='s', stamp=str(i), truth=").replace(
            "rng.normal(size=(20, 2))", "np.eye(20)"
        ),
        GOOD_SCORE,
        {"cases"},
        "one stamp for the data of one source",
    ),
    "a score of NaN": (
        GOOD_CASES,
        "return {'share': np.nan}",
        {"score-Selection"},
        "a finite number",
    ),
    "an undeclared score": (GOOD_CASES, "return {'part': 1.0}", {"score-Selection"}, "'part'"),
    "no score": (GOOD_CASES, "return {}", {"score-Selection"}, "at least one"),
    "a score that raises": (
        GOOD_CASES,
        "return {'share': output.value}",
        {"score-Selection"},
        "AttributeError",
    ),
}


@pytest.mark.parametrize("name", BROKEN_TASKS)
def test_a_broken_task_is_caught_by_its_own_check(results, name):
    body, score, wanted, message = BROKEN_TASKS[name]
    found = results(task(body, score), fresh=wanted == {"fresh-process"})
    assert found.failed == wanted
    assert any(message in found[check].reason for check in wanted)


def test_a_task_that_wants_a_file_is_skipped_with_its_words(results):
    found = results(task("raise UsageError('name a file')"))
    assert found.failed == set()
    assert "name a file" in found["cases"].reason
