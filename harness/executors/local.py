"""Supervised local processes: every stage has a deadline and a memory bound, native code included.

A slot has two processes: a keeper that runs the task (it knows the cases and the truth) and a
worker that runs models and estimators (it is given data). They are watched one by one: one that
dies costs the path it was on, and the slot starts anew. (A process pool loses its whole queue to
one killed worker.)
"""

from __future__ import annotations

import contextlib
import os
import select
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import plain
from harness.cost import resident_mib
from harness.errors import HarnessError, UsageError
from harness.executors import messages
from harness.executors.processes import Process
from harness.executors.queue import Queue
from harness.executors.slots import Slot
from harness.executors.worker import Setup
from harness.outputs import Estimate, Output
from harness.records import Status
from harness.registry import Registry
from harness.scratch import scratch
from harness.units import Ask, Loaded, Outcome, ShowUnit, Unit
from harness.wire import WireError

POLL_S = 0.05
"""How often memory is looked at, where a bound is set."""
STARTING_S = 120.0
"""Seconds that a process has to load the plugins."""
STARTS = 3
"""How many processes in a row may fail to start, or die before they were given anything."""
SHARED = Path("/dev/shm")  # noqa: S108 - a folder of our own is made within
"""Where files live in memory (Linux): data pass from keeper to worker there, uncopied; on disk
where they do not fit."""


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
        self._slots: list[Slot] = []
        self._left: list[Unit] = []
        self._failed_starts = 0

    def in_flight(self) -> list[Unit]:
        """The units that slots are on, or were on when the work was ended."""
        return self._left or [s.unit for s in self._slots if s.unit is not None]

    def outcomes(self, units: Iterable[Unit], ask: Ask, show: ShowUnit) -> Iterator[Outcome]:
        """Perform the units, those on the same data by the same slot where possible."""
        queue = Queue(units)
        places = (SHARED, Path(tempfile.gettempdir()))
        with contextlib.ExitStack() as stack:
            self._folders = [
                stack.enter_context(scratch(place)) for place in places if os.access(place, os.W_OK)
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
        for slot in [s for s in self._slots if s.unit is None and s.worked and queue.suspects]:
            self._end(slot)  # a unit that crashed in a slot like this waits for a new one
        if len(self._slots) < self._count:
            on_gpu = sum(s.gpu for s in self._slots if s.unit is not None)
            wanted = len(self.in_flight()) + queue.startable(self._gpu_count - on_gpu)
            while len(self._slots) < min(self._count, wanted):
                self._slots.append(Slot.start(self._setup))
        for slot in self._slots:
            while slot.unit is None and slot.ready:
                if not self._give(slot, queue, ask):
                    break

    def _give(self, slot: Slot, queue: Queue, ask: Ask) -> bool:
        """Give a slot its next unit; False where there is none that it may have."""
        busy = {s.data_key for s in self._slots if s is not slot}
        gpu = slot.gpu or sum(s.gpu for s in self._slots) < self._gpu_count
        unit = queue.take(slot.data_key, busy, gpu=gpu, new=not slot.worked)
        if unit is None:
            return False
        slot.begin(unit)
        if slot.loaded is not None and slot.loaded[0] == unit.loads:
            self._work(slot, slot.loaded[1], ask)
            return True
        # A new name for new data, so that the worker sees that they are others.
        slot.forget()
        name = f"{id(slot)}-{time.monotonic_ns()}"
        slot.files = tuple(str(Path(folder) / name) for folder in self._folders)
        request = {"unit": messages.plain_unit(unit), "files": slot.files, "anew": slot.spoiled}
        slot.loaded, slot.spoiled = None, False
        slot.ask(slot.keeper, "load", request)
        return True

    def _work(self, slot: Slot, loaded: Loaded, ask: Ask) -> None:
        """The data of a slot's unit are there: pass the work on, where any is left."""
        assert slot.unit is not None
        assert loaded.fingerprint is not None
        wanted = ask(slot.unit, loaded.fingerprint)
        if not wanted:
            slot.unit = slot.active = None
            return
        unit = replace(slot.unit, cases=wanted)
        slot.outcome = Outcome.begun(unit, loaded)
        spec = self._registry.one("task", unit.task[0]).spec
        body = {
            "work": vars(unit.work(loaded.fingerprint)),
            "kind": messages.reference(spec.gives),
            "answers": messages.reference(spec.answers[1]) if spec.answers else "",
            "file": slot.file,
        }
        slot.work(unit, body)

    def _heard_from(self) -> list[tuple[Slot, Process]]:
        """The processes that have said something, by when somebody has to be looked after."""
        now = time.monotonic()
        ends = [p.started + STARTING_S for s in self._slots for p in s.processes if not p.ready]
        if self._timeout is not None:
            ends += [s.since + self._timeout for s in self._slots if s.unit is not None]
        if self._memory is not None:
            ends.append(now + POLL_S)
        patience = max(0.0, min(ends) - now) * 1000 if ends else None
        links = {p.link.fileno(): (s, p) for s in self._slots for p in s.processes}
        poll = select.poll()
        for descriptor in links:
            poll.register(descriptor, select.POLLIN)
        return [links[descriptor] for descriptor, _ in poll.poll(patience)]

    def _listen(
        self, slot: Slot, process: Process, queue: Queue, ask: Ask, show: ShowUnit
    ) -> Iterator[Outcome]:
        """Take what a process says, or notice its death."""
        if slot not in self._slots:  # ended by what its other process did
            return
        try:
            for what, body in process.link.arrived():
                yield from self._hear(slot, process, what, body, queue, ask, show)
                if slot not in self._slots:
                    return
        except (EOFError, OSError):
            how = process.how_it_ended()
            other = "" if process is slot.active else f"its {process.role} "
            yield from self._lose(slot, process, queue, Status.CRASHED, f"{other}{how}")
        except WireError as error:
            cause = f"sent {plain.text(error)}"
            yield from self._lose(slot, process, queue, Status.CRASHED, cause)

    def _hear(
        self,
        slot: Slot,
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
            slot.enter(process, body)
        elif what == "left":
            slot.left += messages.left_of(body)
        elif what == "progress":
            show(unit, messages.progress_of(body))
        elif (process.role, what) == ("keeper", "loaded"):
            slot.file, slot.data, loaded = messages.loaded_of(body)
            if loaded.status is Status.OK and slot.file not in slot.files:
                raise WireError("data in a file that is none of its own")
            if slot.data is not None:
                slot.files = ()  # nothing was written
            if loaded.status is Status.OK:
                slot.loaded = unit.loads, loaded
                self._work(slot, loaded, ask)
            else:
                yield self._finished(slot, Outcome.begun(unit, loaded), queue, ask)
        elif (process.role, what) == ("worker", "question"):
            slot.paused = slot.asked, slot.stage, time.monotonic() - slot.since
            slot.stage = f"answer of {unit.task[0]}"
            request = {
                "unit": messages.plain_unit(unit),
                "question": body,
                "first": slot.questions == 0,
            }
            slot.questions += 1
            slot.ask(slot.keeper, "respond", request)
        elif (process.role, what) == ("keeper", "answered") and slot.paused is not None:
            slot.asked, slot.stage, seconds = slot.paused
            slot.active, slot.since = slot.worker, time.monotonic() - seconds
            slot.paused = None
            slot.worker.send("answer", body)
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

    def _judge(self, slot: Slot, unit: Unit, output: Output) -> None:
        slot.stage = f"score of {unit.task[0]}"
        request = {
            "unit": messages.plain_unit(unit),
            "output": messages.plain_output(output),
            "first": slot.questions == 0,
        }
        slot.ask(slot.keeper, "judge", request)

    def _finished(self, slot: Slot, outcome: Outcome, queue: Queue, ask: Ask) -> Outcome:
        """The slot is free again, and works on while its last outcome is stored."""
        slot.end()
        self._failed_starts = 0
        if slot.left:
            left = ", ".join(slot.left)
            outcome.notes.append(f"left behind in its process, which others do not use: {left}")
            self._end(slot)
        else:
            self._give(slot, queue, ask)
        return outcome

    def _enforce(self, queue: Queue) -> Iterator[Outcome]:
        """Stop what is over its deadline or its memory bound."""
        now = time.monotonic()
        for slot in list(self._slots):
            late = [p for p in slot.processes if not p.ready and now - p.started > STARTING_S]
            if late:
                cause = f"not ready after {STARTING_S:g} s"
                yield from self._lose(slot, late[0], queue, Status.TIMEOUT, cause)
            elif slot.active is None:
                continue
            elif self._timeout is not None and now - slot.since > self._timeout:
                cause = f"more than {self._timeout:g} s"
                yield from self._lose(slot, slot.active, queue, Status.TIMEOUT, cause)
            elif self._memory is not None and slot.active.resident_mib(self._memory) > self._memory:
                cause = f"more than {self._memory:g} MiB"
                yield from self._lose(slot, slot.active, queue, Status.MEMORY, cause)

    def _lose(
        self, slot: Slot, process: Process, queue: Queue, status: Status, cause: str
    ) -> Iterator[Outcome]:
        """End a slot because of one of its processes, and record the path that took it along.

        A crash in processes that other paths have used, or too much memory there, may be what these
        left behind: the unit begins anew, and is blamed where it happens in processes of its own.
        Where it happens before the estimator, the other paths with the same beginning would only
        die the same death, so they share its record. A slot without a unit is replaced.

        Raises `HarnessError` where too many in a row could not start.
        """
        unit = slot.unit
        process.stop()
        words = process.last_words(slot.begun)
        self._end(slot)
        if unit is None:
            self._failed_starts += not slot.worked
            if self._failed_starts == STARTS:
                raise HarnessError(
                    f"{STARTS} times in a row a {process.role} could not start: {cause}\n"
                    + plain.text(words, plain.LONGEST_CAUSE)
                )
            return
        if status is not Status.TIMEOUT and slot.worked:
            queue.put_back(unit)
            return
        full = plain.text(f"{slot.stage}: {cause}\n{words}".strip(), plain.LONGEST_CAUSE)
        yield Outcome.failure(unit, status, full)
        if slot.stage.startswith(("task", "model")):
            for doomed in queue.drop(unit, slot.stage):
                yield Outcome.failure(doomed, status, full)

    def _end(self, slot: Slot) -> None:
        slot.close()
        self._slots.remove(slot)
