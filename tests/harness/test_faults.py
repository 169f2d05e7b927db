"""A short form of the drills (`make drills`): the hostile plugin beside an honest estimator."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness import PluginError, leftovers, plain
from harness.cost import Cost
from harness.leftovers import Leftovers

drills = pytest.importorskip("drills.behaviour", reason="needs the folder of the repository")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture(scope="module")
def alone():
    return drills.run("z-good", count=1)


@linux
def test_nobody_is_hurt_by_what_others_leave_behind(alone):
    """Each leaves something in its process; the honest one comes last, and finds nothing of it."""
    names = ("a-child-daemon", "a-close-std", "a-patch", "a-state", "a-thread-outlives")
    ended = drills.run(*names, "z-good", count=1)
    assert {r["status"] for r in ended.records} == {"ok"}
    assert len(ended.records) == 6
    assert drills.honest(ended) == drills.honest(alone)
    assert ended.left == 0
    notes = {r["estimator"].removeprefix("hostile/"): " ".join(r["notes"]) for r in ended.records}
    left = {
        "a-child-daemon": "a child process", "a-close-std": "the standard descriptors", "a-patch": "numpy.mean",
        "a-state": "the working directory, the umask, numpy.seterr", "a-thread-outlives": "a live thread",
    }  # fmt: skip
    for name, what in left.items():
        assert f"left behind in its process, which others do not use: {what}" in notes[name]
    assert notes["z-good"] == ""


@linux
def test_each_fault_is_the_record_of_who_made_it(alone):
    names = (
        "a-array-diagnostics", "a-big-int", "a-close-fds", "a-exit", "a-garbage", "a-huge-diagnostics",
        "a-keyboard-int", "a-msg-ansi", "a-msg-raises", "a-note-format", "a-note-surrogate", "a-os-exit",
        "a-stderr-surrogate-dies", "a-str-value", "a-surrogate-diagnostics",
    )  # fmt: skip
    ended = drills.run(*names, "z-good", count=1)
    found = {r["estimator"].removeprefix("hostile/"): r for r in ended.records}
    assert {n: r["status"] for n, r in found.items() if {r["status"]} - drills.expected(n)} == {}
    assert set(found) == {*names, "z-good"}
    assert drills.honest(ended) == drills.honest(alone)
    assert ended.left == 0
    assert ended.peak_mb < drills.LIMIT_MB
    assert "\x1b" not in json.dumps(ended.records, ensure_ascii=False) + ended.said
    assert "asked to end the process: SystemExit(0)" in found["a-exit"]["cause"]
    assert "kernel" not in found["a-close-fds"]["cause"]


@linux
def test_children_count_and_end_with_their_path(alone):
    """The memory is that of a child; its siblings are in other sessions."""
    ended = drills.run("a-fork-bomb-setsid", "a-hog-child", "z-good", count=1, timeout=60)
    found = {r["estimator"].removeprefix("hostile/"): r["status"] for r in ended.records}
    assert found == {"a-fork-bomb-setsid": "ok", "a-hog-child": "memory", "z-good": "ok"}
    assert ended.left == 0
    assert drills.honest(ended) == drills.honest(alone)


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_an_ended_run_leaves_no_process(tmp_path, how):
    """Neither the worker nor the child that it has just started."""
    mark = f"drill-{how}-{tmp_path}"
    process = subprocess.Popen(
        [*drills.command(tmp_path, "a-spawner"), "--workers", "1"],
        cwd=tmp_path, env=drills.environment(tmp_path, mark), stderr=subprocess.PIPE, text=True,
        start_new_session=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not any(_runs(pid, "sleep") for pid in drills.marked(mark)):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(how)
    said = process.communicate(timeout=30)[1]
    if how == signal.SIGTERM:
        assert process.returncode == 130
        assert "interrupted; 1 result stored" in said
    until = time.monotonic() + 20
    while (left := drills.marked(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def _runs(pid, program):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == program
    except OSError:
        return False


def test_processes_that_cannot_start_end_the_run_after_some_tries(toy, tmp_path, monkeypatch):
    from harness import HarnessError, plan
    from harness.executors import local, processes
    from harness.runner import Options, run
    from harness.store import Store

    started = []
    monkeypatch.setattr(processes.sys, "executable", "/bin/false")
    start = local.Slot.start
    monkeypatch.setattr(local.Slot, "start", lambda setup: started.append(1) or start(setup))
    made = plan.make(toy, plan.Request(tasks=("normals",), estimators=("mean",)))
    with (
        Store(tmp_path / "s", write=True) as store,
        pytest.raises(HarnessError, match=r"3 times in a row a .* could not start"),
    ):
        run(toy, made, store, Options(workers=1))
    assert len(started) == local.STARTS


def test_a_worker_that_dies_while_idle_is_replaced(toy, tmp_path):
    """Killed as soon as it has started, before it has had a unit; and then left alone."""
    from harness import plan
    from harness.executors.slots import Slot
    from harness.runner import Options, run
    from harness.store import Store

    killed = []
    start = Slot.start.__func__

    def kill_first(cls, setup):
        slot = start(cls, setup)
        if not killed:
            killed.append(os.kill(slot.worker.process.pid, signal.SIGKILL))
        return slot

    made = plan.make(toy, plan.Request(tasks=("normals",), estimators=("mean",)))
    with pytest.MonkeyPatch.context() as patch, Store(tmp_path / "s", write=True) as store:
        patch.setattr(Slot, "start", classmethod(kill_first))
        records = run(toy, made, store, Options(workers=1)).records
    assert {r.status.value for r in records} == {"ok"}
    assert killed


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\x1b[31mred\x07\x00", r"a\x1b[31mred\x07\x00"),
        ("caf\udce9", r"caf\xdce9"),
        ("cannot open /home/me/data/x.npz", "cannot open .../x.npz"),
        ('File "/usr/lib/a.py", line 3', 'File ".../a.py", line 3'),
        ("https://host.org/a/b and 3/4/5 or ../x/y", "https://host.org/a/b and 3/4/5 or ../x/y"),
        ("token hf_abcdefghijklmnopqrstuv", "token hf_..."),
        ("a\u202eb", r"a\x202eb"),
    ],
)
def test_texts_are_plain(said, shown):
    assert plain.text(said) == shown


def test_long_texts_keep_both_ends():
    found = plain.text("a" * 10**6 + "the end", 100)
    assert len(found) < 110
    assert found.startswith("aaaa")
    assert found.endswith("the end")
    assert len(plain.texts(f"note {i}" for i in range(1000))) == plain.MOST_NOTES + 1


def test_diagnostics_are_json():
    kept = {"a": np.float32(1.5), "b": [1, (2, None)], "c": {"d": np.array(3)}, "e": float("inf")}
    assert plain.diagnostics(kept) == {"a": 1.5, "b": [1, [2, None]], "c": {"d": 3}, "e": np.inf}
    cycle = {}
    cycle["me"] = cycle
    for odd in (cycle, {"a": {1}}, {"a": b""}, {"a": np.ones(2)}, {"a": 2**70}, {"a": 1j}, [1]):
        with pytest.raises(PluginError, match=r"wanted|deeper"):
            plain.diagnostics(odd)


def test_settings_that_a_path_changes_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # and back
    # Engines that other tests ran in this process may leave it a child.
    monkeypatch.setattr(leftovers, "_children", list)
    watch = Leftovers()
    assert watch.found() == []
    os.environ["HARNESS_DRILL"] = "1"
    assert watch.found() == ["the environment variable HARNESS_DRILL"]
    del os.environ["HARNESS_DRILL"]
    watch.found()
    mean = np.mean
    np.mean = max
    try:
        assert watch.found() == ["numpy.mean"]
    finally:
        np.mean = mean
    assert watch.found() == ["numpy.mean"]
    assert watch.found() == []


def test_a_function_that_a_library_wraps_as_it_is_imported_is_its_own(monkeypatch):
    """As torch wraps ``torch.manual_seed`` when its compiler is imported, and once only."""
    monkeypatch.setattr(leftovers, "_children", list)
    monkeypatch.setattr(leftovers, "ITSELF", {"numpy.mean": "numpy.wrapping"})
    watch = Leftovers()
    monkeypatch.setitem(sys.modules, "numpy.wrapping", sys)
    monkeypatch.setattr(np, "mean", max)
    assert watch.found() == []
    monkeypatch.setattr(np, "mean", min)
    assert watch.found() == ["numpy.mean"]


@pytest.mark.parametrize(
    ("package", "left"), [("transformers.utils", []), ("a", ["sys.meta_path"])]
)
def test_a_finder_of_modules_is_left_behind_unless_a_library_needs_it(monkeypatch, package, left):
    monkeypatch.setattr(leftovers, "_children", list)
    watch = Leftovers()
    monkeypatch.setattr(
        sys, "meta_path", [*sys.meta_path, type("F", (), {"__module__": package})()]
    )
    assert watch.found() == left


def test_costs_count_children():
    code = "import time\nt = time.process_time()\nwhile time.process_time() - t < 0.3: pass"
    cost = Cost.start()
    subprocess.run([sys.executable, "-c", code])
    assert cost.stop().cpu_s > 0.3
