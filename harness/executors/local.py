"""Supervised local processes: every stage has a deadline and a memory bound, native code included.

A slot has two processes: a keeper that runs the task (it knows the cases and the truth) and a
worker that runs models and estimators (it is given data). They are watched one by one: one that
dies costs the path it was on, and the slot starts anew. (A process pool loses its whole queue to
one killed worker.)
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.cost import resident_mib
from harness.errors import HarnessError, UsageError
from harness.executors import messages
from harness.executors.processes import Process, how_it_ended
from harness.executors.queue import Queue
from harness.executors.worker import Setup
from harness.outputs import Estimate, Output
from harness.records import Status
from harness.registry import Registry
from harness.units import Ask, Loaded, Outcome, ShowUnit, Unit
from harness.wire import WireError

POLL_S = 0.05
"""How often memory is looked at, where a bound is set."""
SHARED = Path("/dev/shm")  # noqa: S108 - a folder of our own is made within
"""Where files live in memory (Linux): data pass from keeper to worker there, uncopied; on disk
where they do not fit."""


@dataclass
class _Slot:
    """Two processes, and what they are doing."""

    keeper: Process
    worker: Process
    file: str = ""
    """Where the data of the last unit are."""
    unit: Unit | None = None
    outcome: Outcome | None = None
    active: Process | None = None
    """The one that the unit waits for."""
    asked: str = ""
    """The name of the last request."""
    questions: int = 0
    paused: tuple[str, str, float] | None = None
    """Name, stage and seconds of the work that waits for an answer."""
    stage: str = "start"
    since: float = field(default_factory=time.monotonic)
    data_key: str = ""
    loaded: tuple[str, Loaded] | None = None
    spoiled: bool = False
    worked: bool = False
    """Whether it has finished a unit: what that left behind may harm the next."""
    gpu: bool = False
    """Whether it has had a unit for a GPU: it then holds memory there until it ends."""

    @property
    def processes(self) -> tuple[Process, Process]:
        """Both of them."""
        return self.keeper, self.worker

    def ask(self, process: Process, what: str, body: dict[str, Any]) -> None:
        """Send a request; the stage is that process's until it answers."""
        self.active, self.since, self.asked = process, time.monotonic(), secrets.token_hex(8)
        with contextlib.suppress(OSError):  # a dead process is noticed when it is listened to
            process.link.send(what, body | {"asked": self.asked})

    def close(self) -> None:
        """End both processes and forget the data."""
        for process in self.processes:
            process.close()
        self.forget()

    def forget(self) -> None:
        """Remove the file of the data."""
        if self.file:
            Path(self.file).unlink(missing_ok=True)
        self.file = ""


class Local:
    """Run units on ``workers`` supervised slots.

    Parameters
    ----------
    registry : the components of the run.
    setup : how the processes find the plugins, and how many threads each uses.
    workers : number of slots.
    timeout : seconds that a stage of a path (loading, each model, the estimator, scoring) may take.
    memory : MiB of resident memory that a process may have.
    gpu_workers : how many of the slots may compute on a GPU.
    """

    def __init__(
        self,
        registry: Registry,
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
        self._registry, self._setup = registry, setup
        self._timeout, self._memory = timeout, memory
        self._count, self._gpu_count = workers, gpu_workers
        self._slots: list[_Slot] = []
        self._left: list[Unit] = []

    def in_flight(self) -> list[Unit]:
        """The units that slots are on, or were on when the work was ended."""
        return self._left or [s.unit for s in self._slots if s.unit is not None]

    def outcomes(self, units: Iterable[Unit], ask: Ask, show: ShowUnit) -> Iterator[Outcome]:
        """Perform the units, those on the same data by the same slot where possible."""
        queue = Queue(units)
        shared = [str(SHARED)] if os.access(SHARED, os.W_OK) else []
        with contextlib.ExitStack() as stack:
            self._folders = [
                stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-", dir=place))
                for place in (*shared, None)
            ]
            try:
                while queue or self.in_flight():
                    self._fill(queue, ask)
                    for slot, process in self._heard_from():
                        yield from self._listen(slot, process, queue, ask, show)
                    yield from self._enforce(queue)
            finally:
                # Ctrl-C in here ends the generator before anybody can ask what was in flight.
                self._left = self.in_flight()
                for slot in self._slots:
                    slot.close()
                self._slots = []

    def _fill(self, queue: Queue, ask: Ask) -> None:
        """Start slots while there is work for them, and give idle ones a unit."""
        if len(self._slots) < self._count:
            on_gpu = sum(s.gpu for s in self._slots if s.unit is not None)
            wanted = len(self.in_flight()) + queue.startable(self._gpu_count - on_gpu)
            while len(self._slots) < min(self._count, wanted):
                self._slots.append(self._start())
        for slot in self._slots:
            while slot.unit is None and slot.keeper.ready and slot.worker.ready:
                if not self._give(slot, queue, ask):
                    break

    def _start(self) -> _Slot:
        keeper, worker = (Process.start(role, self._setup) for role in ("keeper", "worker"))
        return _Slot(keeper, worker)

    def _give(self, slot: _Slot, queue: Queue, ask: Ask) -> bool:
        """Give a slot its next unit; False where there is none that it may have."""
        busy = {s.data_key for s in self._slots if s is not slot}
        gpu = slot.gpu or sum(s.gpu for s in self._slots) < self._gpu_count
        unit = queue.take(slot.data_key, busy, gpu=gpu)
        if unit is None:
            return False
        slot.unit, slot.data_key, slot.stage = unit, unit.data_key, f"task {unit.task[0]}"
        slot.gpu = slot.gpu or unit.device != "cpu"
        if slot.loaded is not None and slot.loaded[0] == unit.loads:
            self._work(slot, slot.loaded[1], ask)
            return True
        # A new name for new data, so that the worker sees that they are others.
        slot.forget()
        name = f"{id(slot)}-{time.monotonic_ns()}"
        files = [str(Path(folder) / name) for folder in self._folders]
        request = {"unit": asdict(unit), "files": files, "anew": slot.spoiled}
        slot.loaded, slot.spoiled = None, False
        slot.ask(slot.keeper, "load", request)
        return True

    def _work(self, slot: _Slot, loaded: Loaded, ask: Ask) -> None:
        """The data of a slot's unit are there: pass the work on, where any is left."""
        assert slot.unit is not None
        assert loaded.fingerprint is not None
        wanted = ask(slot.unit, loaded.fingerprint)
        if not wanted:
            slot.unit = slot.active = None
            return
        slot.unit, slot.questions = replace(slot.unit, cases=wanted), 0
        slot.outcome = Outcome.begun(slot.unit, loaded)
        spec = self._registry.one("task", slot.unit.task[0]).spec
        body = {
            "work": asdict(slot.unit.work(loaded.fingerprint)),
            "kind": messages.reference(spec.gives),
            "answers": messages.reference(spec.answers[1]) if spec.answers else "",
            "file": slot.file,
        }
        slot.ask(slot.worker, "work", body)

    def _heard_from(self) -> list[tuple[_Slot, Process]]:
        patience = None
        if self._memory is not None:
            patience = POLL_S
        elif self._timeout is not None:
            first = min(
                (s.since for s in self._slots if s.unit is not None), default=time.monotonic()
            )
            patience = max(0.0, first + self._timeout - time.monotonic())
        links = {p.link.fileno(): (s, p) for s in self._slots for p in s.processes}
        poll = select.poll()
        for descriptor in links:
            poll.register(descriptor, select.POLLIN)
        found = poll.poll(None if patience is None else patience * 1000)
        return [links[descriptor] for descriptor, _ in found]

    def _listen(
        self, slot: _Slot, process: Process, queue: Queue, ask: Ask, show: ShowUnit
    ) -> Iterator[Outcome]:
        """Take what a process says, or notice its death."""
        if slot not in self._slots:  # ended by what its other process did
            return
        try:
            for what, body in process.link.arrived():
                yield from self._hear(slot, process, what, body, queue, ask, show)
        except (EOFError, OSError):
            yield from self._bury(slot, process, queue)
        except WireError as error:
            if slot.unit is None and not slot.worked:
                raise HarnessError(f"a {process.role} could not start: it sent {error}") from None
            yield from self._lose(slot, queue, Status.CRASHED, f"{slot.stage}: sent {error}")

    def _hear(
        self,
        slot: _Slot,
        process: Process,
        what: str,
        body: Any,
        queue: Queue,
        ask: Ask,
        show: ShowUnit,
    ) -> Iterator[Outcome]:
        """Act on one message. Raises `WireError` for one that does not belong here."""
        if what == "ready" and not process.ready:
            process.ready = True
            return
        unit = slot.unit
        asked, body = messages.pair_of(body)
        if unit is None or process is not slot.active or asked != slot.asked:
            raise WireError(f"{what!r}: said what nobody asked")
        if what == "stage":
            slot.stage, slot.since = str(body)[:200], time.monotonic()
        elif what == "progress":
            show(unit, messages.progress_of(body))
        elif (process.role, what) == ("keeper", "loaded"):
            slot.file = body.pop("file")
            loaded = messages.loaded_of(body)
            if loaded.status is Status.OK:
                slot.loaded = unit.loads, loaded
                self._work(slot, loaded, ask)
            else:
                yield self._finished(slot, Outcome.begun(unit, loaded), queue, ask)
        elif (process.role, what) == ("worker", "question"):
            slot.paused = slot.asked, slot.stage, time.monotonic() - slot.since
            slot.stage = f"answer of {unit.task[0]}"
            request = {"unit": asdict(unit), "question": body, "first": slot.questions == 0}
            slot.questions += 1
            slot.ask(slot.keeper, "respond", request)
        elif (process.role, what) == ("keeper", "answered") and slot.paused is not None:
            slot.asked, slot.stage, seconds = slot.paused
            slot.active, slot.since = slot.worker, time.monotonic() - seconds
            slot.paused = None
            with contextlib.suppress(OSError):
                slot.worker.link.send("answer", body)
        elif (process.role, what) == ("keeper", "judged") and slot.outcome is not None:
            slot.outcome.cases = messages.results_of(unit, body)
            yield self._finished(slot, slot.outcome, queue, ask)
        elif (process.role, what) == ("worker", "done") and slot.outcome is not None:
            estimator = self._registry.one("estimator", unit.estimator[0])
            done = messages.done_of(estimator, body)
            slot.outcome.add(unit, done)
            if done.spoiled:
                slot.loaded, slot.spoiled = None, True
            if done.output is None or isinstance(done.output, Estimate):
                yield self._finished(slot, slot.outcome, queue, ask)
            else:
                self._judge(slot, unit, done.output)
        else:
            raise WireError(f"{what!r}, which nobody understands")

    def _judge(self, slot: _Slot, unit: Unit, output: Output) -> None:
        request = {
            "unit": asdict(unit),
            "output": messages.plain_output(output),
            "first": slot.questions == 0,
        }
        slot.ask(slot.keeper, "judge", request)

    def _finished(self, slot: _Slot, outcome: Outcome, queue: Queue, ask: Ask) -> Outcome:
        """The slot is free again, and works on while its last outcome is stored."""
        slot.unit = slot.outcome = slot.active = None
        slot.worked = True
        for process in slot.processes:
            process.hush()
        self._give(slot, queue, ask)
        return outcome

    def _bury(self, slot: _Slot, process: Process, queue: Queue) -> Iterator[Outcome]:
        """A process died by itself: its path has crashed; the rest of the queue goes on."""
        code = process.stop()
        if slot.unit is None and not slot.worked:
            words = process.last_words()
            raise HarnessError(f"a {process.role} could not start (exit status {code}):\n{words}")
        other = "" if process is slot.active else f"its {process.role} "
        cause = f"{slot.stage}: {other}{how_it_ended(code)}"
        yield from self._lose(slot, queue, Status.CRASHED, cause)

    def _enforce(self, queue: Queue) -> Iterator[Outcome]:
        """Stop what is over its deadline or its memory bound."""
        now = time.monotonic()
        for slot in [s for s in self._slots if s.active is not None]:
            assert slot.active is not None
            if self._timeout is not None and now - slot.since > self._timeout:
                cause = f"{slot.stage}: more than {self._timeout:g} s"
                yield from self._lose(slot, queue, Status.TIMEOUT, cause)
            elif self._memory is not None and resident_mib(slot.active.process.pid) > self._memory:
                cause = f"{slot.stage}: more than {self._memory:g} MiB"
                yield from self._lose(slot, queue, Status.MEMORY, cause)

    def _lose(self, slot: _Slot, queue: Queue, status: Status, cause: str) -> Iterator[Outcome]:
        """End a slot, and record the path that took it along.

        A crash in processes that other paths have used may be what these left behind: the unit
        begins anew, and is blamed where it crashes in processes of its own. Where that happens
        before the estimator, the other paths with the same beginning would only die the same death,
        so they share its record.
        """
        unit, active = slot.unit, slot.active or slot.worker
        active.stop()
        words = active.last_words()
        slot.close()
        self._slots.remove(slot)
        if unit is None:
            return
        if status is Status.CRASHED and slot.worked:
            queue.put_back(unit)
            return
        full = cause + (f"\n{words}" if words else "")
        yield Outcome.failure(unit, status, full)
        if slot.stage.startswith(("task", "model")):
            for doomed in queue.drop(unit, slot.stage):
                yield Outcome.failure(doomed, status, full)
