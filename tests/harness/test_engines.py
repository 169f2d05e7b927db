"""Workers that an engine places: the records of this process, whoever dies, and only the guilty blamed."""

import os
import signal
import sys
import textwrap

import pytest

from harness import UsageError, hookimpl, plan, registry
from harness.records import Status
from harness.runner import Options, run
from harness.store import Store

POISON = """
    import os, signal
    from harness import Estimate, EstimatorSpec, Samples, hookimpl
    from harness.quantities import ENTROPY

    HARNESS_API = 1

    class Poison:
        def estimate(self, data, rng):
            os.kill(_place(), signal.SIGKILL)
            signal.pause()

    def _place():
        pid = os.getpid()
        while "harness.executors" in open(f"/proc/{pid}/cmdline").read():  # the worker and its guard
            pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
        return pid

    @hookimpl
    def harness_estimators():
        yield EstimatorSpec(
            name="poison", summary="kills the process that its worker was placed in",
            implementation="poison:Poison", reads=Samples, gives=Estimate, quantity=ENTROPY,
        )
"""
REQUEST = {
    "tasks": ("normals",),
    "estimators": ("mean", "noise", "slow"),
    "params": {"normals": {"count": 8}},
}


def plain(result):
    """Records by path, without what differs between any two runs of one machine."""
    return {
        (r.path, r.case): (
            r.key,
            r.status,
            r.value,
            r.stderr,
            r.scores,
            r.diagnostics,
            r.fingerprint,
            r.cause,
        )
        for r in result.records
    }


@pytest.fixture
def compute(toy, tmp_path):
    def compute(options, name, watcher=None, **request):
        with (
            Store(tmp_path / f"{name}.sqlite", write=True) as store,
            toy.watch(watcher or object()),
        ):
            return run(toy, plan.make(toy, plan.Request(**(request or REQUEST))), store, options)

    return compute


@pytest.mark.parametrize("engine", ["dask", "slurm"])
def test_records_are_those_of_this_process(compute, engine):
    here, there = compute(Options(), "here"), compute(Options(workers=2, executor=engine), "there")
    assert len(here.records) == 24
    assert {r.status for r in here.records} == {Status.OK}
    assert plain(there) == plain(here)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("engine", ["dask", pytest.param("slurm", marks=pytest.mark.slow)])
def test_the_poisoned_path_alone_is_blamed(toy, engine, tmp_path, monkeypatch):
    """Its place dies with it, and the batch around it: the others go on elsewhere."""
    (tmp_path / "poison.py").write_text(textwrap.dedent(POISON))
    monkeypatch.syspath_prepend(str(tmp_path))
    found = registry.load(modules=["poison"])
    request = plan.Request(
        tasks=("normals",), estimators=("mean", "poison", "noise"), params={"normals": {"count": 1}}
    )
    with Store(tmp_path / "s.sqlite", write=True) as store:
        records = run(
            found, plan.make(found, request), store, Options(workers=2, executor=engine)
        ).records
    assert {(r.estimator, r.status.value) for r in records} == {
        ("toy/mean", "ok"), ("poison/poison", "crashed"), ("toy/noise", "ok"),
    }  # fmt: skip
    assert len(records) == 3
    assert all(
        "killed the process that it was placed in" in r.cause for r in records if r.status.failed
    )


def test_a_killed_dask_worker_costs_nothing(compute):
    """One of two processes is killed while it computes; what it was on is computed elsewhere."""

    class Killer:
        done = 0

        @hookimpl
        def harness_path_finished(self, record):
            self.done += 1
            if self.done == 1:
                os.kill(_dask_workers()[0], signal.SIGKILL)

    killer = Killer()
    request = {
        "tasks": ("normals",),
        "estimators": ("slow",),
        "params": {"normals": {"count": 6}, "slow": {"seconds": 0.5}},
    }
    there = compute(Options(workers=2, executor="dask"), "there", killer, **request)
    assert killer.done == 6
    assert plain(there) == plain(compute(Options(), "here", **request))


@pytest.fixture
def cluster():
    """A scheduler with two workers that are not ours."""
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": 0}
    with LocalCluster(dashboard_address=None, **options) as cluster:
        yield cluster


def test_workers_of_a_scheduler_that_is_named(compute, cluster):
    """Its records are those of this process, and it goes on after the run."""
    options = Options(workers=2, executor="dask", scheduler=cluster.scheduler_address)
    there = compute(options, "there")
    assert len(there.records) == 24
    assert plain(there) == plain(compute(Options(), "here"))
    assert {worker.status.name for worker in cluster.workers.values()} == {"running"}
    assert compute(options, "again").computed == 24


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://here"])
def test_a_scheduler_that_is_not_there(compute, monkeypatch, address):
    monkeypatch.setattr("harness.executors.dask.STARTING_S", 1)
    with pytest.raises(UsageError, match=f"--scheduler {address}: no Dask workers there"):
        compute(Options(workers=2, executor="dask", scheduler=address), "there")


def test_a_scheduler_is_an_address_of_dask():
    with pytest.raises(UsageError, match="add --executor dask"):
        Options(scheduler="tcp://127.0.0.1:8786")


def _dask_workers():
    """The processes that Dask keeps for this one, not those that watch over them."""
    from distributed import get_client

    return list(get_client().run(os.getpid).values())


def test_eight_shards_merged_are_the_run(compute, tmp_path):
    whole = compute(Options(), "whole")
    with Store(tmp_path / "merged.sqlite", write=True) as merged:
        for i in range(1, 9):
            compute(Options(shard=(i, 8)), f"shard-{i}")
            with Store(tmp_path / f"shard-{i}.sqlite") as shard:
                merged.merge(shard)
    again = compute(Options(), "merged")
    assert (again.computed, again.cached) == (0, 24)
    assert plain(again) == plain(whole)


def test_a_job_that_left_the_queue_without_a_result_has_died(tmp_path, monkeypatch):
    """A Slurm that keeps no accounts says of no job that it ended."""
    submitit = pytest.importorskip("submitit")
    from harness.executors import slurm
    from harness.executors.placed import Died

    class Job(submitit.SlurmJob):
        def done(self, force_check=False):
            return False

    queue = tmp_path / "squeue"
    queue.write_text("#!/bin/sh\necho 8_0\necho 9\n")
    queue.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(slurm, "QUEUE_S", 0.0)
    monkeypatch.setattr(slurm, "POLL_S", 0.01)
    engine = slurm.Slurm(None, 2, tmp_path, cluster="local")
    engine._jobs = jobs = [Job(tmp_path, "8_0"), Job(tmp_path, "8_1")]
    (ended,) = engine.finished(jobs)
    assert ended is jobs[1]
    with pytest.raises(Died, match="job 8_1 left the queue"):
        engine.result(ended)
