"""Each tracker against its own real backend on this machine, read back by its own reader."""

import json
import math
import struct
import subprocess
import sys

import pytest

from harness import Record, plan
from harness.records import Status
from harness.runner import run
from harness.store import Store
from harness_watchers import describing, watching

OTHERS = pytest.mark.filterwarnings("default")  # trackers warn of their own parts


@pytest.fixture
def go(toy, tmp_path, monkeypatch):
    """Run two toy estimators, one of which fails, with the trackers of ``watch``."""

    def go(watch, estimators=("mean", "boom"), tell=None, store="s"):
        monkeypatch.setenv(watching.ASKED, watch)
        made = plan.make(
            toy,
            plan.Request(
                tasks=("normals",), estimators=estimators, params={"toy/mean": {"scale": 2.0}}
            ),
        )
        with Store(tmp_path / f"{store}.sqlite", write=True) as opened:
            return run(toy, made, opened, tell=tell)

    return go


def by_key(records):
    return {record.key: record for record in records}


@OTHERS
def test_mlflow_has_a_nested_run_for_each_path(go, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy", reason="the local store of MLflow needs it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "entropies")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    result = go(f"mlflow:{uri}")
    assert result.problems == []
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("entropies").experiment_id
    runs = client.search_runs([experiment])
    (whole,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert whole.info.status == "FINISHED"
    counts = {"status.ok": 3, "status.error": 3, "computed": 6, "cached": 0}
    assert {k: v for k, v in whole.data.metrics.items() if k != "seconds"} == counts
    nested = {r.data.tags["key"]: r for r in runs if r is not whole}
    assert nested.keys() == by_key(result.records).keys()
    for key, record in by_key(result.records).items():
        found = nested[key]
        assert found.data.tags["mlflow.parentRunId"] == whole.info.run_id
        assert found.info.run_name == record.path
        assert found.data.tags["status"] == record.status.value
        assert found.info.status == ("FAILED" if record.status.failed else "FINISHED")
        assert found.data.metrics == describing.figures(record)
        assert found.data.params == describing.parameters(record)
        if record.estimator == "toy/mean":
            assert found.data.metrics["entropy"] == record.value
            assert found.data.metrics["stderr"] == 0.1
            assert found.data.tags["value"] == f"{record.value!r} nats"
            assert found.data.params["mean.scale"] == "2.0"
            assert found.data.params["normals.count"] == "3"
        else:
            assert "boom" in found.data.tags["cause"]


def scalars(folder):
    """Values of the figures by step, and the texts, of one folder of TensorBoard."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0})
    read.Reload()
    tags = read.Tags()
    texts = [
        event.tensor_proto.string_val[0].decode()
        for tag in tags["tensors"]
        for event in read.Tensors(tag)
    ]
    return {tag: {e.step: e.value for e in read.Scalars(tag)} for tag in tags["scalars"]}, texts


@OTHERS
def test_tensorboard_has_a_series_for_each_row(go, tmp_path):
    pytest.importorskip("tensorboard")
    result = go(f"tensorboard:{tmp_path}/logs")
    assert result.problems == []
    (whole,) = (tmp_path / "logs").iterdir()
    rows = sorted(p.name for p in whole.iterdir() if p.is_dir())
    assert rows == ["toy-normals-toy-boom", "toy-normals-toy-mean"]
    numbers, texts = scalars(whole / "toy-normals-toy-mean")
    means = [r for r in result.records if r.estimator == "toy/mean"]
    assert sorted(numbers["entropy"]) == [1, 2, 3]
    found = sorted(numbers["entropy"].values())
    assert found == pytest.approx(sorted(r.value for r in means), rel=1e-6)
    assert list(numbers["stderr"].values()) == pytest.approx([0.1] * 3)
    assert len(texts) == 3
    for record in means:
        (text,) = [t for t in texts if record.key in t]
        assert f"| value | {record.value!r} nats |" in text
        assert "| mean.scale | 2.0 |" in text
    numbers, texts = scalars(whole / "toy-normals-toy-boom")
    assert "entropy" not in numbers
    assert all("| status | error |" in text for text in texts)


def history(folder):
    """The history of an offline run of Weights & Biases, from its log of protocol messages.

    The log is LevelDB's: blocks of 32 KiB, pieces with a header of 7 bytes, after 7 bytes of the
    file's own.
    """
    from wandb.proto import wandb_internal_pb2

    (file,) = folder.rglob("*.wandb")
    raw, block = file.read_bytes(), 2**15
    at, message, rows = 7, b"", []
    while at + 7 <= len(raw):
        if block - at % block < 7:
            at += block - at % block
            continue
        _, length, kind = struct.unpack("<IHB", raw[at : at + 7])
        message += raw[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last piece
            record = wandb_internal_pb2.Record.FromString(message)
            message = b""
            if record.WhichOneof("record_type") == "history":
                items = record.history.item
                named = {i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in items}
                rows.append(named)
    return rows


@OTHERS
def test_wandb_offline_has_a_step_for_each_path_and_a_table(go, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    result = go("wandb:entropies")
    assert result.problems == []
    steps = {row["result/key"]: row for row in history(tmp_path) if "result/key" in row}
    assert steps.keys() == by_key(result.records).keys()
    for key, record in by_key(result.records).items():
        step = steps[key]
        assert step["result/status"] == record.status.value
        name = f"toy/normals ▸ {record.estimator}"
        for figure, value in describing.figures(record).items():
            assert step[f"{name}/{figure}"] == value
        if record.estimator == "toy/mean":
            assert step[f"{name}/entropy"] == record.value
            assert step["result/value"] == f"{record.value!r} nats"
            assert step["parameters/mean.scale"] == "2.0"
    (file,) = tmp_path.rglob("*.table.json")
    table = json.loads(file.read_text())
    keys = [row[table["columns"].index("key")] for row in table["data"]]
    assert sorted(keys) == sorted(steps)


def test_nothing_is_watched_unless_asked(toy, tmp_path, monkeypatch):
    """No tracker is even imported."""
    monkeypatch.delenv(watching.ASKED, raising=False)
    watching.harness_run_started({"toy/normals": 3}, 0)
    assert watching._watching == {}
    names = "harness_watchers.mlflow", "harness_watchers.wandb", "harness_watchers.tensorboard"
    code = (
        "import os, sys; os.environ.pop('HARNESS_WATCH', None)\n"
        "from harness_watchers import watching;"
        "watching.harness_run_started({'t': 1}, 0); watching.harness_run_finished({});"
        f"sys.exit(any(name in sys.modules for name in {names!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


class Broken:
    """A tracker whose server goes away after the first result."""

    def __init__(self, where, total, cached):
        self.sent = 0

    def send(self, record):
        self.sent += 1
        if self.sent > 1:
            raise ConnectionError("no\nanswer")

    def finish(self, summary):
        raise AssertionError("it is no longer asked")


class Working(Broken):
    last = 0

    def send(self, record):
        self.sent += 1

    def finish(self, summary):
        type(self).last = self.sent


def test_a_tracker_that_fails_loses_no_result_and_is_said_once_at_once(go, monkeypatch):
    from harness_watchers import mlflow, tensorboard

    monkeypatch.setattr(mlflow, "MLflow", Broken)
    monkeypatch.setattr(tensorboard, "TensorBoard", Working)
    told = []
    result = go("mlflow, tensorboard", estimators=("mean", "noise"), tell=told.append)
    assert len(result.records) == 6
    assert all(record.status is Status.OK for record in result.records)
    (problem,) = result.problems
    assert told == [problem]
    assert "mlflow watches this run no longer (ConnectionError: no answer)" in problem
    assert Working.last == 6


def test_a_name_that_no_tracker_has_is_said_and_the_others_go_on(go, monkeypatch):
    from harness_watchers import tensorboard

    monkeypatch.setattr(tensorboard, "TensorBoard", Working)
    (problem,) = go("mlfow,tensorboard").problems
    assert "unknown tracker in HARNESS_WATCH: 'mlfow': did you mean mlflow?" in problem
    assert Working.last == 6


def test_an_absent_package_is_named_with_what_installs_it(go, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    (problem,) = go("tensorboard").problems
    assert "pip install 'infoharness[tensorboard]'" in problem


def test_a_run_with_nothing_to_compute_opens_no_tracker(go, monkeypatch):
    from harness_watchers import mlflow

    go("", estimators=("mean",))
    monkeypatch.setattr(mlflow, "MLflow", None)  # making one would fail
    result = go("mlflow", estimators=("mean",))
    assert (result.cached, result.problems) == (3, [])


def record(**more):
    given = {
        "key": "k", "status": Status.OK, "task": "t/pairs", "case": "c", "source": "c",
        "models": ("m/map", "m/map"), "estimator": "e/ksg", "plugin": "e", "seed": 0,
        "quantity": "mutual_information", "unit": "nats",
        "params": {"task": {"n": 9}, "models": [{"d": 1}, {"d": 2}], "estimator": {"k": 3}},
    }  # fmt: skip
    return Record(**(given | more))


def test_an_infinite_value_is_a_fact_and_no_figure():
    diverged = record(value=math.inf, error=math.inf, truth=0.5)
    assert describing.figures(diverged) == {"truth": 0.5}
    assert describing.facts(diverged)["value"] == "inf nats"


def test_a_model_used_twice_keeps_both_parameters():
    wanted = {"pairs.n": "9", "map.d": "1", "map.2.d": "2", "ksg.k": "3"}
    assert describing.parameters(record()) == wanted


def test_other_parameters_are_another_series():
    series = describing.Series()
    other = record(params={"task": {"n": 10}, "models": [{}, {}], "estimator": {}})
    first = "t/pairs ▸ m/map ▸ m/map ▸ e/ksg"
    assert series.place(record()) == (first, 1)
    assert series.place(other) == (f"{first} (2)", 1)
    assert series.place(record(seed=1)) == (first, 2)
