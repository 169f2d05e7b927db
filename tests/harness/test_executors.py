"""Workers are supervised one by one: each bad path gets its own status, all others finish."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import UsageError, plan, registry
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
        Options(workers=2, timeout=4, memory=300),
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
    assert causes["sleep"].startswith("estimator toy/sleep: more than 4 s")
    assert "more than 300 MiB" in causes["hog"]


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
    from harness.executors.slots import Slot

    started = []
    start = Slot.start
    monkeypatch.setattr(Slot, "start", lambda setup: started.append(1) or start(setup))
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
    from harness.executors.local import Local

    listen = Local._hear

    def hear(slots, slot, process, what, body, *rest):
        if what == "done":  # the first path is computed
            raise KeyboardInterrupt
        return listen(slots, slot, process, what, body, *rest)

    monkeypatch.setattr(Local, "_hear", hear)
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


def at_once(log):
    """The most that computed at the same time on each device, and the processes that did."""
    most, running, processes = {}, {}, {}
    for line in log.read_text().splitlines():
        device, what, process = line.split()
        running[device] = running.get(device, 0) + (1 if what == "begins" else -1)
        most[device] = max(most.get(device, 0), running[device])
        processes.setdefault(device, set()).add(process)
    return most, processes


@pytest.fixture
def gpu(monkeypatch):
    """A machine on which the toy component that asks for ``cuda`` may run."""
    from harness import surroundings

    asked = []
    monkeypatch.setattr(surroundings, "require_device", asked.append)
    return asked


@pytest.mark.parametrize("gpu_workers", [1, 2])
def test_a_gpu_is_used_by_so_many_workers_at_a_time(go, gpu, tmp_path, gpu_workers):
    """And by the same ones, since a worker that has used it holds memory there."""
    log = tmp_path / "log"
    result = go(
        Options(workers=3, gpu_workers=gpu_workers), tasks=("normals",), estimators=("on-device", "slow"),
        params={"normals": {"count": 8}, "on-device": {"log": str(log)}, "slow": {"seconds": 0.05}}, device="cuda",
    )  # fmt: skip
    assert {r.status for r in result.records} == {Status.OK}
    assert len(result.records) == 16
    most, processes = at_once(log)
    assert most["cuda"] <= gpu_workers
    assert len(processes["cuda"]) <= gpu_workers
    assert set(gpu) == {"cpu", "cuda"}


def test_a_worker_that_dies_gives_the_gpu_back(go, gpu, tmp_path, monkeypatch):
    """The next one takes its place; the paths that wait are not lost."""
    import toy_parts

    monkeypatch.setenv("TOY_DIES_ON_CUDA", str(tmp_path / "died"))
    assert toy_parts.OnDevice().device == "cpu"
    log = tmp_path / "log"
    result = go(
        Options(workers=2), tasks=("normals",), estimators=("on-device",),
        params={"normals": {"count": 4}, "on-device": {"log": str(log)}}, device="cuda",
    )  # fmt: skip
    assert sorted(r.status for r in result.records) == [Status.CRASHED] + 3 * [Status.OK]
    assert len(at_once(log)[1]["cuda"]) == 2


def test_an_absent_device_is_named_before_anything_runs(go, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="needs infoharness[torch]")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    log = tmp_path / "log"
    with pytest.raises(UsageError, match="device 'cuda': torch sees no GPU here"):
        go(Options(), tasks=("normals",), estimators=("on-device", "slow"), device="cuda",
           params={"on-device": {"log": str(log)}, "slow": {"log": str(log)}})  # fmt: skip
    assert not log.exists()


def test_the_cpu_needs_no_torch(go, tmp_path, monkeypatch):
    """Also where it is asked for by name; and a device without torch says so."""
    monkeypatch.setitem(sys.modules, "torch", None)
    params = {"normals": {"count": 1}, "on-device": {"log": str(tmp_path / "log")}}
    request = {"tasks": ("normals",), "estimators": ("on-device",), "params": params}
    (record,) = go(Options(), device="cpu", **request).records
    assert record.value == 0.0
    with pytest.raises(UsageError, match="device 'cuda': torch is not installed"):
        go(Options(), device="cuda", **request)


def test_records_name_the_card_of_paths_that_used_it(toy, go, gpu, tmp_path, monkeypatch):
    from harness import machine

    monkeypatch.setattr(machine, "card", lambda: "Toy GPU 9000")
    result = go(
        Options(), tasks=("normals",), estimators=("on-device", "mean"), device="cuda",
        params={"normals": {"count": 1}, "on-device": {"log": str(tmp_path / "log")}},
    )  # fmt: skip
    named = {r.estimator: r.machine for r in result.records}
    with Store(tmp_path / "s.sqlite") as store:
        known = store.machines()
    assert known[named["toy/on-device"]] == machine.facts() | {"gpu": "Toy GPU 9000"}
    assert known[named["toy/mean"]] == machine.facts()


def test_data_that_do_not_fit_into_memory_files_go_to_disk(tmp_path):
    """A container may have a /dev/shm of 64 MiB; here the first place can hold no file at all."""
    from harness import PairedSamples, wire
    from harness.executors.messages import kind_of, reference
    from harness.executors.worker import _written

    (tmp_path / "full").write_text("")
    data = PairedSamples([[0.0], [1.0]], [[1.0], [2.0]])
    files = [str(tmp_path / "full" / "x"), str(tmp_path / "y")]
    assert _written(data, files) == files[1]
    assert kind_of(reference(PairedSamples), wire.read(tmp_path / "y")[1]) == data
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        _written(data, files[:1])
