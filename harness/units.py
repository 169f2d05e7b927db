"""What executors pass around, as plain data that any process can read: units and their outcomes.

A unit runs an estimator once on the data of a source, for all of its cases.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.long_work import Progress
from harness.measure import Cost
from harness.records import Status

Named = tuple[str, Mapping[str, Any]]
"""A component by full name, and all its parameters."""


@dataclass(frozen=True)
class Unit:
    """What to run: ``cases`` are ids of one source; ``keep`` is the folder for model outputs."""

    index: int
    task: Named
    source: str
    cases: tuple[str, ...]
    models: tuple[Named, ...]
    estimator: Named
    seed: int
    keep: str = ""

    @functools.cached_property
    def data_key(self) -> str:
        """Names the loaded data: units with one key are best run in one process, in a row."""
        return json.dumps([*self.task, self.source], sort_keys=True)

    @functools.cached_property
    def device(self) -> str:
        """The device that a step asks for by its parameter ``device``; ``cpu`` where none does."""
        asked = [params.get("device") for _, params in (self.task, *self.models, self.estimator)]
        return next((str(d) for d in asked if d not in (None, "cpu")), "cpu")


@dataclass
class CaseResult:
    """How one case ended; the values as in a record."""

    case: str
    status: Status = Status.OK
    cause: str | None = None
    value: float | None = None
    stderr: float | None = None
    truth: float | None = None
    scores: dict[str, float] = field(default_factory=dict)


@dataclass
class Outcome:
    """What came of a unit.

    ``wrong_request`` is what the user asked for that the task cannot give; ``notes`` are the
    warnings that were logged on the way, under ``harness`` or a name below it; ``card`` names the
    GPU that the unit computed on.
    """

    index: int
    cases: list[CaseResult]
    fingerprint: str | None = None
    n: int | None = None
    cost: Cost | None = None
    prefix_s: float | None = None
    diagnostics: dict[str, Any] = field(default_factory=dict)
    local: np.ndarray[Any, Any] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    card: str = ""
    wrong_request: str = ""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def failure(cls, unit: Unit, status: Status, cause: str, **more: Any) -> Outcome:
        """All cases of a unit ended in the same way."""
        return cls(unit.index, [CaseResult(c, status, cause) for c in unit.cases], **more)


Ask = Callable[[Unit, str], tuple[str, ...]]
"""Given the fingerprint of the loaded data: which cases are still to be computed."""
Tell = Callable[[str], None]
"""Told the stage that begins (``load``, ``model msc/quests`` ...): deadlines count from here."""
Show = Callable[[Unit, Progress], None]
"""Shown how far the stage of a unit has come; deadlines do not count from here."""
