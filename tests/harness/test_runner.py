import json
import math
import random

import numpy as np
import pytest

from harness import Estimate, Quantity, UsageError, plan
from harness.kinds import Samples
from harness.records import Record, Records, Status
from harness.runner import Options, run
from harness.store import Store


@pytest.fixture
def go(toy, tmp_path):
    """Run a request in a store of its own (or a named one)."""

    def go(store="s", options=None, **request):
        with Store(tmp_path / f"{store}.sqlite", write=True) as opened:
            return run(toy, plan.make(toy, plan.Request(**request)), opened, options or Options())

    return go


def values(result):
    return {
        (r.task, r.case, r.models, r.estimator, r.seed): (r.value, r.fingerprint, r.key)
        for r in result.records
    }


EVERYTHING = {
    "tasks": ("normals", "choice"), "estimators": ("mean", "noise", "best", "global-noise"),
    "models": ("double", "jitter"), "seeds": (0, 1),
}  # fmt: skip


def test_same_values_however_it_is_run(go, tmp_path, toy):
    """One process, one worker, four workers, shuffled, three shards merged: bit for bit."""
    plain = values(go("plain", **EVERYTHING))
    assert (
        len(plain) == (3 * 3 + 3 + 2 * 2) * 2 * 4
    )  # (estimates, estimates, selections), seeds, chains
    assert values(go("one", Options(workers=1), **EVERYTHING)) == plain
    assert values(go("four", Options(workers=4), **EVERYTHING)) == plain
    assert values(go("shuffled", Options(shuffle=5), **EVERYTHING)) == plain
    parts = [go(f"shard{i}", Options(shard=(i, 3)), **EVERYTHING) for i in (1, 2, 3)]
    assert all(len(part.records) for part in parts)
    assert sum(len(part.records) for part in parts) == len(plain)
    with Store(tmp_path / "merged.sqlite", write=True) as merged:
        for i in (1, 2, 3):
            with Store(tmp_path / f"shard{i}.sqlite") as part:
                merged.merge(part)
        assert {
            k: v
            for k, v in values(run(toy, plan.make(toy, plan.Request(**EVERYTHING)), merged)).items()
        } == plain


def test_what_else_runs_changes_nothing(go):
    alone = go("alone", tasks=("normals",), estimators=("noise",))
    among = go(
        "among", tasks=("normals",), estimators=("mean", "global-noise", "noise"), seeds=(3, 0)
    )
    mine = among.records.where(estimator="toy/noise", seed=0)
    assert [r.value for r in mine] == [r.value for r in alone.records]


def test_a_model_upstream_does_not_shift_the_estimators_stream(go):
    bare = go("bare", tasks=("normals",), estimators=("noise",))
    behind = go("behind", tasks=("normals",), estimators=("noise",), models=("double",))
    assert [r.value for r in bare.records] == [r.value for r in behind.records]


def test_second_run_computes_nothing(go):
    first = go(**EVERYTHING)
    second = go(**EVERYTHING)
    assert (second.computed, second.cached) == (0, first.computed)
    assert values(second) == values(first)


def test_what_was_run_now_and_what_was_stored_are_recorded_alike(go):
    """Else one table becomes two: a tuple now, a list out of the store."""
    asked = {"tasks": ("normals",), "estimators": ("mean",)}
    now = go(**asked).records
    assert [r.params for r in go(**asked).records] == [r.params for r in now]
    for r in now:
        assert json.loads(json.dumps(r.params)) == r.params


def test_cases_are_listed_once_per_seed(go, monkeypatch):
    """Not again at every change of seed: that would make a run quadratic in its cases."""
    import toy_parts

    listed, cases = [], toy_parts.Normals.cases
    monkeypatch.setattr(
        toy_parts.Normals,
        "cases",
        lambda self, *, seed: listed.append(seed) or cases(self, seed=seed),
    )
    go(tasks=("normals",), estimators=("mean",), seeds=(0, 1, 2), params={"normals": {"count": 20}})
    assert sorted(listed) == [0, 0, 1, 1, 2, 2]  # once to plan, once to run


def test_only_what_is_new_is_computed(go):
    go(tasks=("normals",), estimators=("noise",))
    more = go(tasks=("normals",), estimators=("noise",), params={"normals": {"count": 5}})
    assert more.computed == 5  # another parameter of the task is another task
    again = go(tasks=("normals",), estimators=("noise", "mean"))
    assert (again.computed, again.cached) == (3, 3)


def test_failures_never_satisfy_a_look_up(go):
    assert {r.status for r in go(tasks=("normals",), estimators=("boom",)).records} == {
        Status.ERROR
    }
    assert go(tasks=("normals",), estimators=("boom",)).computed == 3


def test_data_that_rule_a_path_out_do(go):
    first = go(tasks=("normals",), estimators=("unfit",))
    assert {(r.status, r.cause) for r in first.records} == {
        (Status.INCOMPATIBLE, "needs 1000 points; there are 50")
    }
    assert go(tasks=("normals",), estimators=("unfit",)).computed == 0


@pytest.mark.parametrize(
    ("estimator", "status", "cause"),
    [
        ("boom", "error", "estimator toy/boom: ValueError: boom (toy_parts.py:"),
        ("not-a-number", "error", "Estimate.value: NaN"),
        ("wrong-output", "error", "gave float; its spec says Estimate"),
        ("absent", "missing-dependency", "pip install 'no-such-package'"),
    ],
)
def test_failures_say_what_and_where(go, estimator, status, cause):
    result = go(tasks=("normals",), estimators=(estimator, "mean"))
    bad = result.records.where(estimator=f"toy/{estimator}")
    assert {r.status.value for r in bad} == {status}
    assert all(cause in r.cause for r in bad)
    assert all(r.value is None and r.status.failed for r in bad)
    assert {r.status for r in result.records.where(estimator="toy/mean")} == {Status.OK}


def test_a_task_that_raises_is_recorded(go):
    result = go(tasks=("broken", "normals"), estimators=("mean",))
    (bad,) = result.records.where(task="toy/broken")
    assert (bad.status, bad.case) == (Status.ERROR, "*")
    assert "RuntimeError: no cases today" in bad.cause
    assert len(result.records) == 4


def test_a_selector_runs_once_for_all_cases_of_a_source(go):
    result = go(tasks=("choice",), estimators=("best", "mean"))
    best = result.records.where(estimator="toy/best")
    assert [r.case for r in best] == ["all@10%", "all@50%"]
    assert best[0].wall_s == best[1].wall_s
    assert all(0 <= r.score_s < 60 for r in best)
    data = Samples(np.zeros((2, 1)))
    assert isinstance(data, Samples)
    assert best[0].scores["gain"] < best[1].scores["gain"]
    assert best[0].value == best[0].scores["gain"]
    assert (best[0].truth, best[0].error) == (
        50.0,
        best[0].value - 50.0,
    )  # the truth of what is scored
    assert (best[0].quantity, best[0].unit) == ("gain", "")
    assert [r.case for r in result.records.where(estimator="toy/mean")] == ["all"]


def test_records_hold_what_a_reader_needs(go):
    (record, *_) = go(tasks=("normals",), estimators=("mean",), models=("double",)).records
    assert record.error == record.value - record.truth
    assert (record.n, record.stderr, record.plugin, record.source) == (50, 0.1, "toy", "normal-0")
    assert record.params == {
        "task": {"count": 3, "n": 50},
        "models": [{}],
        "estimator": {"scale": 1.0},
    }
    assert set(record.sources) == {"host", "toy"}
    assert record.versions["numpy"] == np.__version__
    assert record.wall_s >= 0
    assert record.cpu_s >= 0
    assert record.prefix_s > 0
    assert record.score_s is None  # estimates are not scored
    assert "score_s" not in json.loads(record.to_json())
    again = Record.from_json(record.to_json())
    assert again == record
    needed = {
        "key", "task", "case", "models", "estimator", "plugin", "params", "seed", "quantity", "unit", "value", "stderr",
        "truth", "error", "status", "cause", "wall_s", "cpu_s", "peak_mib", "n", "fingerprint", "sources", "versions",
    }  # fmt: skip
    assert needed <= set(json.loads(record.to_json()))


def test_warming_up_is_done_once_and_is_no_cost_of_the_method(go, tmp_path):
    log = tmp_path / "log"
    result = go(
        tasks=("normals",), estimators=("compiles",), params={"compiles": {"log": str(log)}}
    )
    assert log.read_text() == "warm\n"
    assert all(r.wall_s < 0.4 for r in result.records)


def test_local_values_are_kept(go, tmp_path, toy):
    (record, *_) = go("kept", tasks=("normals",), estimators=("mean",)).records
    with Store(tmp_path / "kept.sqlite") as store, np.load(store.array_file(record.key)) as arrays:
        assert arrays["local"].mean() == pytest.approx(record.value, rel=1e-12)


def test_arrays_follow_their_records(go, tmp_path, toy):
    """Merging brings them along, collecting garbage removes those whose record is gone."""
    (record, *_) = go("one", tasks=("normals",), estimators=("mean",)).records
    with (
        Store(tmp_path / "all.sqlite", write=True) as merged,
        Store(tmp_path / "one.sqlite") as one,
    ):
        merged.merge(one)
        assert merged.array_file(record.key).read_bytes() == one.array_file(record.key).read_bytes()
        merged.remove(merged.garbage(lambda r: r.key != record.key))
        assert not merged.array_file(record.key).exists()
        assert len(list((merged.folder / "local").glob("*/*.npz"))) == 2


def test_kept_model_outputs_are_reused(go, tmp_path):
    go("models", tasks=("normals",), estimators=("mean",), models=("double",))
    files = sorted((tmp_path / "models.sqlite.d" / "models").rglob("*.npz"))
    assert len(files) == 3
    Samples(np.ones((50, 2))).save(files[0])
    again = go(
        "models", Options(cache=False), tasks=("normals",), estimators=("mean",), models=("double",)
    )
    assert 1.0 in [r.value for r in again.records]  # the file was read, not made again


def test_infinite_values_are_standard_json():
    record = Record(
        key="k", status=Status.OK, task="t", case="c", source="c", models=(), estimator="e", plugin="p", params={},
        seed=0, quantity="q", unit="nats", value=math.inf, truth=math.inf, error=0.0,
    )  # fmt: skip
    assert json.loads(record.to_json(), parse_constant=pytest.fail)["value"] == "inf"
    assert Record.from_json(record.to_json()).value == math.inf


def test_broken_lines_are_named():
    with pytest.raises(UsageError, match="not a record"):
        Record.from_json('{"key": 1}')


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": -1}, "--workers -1"),
        ({"workers": 1, "timeout": 0.0}, "--timeout 0"),
        ({"workers": 1, "memory": -5.0}, "--memory -5"),
        ({"timeout": 1.0}, "needs a worker process"),
        ({"shard": (4, 3)}, "--shard 4/3"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(UsageError, match=message):
        Options(**options)


def test_records_filter_and_pandas(go):
    pytest.importorskip("pandas")
    records = go(tasks=("normals",), estimators=("mean", "noise")).records
    frame = records.to_pandas()
    assert list(frame["value"]) == [r.value for r in records]
    with pytest.raises(UsageError, match="no field 'estimtor'"):
        records.where(estimtor="x")
    assert isinstance(records[:2], Records)


class Watcher:
    def __init__(self):
        self.seen = []


def test_hook_harness_run_started(toy, go):
    from harness import hookimpl

    class Starts(Watcher):
        @hookimpl
        def harness_run_started(self, plan, total, cached):
            self.seen.append((len(plan.paths), total, cached))

    watcher = Starts()
    with toy.watch(watcher):
        go(tasks=("normals",), estimators=("mean",))
        go(tasks=("normals",), estimators=("mean",))
    assert watcher.seen == [(1, {"toy/normals": 3}, 0), (1, {}, 3)]


def test_hook_harness_path_finished(toy, go):
    from harness import hookimpl

    class Paths(Watcher):
        @hookimpl
        def harness_path_finished(self, record):
            self.seen.append(record)

    watcher = Paths()
    with toy.watch(watcher):
        result = go(tasks=("normals",), estimators=("mean",))
    assert len(watcher.seen) == 3
    assert list(Records(watcher.seen)) == list(result.records)


def test_hook_harness_run_finished(toy, go):
    from harness import hookimpl

    class Ends(Watcher):
        @hookimpl
        def harness_run_finished(self, summary):
            self.seen.append(summary)

    watcher = Ends()
    with toy.watch(watcher):
        go(tasks=("normals",), estimators=("mean", "boom"))
    (summary,) = watcher.seen
    assert summary["statuses"] == {"ok": 3, "error": 3}
    assert (summary["computed"], summary["cached"]) == (6, 0)


def test_hooks_harness_estimators_harness_models_harness_tasks(toy):
    assert "toy/mean" in toy.components["estimator"]
    assert "toy/double" in toy.components["model"]
    assert "toy/normals" in toy.components["task"]


def test_hooks_harness_reports_harness_commands(toy):
    assert "toy/spread" in toy.components["report"]
    plugin, spec = toy.commands["greet"]
    assert (plugin, spec.implementation) == ("toy", "toy_greet")


def test_a_watcher_that_raises_stops_nothing(toy, go):
    from harness import hookimpl

    class Bad:
        @hookimpl
        def harness_path_finished(self, record):
            raise RuntimeError("the tracker is down")

    with toy.watch(Bad()):
        result = go(tasks=("normals",), estimators=("mean",))
    assert len(result.records) == 3
    assert len(result.problems) == 1
    assert "the tracker is down" in result.problems[0]


def test_quantities_are_looked_up(toy):
    assert toy.quantity("gain").better == "higher"
    assert toy.quantity("unheard-of") == Quantity("unheard-of")
    assert Estimate(1.0).stderr is None


def test_a_run_puts_the_global_generators_back(go):
    """What a notebook draws after a run does not depend on the run."""
    random.seed(3)
    np.random.seed(3)
    np.random.normal()  # leaves the second normal of a pair for the next call
    state = random.getstate(), np.random.get_state()
    go(tasks=("normals",), estimators=("global-noise",))
    again = random.getstate(), np.random.get_state()
    assert again[0] == state[0]
    assert all(np.array_equal(a, b) for a, b in zip(again[1], state[1], strict=True))


def test_a_curve_is_kept_in_its_record(go, tmp_path):
    """As the estimator gave it, infinities too; also from the store."""
    for _ in range(2):
        (record,) = go(tasks=("bends",), estimators=("bend",)).records
        curve = record.curve
        assert (curve.name_x, curve.name_y) == ("rate", "nats")
        assert curve.x.tolist() == [0.0, 1.0, 2.0]
        assert curve.y.tolist() == [math.inf, 1.0, 4.0]
        assert curve.stderr.tolist() == [0.0, 0.1, 0.2]
        assert json.loads(record.to_json(), parse_constant=pytest.fail)
    (plain, *_) = go(tasks=("normals",), estimators=("mean",)).records
    assert plain.curve is None


@pytest.mark.parametrize(("points", "kept"), [(512, True), (513, False)])
def test_a_curve_that_is_too_long_is_said_to_be_left_out(go, points, kept):
    (record,) = go(
        tasks=("bends",), estimators=("bend",), params={"bend": {"points": points}}
    ).records
    assert (record.value, record.curve is not None) == ((points - 1) ** 2, kept)
    said = ("a curve of 513 points is left out of the record; wanted at most 512",)
    assert record.notes == (() if kept else said)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [0.0, 2.0, 1.0]}, "positions that do not increase"),
        ({"y": [1.0, 2.0]}, "2 points; wanted 3"),
        ({"y": [1.0, "nan", 2.0]}, "NaN"),
        ({"y": "abc"}, "could not convert"),
        ({"z": [1.0, 2.0, 3.0]}, "unexpected keyword"),
        ({"x": list(range(600)), "y": list(range(600)), "stderr": [0] * 600}, "at most 512"),
    ],
)
def test_a_record_with_an_impossible_curve_is_refused(go, change, message):
    (record,) = go(tasks=("bends",), estimators=("bend",)).records
    plain = json.loads(record.to_json())
    plain["diagnostics"]["curve"] |= change
    with pytest.raises(UsageError, match=f"not a record: diagnostics: Curve.*{message}"):
        Record.from_json(json.dumps(plain))
