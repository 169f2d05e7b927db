"""What executors pass around, as plain data that any process can read: units and their outcomes.

A unit runs an estimator once on the data of a source, for all of its cases. The process that runs
models and estimators is told the `Work` of a unit alone: which data, which steps, which streams.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.cost import Cost
from harness.long_work import Progress
from harness.outputs import LONGEST_CURVE, Curve, Estimate, Output
from harness.records import CURVE, Status
from harness.seeds import stream_name

if TYPE_CHECKING:
    from harness.kinds import Kind

Named = tuple[str, Mapping[str, Any]]
"""A component by full name, and all its parameters."""


@dataclass(frozen=True)
class Unit:
    """What to run: ``cases`` are ids of one source; ``keep`` is the folder of kept outputs."""

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
    def loads(self) -> str:
        """Names the data as they are drawn under the seed."""
        return f"{self.data_key} {self.seed}"

    @functools.cached_property
    def device(self) -> str:
        """The device that a step asks for by its parameter ``device``; ``cpu`` where none does."""
        asked = [params.get("device") for _, params in (self.task, *self.models, self.estimator)]
        return next((str(d) for d in asked if d not in (None, "cpu")), "cpu")

    def work(self, fingerprint: str) -> Work:
        """What models and estimators are told of it."""
        names = [self.task[0], self.source]
        steps, streams = list(names), []
        for name, _ in self.models:
            steps.append(name)
            streams.append(_streams(self.seed, *steps))
        streams.append(_streams(self.seed, *names, self.estimator[0]))
        scope = stream_name(self.seed, self.data_key)
        return Work(fingerprint, scope, self.models, self.estimator, tuple(streams), self.keep)


def _streams(seed: int, *names: str) -> tuple[str, str]:
    return stream_name(seed, *names), stream_name(seed, "global generators", *names)


@dataclass(frozen=True)
class Work:
    """Models and an estimator on data: nothing of the task, its cases, its parameters, the seed.

    Attributes
    ----------
    data : fingerprint of the data.
    scope : what outputs that depend on the seed belong to.
    streams : for each model and the estimator, the stream of its generator and of the global ones.
    """

    data: str
    scope: str
    models: tuple[Named, ...]
    estimator: Named
    streams: tuple[tuple[str, str], ...]
    keep: str = ""

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Work:
        """The work that came over a wire."""
        models = tuple((name, params) for name, params in plain["models"])
        streams = tuple((own, shared) for own, shared in plain["streams"])
        name, params = plain["estimator"]
        return cls(plain["data"], plain["scope"], models, (name, params), streams, plain["keep"])


@dataclass
class Done:
    """What came of work: an output with its cost, or how it ended and why.

    ``spoiled`` says that a component changed what it was given; ``units`` are columns that say
    which unit each local value belongs to.
    """

    output: Output | None = None
    status: Status = Status.OK
    cause: str | None = None
    cost: Cost | None = None
    prefix_s: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    card: str = ""
    notes: list[str] = field(default_factory=list)
    spoiled: bool = False
    units: dict[str, Any] = field(default_factory=dict)


@dataclass
class Loaded:
    """The data of a unit, or how loading ended and why."""

    data: Kind | None = None
    fingerprint: str | None = None
    n: int | None = None
    seconds: float = 0.0
    status: Status = Status.OK
    cause: str | None = None
    wrong_request: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass
class CaseResult:
    """How one case ended; the values as in a record."""

    case: str
    status: Status = Status.OK
    cause: str | None = None
    value: float | None = None
    stderr: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    score_s: float | None = None


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
    output: Output | None = None
    units: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    card: str = ""
    wrong_request: str = ""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, unit: Unit, loaded: Loaded) -> Outcome:
        """What is known once the data are loaded, or could not be."""
        ended = [CaseResult(c, loaded.status, loaded.cause) for c in unit.cases]
        return cls(
            unit.index,
            ended if loaded.status is not Status.OK else [],
            fingerprint=loaded.fingerprint,
            n=loaded.n,
            prefix_s=loaded.seconds,
            wrong_request=loaded.wrong_request,
            notes=list(loaded.notes),
        )

    def add(self, unit: Unit, done: Done) -> None:
        """Take over what came of the work."""
        self.notes += [note for note in done.notes if note not in self.notes]
        self.cost, self.versions, self.card = done.cost, done.versions, done.card
        if done.output is None:
            self.prefix_s = None
            self.cases = [CaseResult(c, done.status, done.cause) for c in unit.cases]
            return
        self.prefix_s = (self.prefix_s or 0.0) + (done.prefix_s or 0.0)
        self.diagnostics = dict(done.output.diagnostics)
        self.output, self.units = done.output, done.units
        if isinstance(done.output, Estimate):
            value, stderr = done.output.value, done.output.stderr
            self.cases = [CaseResult(c, value=value, stderr=stderr) for c in unit.cases]
        elif isinstance(done.output, Curve):
            self._keep(done.output)

    def _keep(self, curve: Curve) -> None:
        """Put a curve among the diagnostics, or say that it is too long."""
        if len(curve.x) <= LONGEST_CURVE:
            self.diagnostics[CURVE] = curve.plain()
        else:
            self.notes.append(
                f"a curve of {len(curve.x)} points is left out of the record; "
                f"wanted at most {LONGEST_CURVE}"
            )

    @classmethod
    def failure(cls, unit: Unit, status: Status, cause: str, **more: Any) -> Outcome:
        """All cases of a unit ended in the same way."""
        return cls(unit.index, [CaseResult(c, status, cause) for c in unit.cases], **more)


Ask = Callable[[Unit, str], tuple[str, ...]]
"""Given the fingerprint of the loaded data: which cases are still to be computed."""
Tell = Callable[[str], None]
"""Told the stage that begins (``load``, ``model msc/quests`` ...): deadlines count from here."""
ShowUnit = Callable[[Unit, Progress], None]
"""Shown how far the stage of a unit has come."""
Respond = Callable[[Any], Any]
"""Gives the task's answer, a kind or None, to the question of an estimator."""
Show = Callable[[Progress], None]
"""Shown how far the stage has come; deadlines do not count from here."""
