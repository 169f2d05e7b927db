"""What a plugin cannot do to others, or see: each was done by a plugin of the tests."""

import sys
from pathlib import Path

import pytest

import harness
from harness import UsageError, plan, registry
from harness.records import Status
from harness.runner import Options, run
from harness.store import Store

DISHONEST = Path(__file__).parents[1] / "dishonest"
TRUTH = 0.5108256237659907


@pytest.fixture
def cheats(monkeypatch):
    """A registry with the dishonest plugin; its modules are those of a process of its own."""
    monkeypatch.syspath_prepend(str(DISHONEST))
    yield registry.load(modules=["harness_dishonest"])
    for name in ("harness_dishonest", "dishonest_parts", "honest_tasks"):
        sys.modules.pop(name, None)


@pytest.fixture
def go(cheats, tmp_path):
    def go(workers, *estimators, task="pairs", **request):
        request = plan.Request(tasks=(f"dishonest/{task}",), estimators=estimators, **request)
        with Store(tmp_path / "s.sqlite", write=True) as store:
            ended = run(cheats, plan.make(cheats, request), store, Options(workers=workers))
        return {r.estimator.removeprefix("dishonest/"): r for r in ended.records}

    return go


@pytest.mark.parametrize(
    ("cheat", "workers"),
    [("sorts", 0), ("sorts", 1), ("replaces", 0), ("replaces", 1), ("believes", 0)],
)
def test_who_changes_data_fails_and_nobody_after_it_is_wrong(go, workers, cheat):
    alone = go(workers, "dishonest/honest")["honest"]
    # paths run in the order of their names: the cheat comes before the others
    found = go(
        workers, f"dishonest/{cheat}", "classics/gaussian", "classics/ksg", "dishonest/walks"
    )
    assert found[cheat].status is Status.ERROR
    changed = "PairedSamples" in found[cheat].cause and "only read" in found[cheat].cause
    locked = "cannot set WRITEABLE flag" in found[cheat].cause
    assert changed or locked
    reference = go(0, "classics/gaussian", "classics/ksg")
    for name in ("classics/gaussian", "classics/ksg"):
        assert found[name].value == reference[name].value
        assert found[name].fingerprint == alone.fingerprint


@pytest.mark.parametrize("workers", [0, 1])
def test_data_that_cannot_be_had_as_they_were_are_no_data(go, workers):
    found = go(workers, "dishonest/replaces", "dishonest/sorts", "dishonest/walks", task="cached")
    assert found["sorts"].status is Status.ERROR
    if workers:
        assert found["walks"].value == 0.0
    else:
        assert "the task gives what it gave then; wanted --workers 1" in found["walks"].cause


@pytest.mark.parametrize("workers", [0, 1])
def test_a_model_that_changes_its_input_is_the_one_that_fails(go, workers):
    found = go(workers, "dishonest/honest", models=("dishonest/spoils",))["honest"]
    assert found.status is Status.ERROR
    assert found.cause.startswith("model dishonest/spoils: ")
    assert go(workers, "dishonest/honest")["honest"].value == pytest.approx(TRUTH, abs=0.06)


def test_the_truth_is_not_in_the_room(go):
    found = go(1, *(f"dishonest/{name}" for name in ("asks", "imports", "walks")))
    assert found["walks"].value == 0.0
    assert "task dishonest/pairs cannot be had by a model or estimator" in found["asks"].cause
    assert "belongs to task dishonest/" in found["imports"].cause


def test_what_is_no_message_costs_the_path_that_sent_it(go):
    found = go(1, "dishonest/garbles", "dishonest/honest")
    assert found["garbles"].status is Status.CRASHED
    assert "sent what is not a message" in found["garbles"].cause
    assert found["honest"].value == pytest.approx(TRUTH, abs=0.06)


def test_answers_that_are_left_behind_are_not_taken_for_those_of_others(go):
    """The next path begins anew, in processes of its own."""
    found = go(1, "dishonest/floods", "dishonest/honest", "dishonest/walks")
    assert found["floods"].value == 9.0  # its own answer, of its own making
    assert found["honest"].value == pytest.approx(TRUTH, abs=0.06)
    assert found["walks"].value == 0.0


def test_whoever_says_what_nobody_asked_costs_itself_alone(go):
    """Even in processes of its own: the run ends, and the others have their values."""
    found = go(1, "dishonest/babbles", "dishonest/honest")
    assert found["babbles"].status is Status.CRASHED
    assert "said what nobody asked" in found["babbles"].cause
    assert found["honest"].value == pytest.approx(TRUTH, abs=0.06)


def test_whoever_is_killed_by_what_ran_before_is_tried_in_processes_of_its_own(go):
    found = go(1, "dishonest/haunts", "dishonest/idles")
    assert found["haunts"].value == pytest.approx(TRUTH, abs=0.06)
    assert found["idles"].status is Status.OK
    assert found["idles"].value == found["haunts"].value


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("model", ["stars", "called"])
def test_nobody_writes_the_labels_that_it_is_judged_by(go, workers, model):
    found = go(workers, "dishonest/agreement", task="labels", models=(f"dishonest/{model}",))
    assert found["agreement"].status is Status.ERROR
    assert "changed LabelledSamples.y, by which results are judged" in found["agreement"].cause


def test_a_model_that_is_called_by_name_only_is_not_placed_by_the_planner(cheats):
    made = plan.make(cheats, plan.Request(plugins=("dishonest",), tasks=("dishonest/labels",)))
    assert {m.name for p in made.paths for m in p.models} == {"dishonest/stars"}


def test_a_task_that_is_used_can_be_had(cheats):
    cheats.open_tasks(["entropy_attention/attention-architectures"])
    assert cheats.one("task", "language/pydoc-text")
    with pytest.raises(UsageError, match="cannot be had by a model or estimator"):
        cheats.one("task", "vectors/entropies")


def test_built_in_plugins_keep_their_names(tmp_path, monkeypatch):
    """A third party called `classics`, whose distribution comes first by name."""
    info = tmp_path / "aaa-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aaa\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[harness]\nclassics = aaa_classics\n")
    (tmp_path / "aaa_classics.py").write_text("HARNESS_API = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = registry.load()
    assert found.plugins["classics"].distribution == "infoharness"
    (second,) = [p for name, p in found.plugins.items() if name.startswith("classics (")]
    assert (second.state, second.distribution) == ("duplicate", "aaa")


def test_names_of_cases_and_seeds_do_not_reach_a_worker():
    from dataclasses import asdict

    from harness.units import Unit

    unit = Unit(3, ("vectors/normal", {"n": 77}), "mean0.25", ("case-a",), (), ("x/y", {}), 41, "")
    told = str(asdict(unit.work("sha256:1")))
    for secret in ("vectors", "normal", "77", "mean0.25", "case-a", "41"):
        assert secret not in told.replace(unit.work("sha256:1").scope, "").replace(
            str(unit.work("sha256:1").streams), ""
        )
    assert harness.stream(41, "a").normal() == harness.stream(41, "a").normal()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_task_answers_and_keeps_what_is_hidden(go, cheats, workers, tmp_path):
    """Halving finds 3 by 32 16 8 4 2 3, and 60 by 32 48 56 60."""
    request = plan.Request(tasks=("dishonest/hidden",), estimators=("dishonest/guesses",))
    with Store(tmp_path / "t.sqlite", write=True) as store:
        found = run(cheats, plan.make(cheats, request), store, Options(workers=workers)).records
    assert {r.case: r.value for r in found} == {"low": 6.0, "high": 4.0}


def test_questions_of_another_kind_are_no_path(cheats):
    request = plan.Request(tasks=("dishonest/hidden",), estimators=("dishonest/other",))
    with pytest.raises(UsageError, match="asks for a PairedSamples by a Samples, which"):
        plan.make(cheats, request)


def test_the_suite_knows_the_methods_of_a_conversation(cheats):
    from harness import testing

    checks = testing.checks(cheats.plugins["dishonest"], cheats)
    wanted = [c for c in checks if c.component in ("dishonest/guesses", "dishonest/hidden")]
    found = {(v.component, v.check): v.result for v in testing.verdicts(wanted)}
    assert found["dishonest/guesses", "reference"] == "passed"
    assert found["dishonest/hidden", "reference"] == "passed"
    assert found["dishonest/guesses", "output"] == "skipped"
