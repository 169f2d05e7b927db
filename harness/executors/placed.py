"""Units on other machines: an engine places batches, and each runs in a supervised worker there.

The innermost layer stays `Local`, with its deadlines, memory bounds and causes. An engine is asked
for one thing only, to run `perform` on a batch somewhere; what becomes of a batch whose place died
is decided here, and alike for all engines: halves of it are placed again, down to single units, and
a unit that dies with its place runs once more with nothing beside it. Only then is it blamed.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness import plain, registry
from harness.executors.local import Local
from harness.executors.worker import Setup
from harness.long_work import Progress
from harness.records import Status
from harness.units import Ask, Outcome, ShowUnit, Unit

Batch = tuple[Unit, ...]


@dataclass(frozen=True)
class Place:
    """What is needed to run a batch somewhere else."""

    setup: Setup
    timeout: float | None = None
    memory: float | None = None

    def perform(self, batch: Batch) -> list[Outcome]:
        """Run a batch in one supervised worker of this machine."""
        sys.path += [folder for folder in self.setup.path if folder not in sys.path]
        found = registry.load(**self.setup.plugins)
        with registry.using(found):
            local = Local(found, self.setup, 1, self.timeout, self.memory)
            return list(local.outcomes(batch, _all_cases, _unseen))


def _all_cases(unit: Unit, fingerprint: str) -> tuple[str, ...]:
    return unit.cases


def _unseen(unit: Unit, progress: Progress) -> None:
    """Progress stays where it is made."""


class Died(Exception):
    """The place of a job died, and the job with it."""


class Engine(Protocol):
    """Something that runs functions elsewhere."""

    slots: int
    """How many batches are worth having placed at once."""
    share: int
    """Into how many batches the work is cut for each slot."""

    def submit(self, batches: list[Batch]) -> list[Any]:
        """Have batches performed."""

    def finished(self, jobs: list[Any]) -> list[Any]:
        """Wait until there are some that ended."""

    def result(self, job: Any) -> list[Outcome]:
        """What a job gave. Raises `Died` where its place did."""

    def close(self) -> None:
        """End all jobs."""


class Placed:
    """An executor that leaves the places of its workers to an engine.

    What the store holds is asked for when outcomes come back: data without a stamp may be computed
    again, but are not stored twice.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._placed: dict[int, Batch] = {}

    def in_flight(self) -> list[Unit]:
        """The units that have been placed and not come back."""
        return [unit for batch in self._placed.values() for unit in batch]

    def outcomes(self, units: Iterable[Unit], ask: Ask, show: ShowUnit) -> Iterator[Outcome]:
        """Perform the units, in batches on the same data."""
        engine = self._engine
        waiting = deque(batches(list(units), engine.slots * engine.share))
        suspects: deque[Unit] = deque()
        jobs: dict[int, Any] = {}
        try:
            while waiting or suspects or jobs:
                alone = not waiting and not jobs
                free = max(0, engine.slots - len(jobs))
                ready = [waiting.popleft() for _ in range(min(len(waiting), free))]
                if alone:
                    ready = [(suspects.popleft(),)]
                for batch, job in zip(ready, engine.submit(ready) if ready else [], strict=True):
                    jobs[id(job)], self._placed[id(job)] = job, batch
                for job in engine.finished(list(jobs.values())):
                    batch = self._placed[id(job)]
                    try:
                        found = engine.result(job)
                    except Died as death:
                        if alone:
                            cause = f"killed the process that it was placed in: {death}"
                            cause = plain.text(cause, plain.LONGEST_CAUSE)
                            yield Outcome.failure(batch[0], Status.CRASHED, cause)
                        elif len(batch) == 1:
                            suspects.append(batch[0])
                        else:
                            half = len(batch) // 2
                            waiting += [batch[:half], batch[half:]]
                    else:
                        for outcome in found:
                            if missing := _missing(outcome, batch, ask):
                                yield missing
                    del jobs[id(job)], self._placed[id(job)]
        finally:
            engine.close()


def _missing(outcome: Outcome, batch: Batch, ask: Ask) -> Outcome | None:
    """An outcome without the cases that the store has had already; None without any left."""
    if outcome.fingerprint is None:
        return outcome
    unit = next(u for u in batch if u.index == outcome.index)
    wanted = set(ask(unit, outcome.fingerprint))
    left = [case for case in outcome.cases if case.case in wanted]
    return replace(outcome, cases=left) if left else None


LARGEST = 256
"""Units of a batch at most: what is placed is what an interruption loses."""


def batches(units: list[Unit], parts: int) -> list[Batch]:
    """Cut units into about ``parts`` batches, each for one device and as few data as can be."""
    size = max(1, min(LARGEST, -(-len(units) // parts)))
    found: list[Batch] = []
    for on_gpu in (True, False):  # those for a GPU wait for one another, so they begin first
        row = [unit for unit in units if (unit.device != "cpu") is on_gpu]
        found += [tuple(row[i : i + size]) for i in range(0, len(row), size)]
    return found


def wants_gpu(batch: Batch) -> bool:
    """Whether a batch is to go where a GPU is."""
    return batch[0].device != "cpu"
