"""A slot: the two processes that work on one unit after the other, and what they are doing."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.executors.processes import Process
from harness.executors.worker import Setup
from harness.units import Loaded, Outcome, Unit
from harness.wire import WireError


@dataclass
class Slot:
    """Two processes, and what they are doing."""

    keeper: Process
    worker: Process
    files: tuple[str, ...] = ()
    """Where the keeper may write the data of the unit."""
    file: str = ""
    """Where it has written them; for small data, which ``data`` holds, their name only."""
    data: dict[str, Any] | None = None
    """Small data that the worker has not been sent yet."""
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
    begun: float = field(default_factory=time.monotonic)
    """When the unit began: what was written before is nothing of it."""
    stages: Iterator[str] = field(default_factory=lambda: iter(()))
    """What the worker may still come to."""
    data_key: str = ""
    loaded: tuple[str, Loaded] | None = None
    spoiled: bool = False
    worked: bool = False
    """Whether it has finished a unit: what that left behind may harm the next."""
    left: list[str] = field(default_factory=list)
    """What the unit has left behind in its processes: nobody is to work there any more."""
    gpu: bool = False
    """Whether it has had a unit for a GPU: it then holds memory there until it ends."""

    @classmethod
    def start(cls, setup: Setup) -> Slot:
        """Start both processes."""
        return cls(Process.start("keeper", setup), Process.start("worker", setup))

    @property
    def processes(self) -> tuple[Process, Process]:
        """Both of them."""
        return self.keeper, self.worker

    @property
    def ready(self) -> bool:
        """Whether both have started."""
        return self.keeper.ready and self.worker.ready

    def begin(self, unit: Unit) -> None:
        """Take a unit on."""
        self.unit, self.data_key, self.stage = unit, unit.data_key, f"task {unit.task[0]}"
        self.gpu = self.gpu or unit.device != "cpu"
        self.begun = time.monotonic()

    def end(self) -> None:
        """The unit is finished."""
        self.unit = self.outcome = self.active = None
        self.worked = True

    def ask(self, process: Process, what: str, body: dict[str, Any]) -> None:
        """Send a request; the stage is that process's until it answers."""
        self.active, self.since, self.asked = process, time.monotonic(), secrets.token_hex(8)
        process.send(what, body | {"asked": self.asked, "stage": self.stage})

    def work(self, unit: Unit, body: dict[str, Any]) -> None:
        """Send the worker its part of a unit."""
        self.unit, self.questions = unit, 0
        names = [*(f"model {name}" for name, _ in unit.models), f"estimator {unit.estimator[0]}"]
        self.stages = iter(names)
        self.stage = next(self.stages)
        self.ask(self.worker, "work", body | {"data": self.data})
        self.data = None

    def enter(self, process: Process, stage: Any) -> None:
        """A stage begins. Raises `WireError` for one that is not this process's to come to.

        Deadlines count from here, and others are spared a stage that has killed: so a worker says
        each stage of its unit once, in order, and no other. The first goes without saying.
        """
        assert self.unit is not None
        task = self.unit.task[0]
        known = self.stages if process is self.worker else (f"task {task}", f"score of {task}")
        if stage not in known:
            raise WireError(f"the stage {str(stage)[:80]!r}, which is none of its own")
        self.stage, self.since = stage, time.monotonic()

    def forget(self) -> None:
        """Remove the data, wherever the keeper has written them."""
        for file in self.files:
            Path(file).unlink(missing_ok=True)
        self.file, self.data = "", None

    def close(self) -> None:
        """End both processes and forget the data."""
        for process in self.processes:
            process.close()
        self.forget()
