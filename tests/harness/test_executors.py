"""Workers are supervised one by one: each bad path gets its own status, all others finish."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import plan, registry
from harness.records import Status
from harness.runner import Options, run
from harness.store import Store

TOY = Path(__file__).parents[1] / "toy"


@pytest.fixture
def go(toy, tmp_path):
    def go(options, **request):
        with Store(tmp_path / "s.sqlite", write=True) as store:
            return run(toy, plan.make(toy, plan.Request(**request)), store, options)

    return go


def statuses(result):
    return {(r.estimator.removeprefix("toy/"), r.status.value) for r in result.records}


def test_each_bad_path_gets_its_own_status(go):
    result = go(
        Options(workers=2, timeout=3, memory=600),
        tasks=("normals",), params={"normals": {"count": 1}},
        estimators=("boom", "segv", "leave", "sleep", "hog", "unfit", "mean", "noise"),
    )  # fmt: skip
    assert statuses(result) == {
        ("boom", "error"), ("segv", "crashed"), ("leave", "crashed"), ("sleep", "timeout"), ("hog", "memory"),
        ("unfit", "incompatible"), ("mean", "ok"), ("noise", "ok"),
    }  # fmt: skip
    causes = {r.estimator.removeprefix("toy/"): r.cause for r in result.records}
    assert "killed by SIGSEGV" in causes["segv"]
    assert "Segmentation fault" in causes["segv"]  # the last lines of its standard error
    assert "ended the process with status 3" in causes["leave"]
    assert causes["sleep"].startswith("estimator toy/sleep: more than 3 s")
    assert "more than 600 MiB" in causes["hog"]


def test_last_words_are_kept(go):
    (record,) = go(
        Options(workers=1),
        tasks=("normals",),
        estimators=("last-words",),
        params={"normals": {"count": 1}},
    ).records
    assert "killed by SIGABRT" in record.cause
    assert "these are my last words" in record.cause


def test_a_model_that_kills_its_worker_does_so_once_per_case(go, monkeypatch):
    from harness.executors.local import Local

    started = []
    start = Local._start
    monkeypatch.setattr(Local, "_start", lambda self: started.append(1) or start(self))
    result = go(
        Options(workers=1), tasks=("normals",), models=("dies",), estimators=("mean", "noise", "slow"),
        params={"normals": {"count": 2}},
    )  # fmt: skip
    assert {r.status for r in result.records} == {Status.CRASHED}
    assert all(r.cause.startswith("model toy/dies: killed by SIGABRT") for r in result.records)
    assert len(result.records) == 6
    assert len(started) <= 3


def test_a_killed_worker_costs_one_path(toy, go):
    """SIGKILL from outside while many paths wait."""
    from harness import hookimpl

    class Killer:
        def __init__(self):
            self.done = 0

        @hookimpl
        def harness_path_finished(self, record):
            self.done += 1
            if self.done == 3:
                children = subprocess.run(
                    ["pgrep", "-P", str(os.getpid()), "-f", "harness.executors"],
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout.split()
                os.kill(int(children[0]), signal.SIGKILL)

    with toy.watch(Killer()):
        result = go(
            Options(workers=2),
            tasks=("normals",),
            estimators=("slow",),
            params={"normals": {"count": 20}, "slow": {"seconds": 0.1}},
        )
    assert len(result.records) == 20
    lost = [r for r in result.records if r.status is not Status.OK]
    assert len(lost) <= 1
    assert all("SIGKILL from outside" in r.cause for r in lost)


def test_threads_are_limited_and_recorded(go):
    result = go(Options(workers=2, threads=3), tasks=("normals",), estimators=("mean",))
    assert {r.threads for r in result.records} == {3}


def test_peak_memory_is_the_paths_own(go):
    """A warm worker reports what a path added, not what an earlier one had."""
    result = go(
        Options(workers=1, memory=500),
        tasks=("normals",),
        estimators=("hog", "mean"),
        params={"normals": {"count": 1}},
    )
    (mean,) = result.records.where(estimator="toy/mean")
    assert mean.peak_mib is None or mean.peak_mib < 50


def test_no_process_outlives_a_run(go):
    go(Options(workers=2), tasks=("normals",), estimators=("mean",))
    time.sleep(0.1)
    assert (
        subprocess.run(
            ["pgrep", "-P", str(os.getpid()), "-f", "harness.executors"], capture_output=True
        ).stdout
        == b""
    )


def test_ctrl_c_records_what_was_in_flight(go, monkeypatch):
    """The interruption comes while the parent waits for its workers, as it nearly always does."""
    from harness.executors import local

    listen, heard = local.wait, []

    def wait(*arguments):
        # ready, stage task, data, stage estimator: then the first path is being computed
        heard.append(listen(*arguments))
        if len(heard) == 5:
            raise KeyboardInterrupt
        return heard[-1]

    monkeypatch.setattr(local, "wait", wait)
    result = go(
        Options(workers=1),
        tasks=("normals",),
        estimators=("slow",),
        params={"slow": {"seconds": 0.3}},
    )
    assert result.interrupted
    lost = [r for r in result.records if r.status is Status.INTERRUPTED]
    assert [(r.case, r.cause) for r in lost] == [(lost[0].case, "Ctrl-C")]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_plugin_reaches_what_its_run_has_loaded(monkeypatch, tmp_path, workers):
    """``--no-plugin`` holds for components that are called by name, too."""
    monkeypatch.syspath_prepend(str(TOY))
    whole, less = (
        registry.load(modules=["harness_toy"], blocked=blocked) for blocked in ((), ("msc",))
    )
    with Store(tmp_path / "s.sqlite", write=True) as store:
        for found, statuses in ((whole, {"ok"}), (less, {"error"})):
            made = plan.make(found, plan.Request(tasks=("normals",), estimators=("borrows",)))
            result = run(found, made, store, Options(workers=workers, cache=False))
            assert {r.status.value for r in result.records} == statuses
            reason = "plugin 'msc' did not load (left out by --no-plugin)"
            assert all(r.cause is None or reason in r.cause for r in result.records)
