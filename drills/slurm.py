"""A Slurm of this machine: jobs of runs are killed in the middle, and the records stay the same.

Needs ``slurmctld``, ``slurmd``, ``sbatch``, ``squeue`` and ``scancel`` on ``PATH`` (Debian:
``slurm-wlm``). A controller and one node start on loopback with a configuration of their own, without
munge and without accounts, and end with the drill.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from drills.behaviour import command, environment

PROGRAMS = ("slurmctld", "slurmd", "slurmstepd", "sbatch", "squeue", "scancel", "sinfo", "srun")
STARTING_S = 30
PATHS, SHARDS = 300, 4
SETTINGS = """
ClusterName=drill
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
{plugins}
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores}
PartitionName=here Nodes={host} Default=YES State=UP
"""


def missing() -> list[str]:
    """The programs of Slurm that are not there."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """A controller and a node; the variables with which the commands of Slurm find them.

    Raises `RuntimeError`, with what they said, where they do not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    host, settings = socket.gethostname().partition(".")[0], folder / "slurm.conf"
    node = Path(shutil.which("slurmd") or "slurmd")
    plugins = next(node.resolve().parents[1].glob("lib*/*/slurm*/auth_none.so"), None)
    text = SETTINGS.format(
        host=host, ports=_free_ports(2), user=getpass.getuser(), folder=folder,
        plugins=f"PluginDir={plugins.parent}" if plugins else "", cores=os.cpu_count(),
    )  # fmt: skip
    settings.write_text(text, encoding="utf-8")
    variables = {"SLURM_CONF": str(settings)}
    step = shutil.which("slurmstepd") or "slurmstepd"
    started = []
    try:
        for words in (["slurmctld", "-D"], ["slurmd", "-D", "-N", host, "-d", step]):
            with (folder / f"{words[0]}.log").open("wb") as out:
                own = os.environ | variables
                started.append(subprocess.Popen(words, env=own, stdout=out, stderr=out))
        deadline = time.monotonic() + STARTING_S
        while "idle" not in _said(["sinfo", "-h", "-o", "%T"], variables):
            if time.monotonic() > deadline:
                logs = [path.read_text(errors="replace")[-500:] for path in folder.glob("*.log")]
                raise RuntimeError("Slurm does not start: " + " ".join(logs))
            time.sleep(0.2)
        yield variables
        _said(["scancel", "-u", str(os.getuid())], variables)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait()


def killed(variables: dict[str, str], *, after: float, within: float = 60.0) -> threading.Thread:
    """A thread that kills the first job's process of this cluster, ``after`` seconds from when it
    is there.
    """

    def kill() -> None:
        deadline = time.monotonic() + within
        while not (pids := jobs(variables)) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(after)
        for pid in jobs(variables)[:1] or pids[:1]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                thread.pid = pid  # type: ignore[attr-defined]

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def jobs(variables: dict[str, str]) -> list[int]:
    """The processes that are jobs of a cluster: those of submitit, or runs of a shard."""
    found = []
    mark = f"SLURM_CONF={variables['SLURM_CONF']}".encode()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                words = (path / "cmdline").read_bytes().split(b"\0")
                own = b"submitit.core._submit" in words or b"--shard" in words
                program = Path(os.fsdecode(words[0])).name
                if own and "python" in program and mark in (path / "environ").read_bytes():
                    found.append(int(path.name))
    return found


def drill(count: int) -> tuple[str, bool]:
    """``count`` runs with a killed job each, and an array of shards; a line for the table."""
    if absent := missing():
        return f"not tried: no {', '.join(absent)}", True
    rng = random.Random(0)
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name).resolve()
        here = _records(folder / "here", {})
        assert len(here) == PATHS, "the run does not work without Slurm"
        deaths = differ = 0
        with cluster(folder / "slurm") as variables:
            for i in range(count):
                thread = killed(variables, after=rng.uniform(0.0, 2.0))
                there = _records(folder / f"run{i}", variables, "--executor", "slurm")
                thread.join()
                deaths += hasattr(thread, "pid")
                differ += there != here
                print(f"  run {i}: {len(there)} records, equal: {there == here}", flush=True)
            merged, again = _shards(folder / "shards", variables)
        equal = merged == here
    return (
        f"{count} runs of {PATHS} paths on two jobs: {deaths} jobs killed, {differ} runs differ from "
        f"the one in process; an array of {SHARDS} shards, one killed and sent again ({again}), "
        f"merged: {'the same' if equal else 'other'} records",
        deaths == count and not differ and equal,
    )


def _records(folder: Path, variables: dict[str, str], *more: str) -> dict[str, object]:
    """Records of a run by case: key, status, value and diagnostics."""
    folder.mkdir(exist_ok=True)
    words = [*command(folder, "brief", count=PATHS), "--workers", "2" if more else "0"]
    done = subprocess.run(
        [*words, *more, "--format", "json"],
        env=environment(folder, "slurm") | variables, cwd=folder, capture_output=True, check=False,
        timeout=600,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.split(b"\n") if line.strip()]
    return {r["case"]: (r["key"], r["status"], r["value"], r["diagnostics"]) for r in rows}


def _shards(folder: Path, variables: dict[str, str]) -> tuple[dict[str, object], str]:
    """An array of shards with a store each, one of which is killed and sent again; merged."""
    folder.mkdir()
    own = environment(folder, "slurm") | variables
    words = [*command(folder, "brief", count=PATHS), "--workers", "0"]
    words[words.index("--store") + 1] = f"{folder}/shard-$SLURM_ARRAY_TASK_ID.sqlite"
    script = folder / "shards.sh"
    run = " ".join(words) + f" --shard $SLURM_ARRAY_TASK_ID/{SHARDS}"
    script.write_text(f"#!/bin/sh\nexec {run}\n", encoding="utf-8")
    send = ["sbatch", "--wait", "-o", f"{folder}/out-%a", f"--array=1-{SHARDS}", str(script)]
    thread = killed(variables, after=1.0)
    first = subprocess.run(send, env=own, capture_output=True, check=False, timeout=600)
    thread.join()
    second = subprocess.run(send, env=own, capture_output=True, check=False, timeout=600)
    stores = [str(folder / f"shard-{i}.sqlite") for i in range(1, SHARDS + 1)]
    target = folder / "store.sqlite"
    words = [sys.executable, "-m", "harness", "store", "merge", "--store", str(target), *stores]
    subprocess.run(words, env=own, check=True, capture_output=True, timeout=600)
    return _records(folder, {}), f"status {first.returncode}, then {second.returncode}"


def _said(words: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(words, env=os.environ | variables, capture_output=True, check=False)
    return done.stdout.decode(errors="replace")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
