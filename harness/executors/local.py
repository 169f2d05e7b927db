"""Supervised local workers: each unit has a deadline and a memory bound that stop native code too.

One process per slot, watched one by one: a worker that dies costs the path it was on, and a new
one takes its place. (A process pool loses its whole queue to one killed worker.)
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import IO, Any

from harness.errors import HarnessError, UsageError
from harness.executors.worker import Setup
from harness.measure import resident_mib
from harness.records import Status
from harness.threads import NUMBA, VARIABLES
from harness.units import Ask, Outcome, Show, Unit

POLL_S = 0.05
"""How often memory is looked at, where a bound is set."""
TAIL_LINES = 40


@dataclass
class _Worker:
    """One slot's process, and what it is doing."""

    process: subprocess.Popen[bytes]
    link: Connection
    stderr: IO[bytes]
    ready: bool = False
    unit: Unit | None = None
    stage: str = "start"
    since: float = field(default_factory=time.monotonic)
    data_key: str = ""
    gpu: bool = False
    """Whether it has had a unit for a GPU: it then holds memory there until it ends."""

    def stop(self) -> int:
        """End the process and what it started; its exit status."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.link.close()
        return code

    def last_words(self) -> str:
        """The last lines that it wrote to its standard error."""
        self.stderr.seek(0)
        lines = self.stderr.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(lines)


class Local:
    """Run units on ``workers`` supervised processes.

    Parameters
    ----------
    setup : how the workers find the plugins, and how many threads each uses.
    workers : number of processes.
    timeout : seconds that a stage of a path (loading, each model, the estimator, scoring) may take.
    memory : MiB of resident memory that a worker may have.
    gpu_workers : how many of the processes may compute on a GPU.
    """

    def __init__(
        self,
        setup: Setup,
        workers: int,
        timeout: float | None = None,
        memory: float | None = None,
        gpu_workers: int = 1,
    ) -> None:
        if not hasattr(os, "killpg"):
            raise UsageError(
                "supervised workers need Linux or macOS; run in this process with --workers 0"
            )
        if memory is not None and not resident_mib(os.getpid()):
            raise UsageError("--memory needs /proc, which this system does not have; leave it out")
        self._setup, self._timeout, self._memory = setup, timeout, memory
        self._count, self._gpu_count = workers, gpu_workers
        self._workers: list[_Worker] = []
        self._left: list[Unit] = []

    def in_flight(self) -> list[Unit]:
        """The units that workers are on, or were on when the work was ended."""
        return self._left or [w.unit for w in self._workers if w.unit is not None]

    def outcomes(self, units: Iterable[Unit], ask: Ask, show: Show) -> Iterator[Outcome]:
        """Perform the units, those on the same data by the same worker where possible."""
        queue = _Queue(units)
        try:
            while queue or self.in_flight():
                self._fill(queue)
                for worker in self._heard_from():
                    yield from self._listen(worker, queue, ask, show)
                yield from self._enforce(queue)
        finally:
            # Ctrl-C in here ends the generator before anybody can ask what was in flight.
            self._left = self.in_flight()
            for worker in self._workers:
                worker.stop()
                worker.stderr.close()
            self._workers = []

    def _fill(self, queue: _Queue) -> None:
        """Start workers while there is work for them, and give idle ones a unit."""
        if len(self._workers) < self._count:
            on_gpu = sum(w.gpu for w in self._workers if w.unit is not None)
            wanted = len(self.in_flight()) + queue.startable(self._gpu_count - on_gpu)
            while len(self._workers) < min(self._count, wanted):
                self._workers.append(self._start())
        for worker in self._workers:
            if worker.ready and worker.unit is None:
                self._give(worker, queue)

    def _give(self, worker: _Worker, queue: _Queue) -> None:
        """Send a worker its next unit, if there is one that it may have."""
        busy = {w.data_key for w in self._workers if w is not worker}
        gpu = worker.gpu or sum(w.gpu for w in self._workers) < self._gpu_count
        unit = queue.take(worker.data_key, busy, gpu=gpu)
        if unit is None:
            return
        worker.unit, worker.data_key = unit, unit.data_key
        worker.stage, worker.since = f"task {unit.task[0]}", time.monotonic()
        worker.gpu = worker.gpu or unit.device != "cpu"
        with contextlib.suppress(OSError):  # a dead worker is noticed when it is listened to
            worker.link.send(unit)

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        environment = os.environ | dict.fromkeys((*VARIABLES, NUMBA), str(self._setup.threads))
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from harness.executors.worker import main; main({theirs.fileno()})",
            ],
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, self._setup.path))},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,
        )
        theirs.close()
        link = Connection(ours.detach())
        with contextlib.suppress(OSError):
            link.send(self._setup)
        return _Worker(process, link, stderr)

    def _heard_from(self) -> list[_Worker]:
        patience = None
        if self._memory is not None:
            patience = POLL_S
        elif self._timeout is not None:
            first = min(
                (w.since for w in self._workers if w.unit is not None), default=time.monotonic()
            )
            patience = max(0.0, first + self._timeout - time.monotonic())
        links: Any = wait([w.link for w in self._workers], patience)
        return [w for w in self._workers if w.link in links]

    def _listen(self, worker: _Worker, queue: _Queue, ask: Ask, show: Show) -> Iterator[Outcome]:
        """Take one message from a worker, or notice its death."""
        try:
            what, content = worker.link.recv()
            if what == "data":
                assert worker.unit is not None
                worker.link.send(ask(worker.unit, content))
        except (EOFError, OSError):
            yield from self._bury(worker, queue)
            return
        if what == "ready":
            worker.ready = True
        elif what == "stage":
            worker.stage, worker.since = content, time.monotonic()
        elif what == "progress":
            assert worker.unit is not None
            show(worker.unit, content)
        elif what == "done":
            worker.unit = None
            worker.stderr.seek(0)
            worker.stderr.truncate()
            self._give(worker, queue)  # so that it works while its last outcome is stored
            if content is not None:
                yield content

    def _bury(self, worker: _Worker, queue: _Queue) -> Iterator[Outcome]:
        """A worker died by itself: its path has crashed; the rest of the queue goes on."""
        code = worker.stop()
        if worker.unit is None:
            words = worker.last_words()
            raise HarnessError(f"a worker could not start (exit status {code}):\n{words}")
        reason = (
            f"killed by {signal.Signals(-code).name}"
            if code < 0
            else f"ended the process with status {code}"
        )
        if code == -signal.SIGKILL:
            reason += " from outside, as the kernel does when memory runs out"
        yield from self._lose(worker, queue, Status.CRASHED, f"{worker.stage}: {reason}")

    def _enforce(self, queue: _Queue) -> Iterator[Outcome]:
        """Stop what is over its deadline or its memory bound."""
        now = time.monotonic()
        for worker in [w for w in self._workers if w.unit is not None]:
            if self._timeout is not None and now - worker.since > self._timeout:
                worker.stop()
                cause = f"{worker.stage}: more than {self._timeout:g} s"
                yield from self._lose(worker, queue, Status.TIMEOUT, cause)
            elif self._memory is not None and resident_mib(worker.process.pid) > self._memory:
                worker.stop()
                cause = f"{worker.stage}: more than {self._memory:g} MiB"
                yield from self._lose(worker, queue, Status.MEMORY, cause)

    def _lose(
        self, worker: _Worker, queue: _Queue, status: Status, cause: str
    ) -> Iterator[Outcome]:
        """Record a path that took its worker with it.

        Where that happened before the estimator, the other paths with the same beginning would
        only die the same death, so they share its record.
        """
        assert worker.unit is not None
        words = worker.last_words()
        worker.stderr.close()
        self._workers.remove(worker)
        full = cause + (f"\n{words}" if words else "")
        yield Outcome.failure(worker.unit, status, full)
        if worker.stage.startswith(("task", "model")):
            for unit in queue.drop(worker.unit, worker.stage):
                yield Outcome.failure(unit, status, full)


class _Queue:
    """Units waiting, by whether they ask for a GPU and by the data they need."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._rows: dict[bool, dict[str, deque[Unit]]] = {False: {}, True: {}}
        for unit in units:
            self._rows[unit.device != "cpu"].setdefault(unit.data_key, deque()).append(unit)

    def __bool__(self) -> bool:
        return any(self._rows.values())

    def startable(self, gpu_slots: int) -> int:
        """How many units could begin at once where ``gpu_slots`` of them may use a GPU."""
        on_cpu, on_gpu = (sum(map(len, self._rows[gpu].values())) for gpu in (False, True))
        return on_cpu + min(on_gpu, gpu_slots)

    def take(self, held: str, busy: set[str], *, gpu: bool) -> Unit | None:
        """The next unit for a worker that has ``held`` loaded while others have ``busy``.

        Units for a GPU come first where it may have them (``gpu``), because they wait for one
        another. Then its own data first, data that nobody has loaded, the longest row of others.
        None where all that waits is for a GPU.
        """
        rows = self._rows[True] if gpu and self._rows[True] else self._rows[False]
        if not rows:
            return None
        key: str | None = held
        if key not in rows:
            key = next((k for k in rows if k not in busy), None)
        if key is None:
            key = max(rows, key=lambda k: len(rows[k]))
        unit = rows[key].popleft()
        if not rows[key]:
            del rows[key]
        return unit

    def drop(self, lost: Unit, stage: str) -> list[Unit]:
        """Remove and return the units that would go through the stage at which ``lost`` died."""

        def doomed(unit: Unit) -> bool:
            same_models = unit.models[: len(lost.models)] == lost.models
            return unit.seed == lost.seed and (stage.startswith("task") or same_models)

        gone: list[Unit] = []
        for rows in self._rows.values():
            row = rows.pop(lost.data_key, deque())
            gone += [u for u in row if doomed(u)]
            if rest := deque(u for u in row if not doomed(u)):
                rows[lost.data_key] = rest
        return gone
