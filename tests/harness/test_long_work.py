"""Progress told on the way, and checkpoints that killed work goes on from."""

import io
import re

import numpy as np
import pytest

import harness
from harness import Incompatible, PluginError, hookimpl, long_work, plan
from harness.cli import progress as display
from harness.runner import Options, run
from harness.store import Store
from harness.testing import record


@pytest.fixture
def go(toy, tmp_path, monkeypatch):
    """Run `lengthy` on one case, with a cache and a store by name."""

    def go(cache, options=None, **params):
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / cache))
        asked = {"normals": {"count": 1}, "lengthy": params}
        made = plan.make(
            toy, plan.Request(tasks=("normals",), estimators=("lengthy",), params=asked)
        )
        with Store(tmp_path / f"{cache}.sqlite", write=True) as store:
            return run(toy, made, store, options or Options())

    return go


class Watcher:
    def __init__(self):
        self.seen = []

    @hookimpl
    def harness_path_progress(self, path, source, done, total, note):
        self.seen.append((str(path), source, done, total, note))


@pytest.mark.parametrize("workers", [0, 1])
def test_hook_harness_path_progress(toy, go, monkeypatch, workers):
    """In this process as in workers."""
    watcher = Watcher()
    with toy.watch(watcher):
        go("told", Options(workers=workers), steps=10, pause=0.05)  # two messages or more
    assert {s[:2] for s in watcher.seen} == {("toy/normals ▸ toy/lengthy", "normal-0")}
    assert {s[3:] for s in watcher.seen} == {(10, "steps")}
    done = [s[2] for s in watcher.seen]
    assert done == sorted(set(done))
    assert done[0] == 1
    assert len(done) > 1


def test_progress_is_passed_on_no_more_often_than_anybody_looks(monkeypatch):
    now, heard = [0.0], []
    monkeypatch.setattr(long_work.time, "monotonic", lambda: now[0])
    with long_work.heard_by(heard.append):
        for step in range(1, 11):
            now[0] += 0.06
            harness.progress(step, 10)
    assert [p.done for p in heard] == [1, 5, 9]


def test_progress_extends_no_deadline(go):
    (record,) = go("late", Options(workers=1, timeout=2.0), steps=200, pause=0.05).records
    assert record.cause.startswith("estimator toy/lengthy: more than 2 s")


def test_progress_outside_of_a_run_does_nothing():
    assert harness.progress(1, 2, "of it") is None


@pytest.mark.parametrize(("done", "total"), [(3, 2), (-1, 2), (0, 0), (float("nan"), 1), (1, -1)])
def test_impossible_progress_is_refused_wherever_it_is_told(done, total):
    with pytest.raises(PluginError, match="wanted a total above 0, and done from 0 to total"):
        harness.progress(done, total)


def test_plain_lines_say_how_far_a_path_is(toy, go, monkeypatch, capsys):
    monkeypatch.setattr(display, "QUIET_S", 0.0)
    monkeypatch.setattr(long_work, "INTERVAL_S", 0.0)
    with toy.watch(display.Lines()):
        go("lines", steps=3)
    said = capsys.readouterr().err
    assert "harness: toy/lengthy on normal-0: 2/3 steps\n" in said


def test_bars_say_how_far_a_path_is(toy, go, monkeypatch):
    bars, said = display.Bars(), []
    update = bars._progress.update
    monkeypatch.setattr(
        bars._progress, "update", lambda *a, **k: said.append(k["note"]) or update(*a, **k)
    )
    with toy.watch(bars):
        go("bars", steps=3)
    assert said[0] == "1/3 steps: toy/lengthy on normal-0"


@pytest.mark.parametrize("slow", [(30.0,), (30.0, 20.0)], ids=["first", "first and second"])
def test_the_first_estimate_of_the_time_left_is_not_made_by_what_is_slow_once(
    slow, monkeypatch, capsys
):
    clock, lines = [0.0], None
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    lines = display.Lines()
    lines.harness_run_started({"t": 200}, 0)
    for seconds in [*slow, *[0.5] * 40]:
        clock[0] += seconds
        lines.harness_path_finished(record("t/t", "p/e", 1.0))
    first = re.search(r"(\d+)/200 done, 0 failed, about (\d+) s left", capsys.readouterr().err)
    assert float(first[2]) == pytest.approx(0.5 * (200 - int(first[1])), rel=0.02)


def test_progress_fits_eighty_columns(toy, monkeypatch, capsys):
    from types import SimpleNamespace

    monkeypatch.setattr(display, "QUIET_S", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    component = SimpleNamespace(name="a-plugin-with-a-name/an-estimator-with-a-long-name")
    path = SimpleNamespace(
        estimator=component, task=SimpleNamespace(name="plugin/task-of-long-name")
    )
    told = {"path": path, "source": "s" * 60, "done": 3, "total": 10, "note": "steps of training"}
    display.Lines().harness_path_progress(**told)
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) <= 80
    assert "3/10 steps of training" in line
    bars = display.Bars()
    bars.harness_run_started({path.task.name: 10}, 0)
    bars.harness_path_progress(**told)
    bars._progress.stop()
    from rich.console import Console

    console = Console(width=80, file=io.StringIO())
    console.print(bars._progress.get_renderable())
    (line,) = console.file.getvalue().splitlines()
    assert len(line) <= 80
    assert re.search(r"plugin/task-of-long-name .* 0/10 -:--:-- 3/10 steps", line)


def test_killed_work_goes_on_and_ends_with_the_same_bits(go, monkeypatch, tmp_path):
    (whole,) = go("whole").records
    monkeypatch.setenv("TOY_DIES_AT", "3")
    (lost,) = go("killed", Options(workers=1)).records
    assert "SIGKILL" in lost.cause
    assert len(list(tmp_path.glob("killed/checkpoints/*"))) == 1
    monkeypatch.delenv("TOY_DIES_AT")
    (resumed,) = go("killed", Options(workers=1)).records
    assert (whole.diagnostics["taken"], resumed.diagnostics["taken"]) == (5, 2)
    assert resumed.value == whole.value
    assert not list(tmp_path.glob("*/checkpoints/*"))


def test_a_checkpoint_follows_its_key_and_its_end(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))

    def save(key, end):
        with harness.checkpointed(key) as saved:
            assert not saved.due  # a minute has not passed
            saved.save({"x": np.arange(3)})
            raise end

    for key, end in (("a", RuntimeError), ("b", KeyboardInterrupt), ("c", Incompatible)):
        with pytest.raises(end):
            save(key, end)
    found = {}
    for key in "abcd":
        with harness.checkpointed(key) as saved:
            found[key] = saved.load()
    assert {k for k, state in found.items() if state is not None} == {"a", "b"}
    np.testing.assert_array_equal(found["a"]["x"], np.arange(3))
    assert not list(tmp_path.glob("checkpoints/*"))


def test_a_save_that_fails_leaves_the_last_state(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))

    def full(file, **arrays):
        file.write(b"half of it")
        raise OSError("No space left on device")

    with harness.checkpointed("k") as saved:
        saved.save({"x": np.array(1)})
        monkeypatch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space"):
            saved.save({"x": np.array(2)})
        assert saved.load()["x"] == 1
        assert len(list(tmp_path.glob("checkpoints/*"))) == 1


def test_tensors_are_kept_as_they_are(monkeypatch, tmp_path):
    torch = pytest.importorskip("torch", reason="needs infoharness[torch]")
    pytest.importorskip("safetensors", reason="needs infoharness[lm]")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    weights = torch.arange(6.0).reshape(2, 3)
    state = {
        "weights": weights.T,
        "tied": weights,
        "half": weights.bfloat16(),
        "draws": torch.Generator().get_state(),
        "step": torch.tensor(7),
    }
    with harness.checkpointed("k") as saved:
        saved.save(state)
        assert [f.suffix for f in tmp_path.glob("checkpoints/*")] == [".safetensors"]
        found = saved.load()
    assert {k: (v.dtype, v.shape) for k, v in found.items()} == {
        k: (v.dtype, v.shape) for k, v in state.items()
    }
    assert all(torch.equal(found[k], state[k]) for k in state)


def test_mixed_states_are_refused():
    torch = pytest.importorskip("torch", reason="needs infoharness[torch]")
    with (
        pytest.raises(PluginError, match="numpy arrays only, or torch tensors only"),
        harness.checkpointed("mixed") as saved,
    ):
        saved.save({"a": np.zeros(2), "b": torch.zeros(2)})


def test_cache_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert harness.cache_folder("tiny-lm") == tmp_path / "tiny-lm"
    monkeypatch.delenv("HARNESS_CACHE")
    assert harness.cache_folder("tiny-lm").parts[-2:] == ("infoharness", "tiny-lm")
    with pytest.raises(PluginError, match=r"cache folder '\.\./x'"):
        harness.cache_folder("../x")
