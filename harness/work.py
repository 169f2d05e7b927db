"""One unit of work: run an estimator once on the data of a source, for all of its cases.

This is what a worker does, and what the in-process executor does: load the data, run the
models, run the estimator, compare with the truth or score. Loaded data and model outputs are
shared by the units that follow on the same data; what is declared deterministic is shared
between seeds too.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import random
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness import machine
from harness.errors import HarnessError, Incompatible, MissingDependency, PluginError, UsageError
from harness.identity import kept_name
from harness.kinds import Kind
from harness.long_work import heard_by
from harness.measure import Cost
from harness.outputs import LONGEST_CURVE, Curve, Estimate, Output
from harness.records import CURVE, Status
from harness.registry import Registry
from harness.seeds import stream
from harness.specs import Case, EstimatorSpec, ModelSpec, Role, TaskSpec
from harness.threads import Threads
from harness.units import Ask, CaseResult, Named, Outcome, Show, Tell, Unit

HOLD = 2
"""How many data sets stay loaded, with their model outputs."""


class _Stage(Exception):
    """A failure with the stage it happened in."""

    def __init__(self, stage: str, cause: BaseException) -> None:
        self.stage, self.cause = stage, cause


class Bench:
    """Performs units one after the other, keeping what the next can use.

    ``threads`` limits the numeric libraries, and is entered by whoever makes the bench. The global
    generators are seeded before each stage, and put back by the same (`seeds.put_back`).
    """

    def __init__(self, registry: Registry, threads: Threads, *, debug: bool = False) -> None:
        self._registry, self._threads = registry, threads
        self._debug = debug
        self._cases: dict[str, dict[str, Case]] = {}
        self._data: dict[str, tuple[Kind, float]] = {}
        self._outputs: dict[str, tuple[Any, Any]] = {}
        self._held: list[str] = []
        self._warm: set[str] = set()
        self._refused: tuple[str, _Stage] | None = None
        self._seeded: tuple[str, dict[str, tuple[Any, Any]]] = "", {}

    def perform(
        self,
        unit: Unit,
        ask: Ask | None = None,
        tell: Tell = lambda stage: None,
        show: Show = lambda unit, progress: None,
    ) -> Outcome | None:
        """Run a unit; None where ``ask`` wants none of its cases. Never raises but on Ctrl-C."""
        outcome = Outcome(unit.index, [])
        with _listening(outcome.notes), heard_by(functools.partial(show, unit)):
            return self._perform(unit, outcome, ask, tell)

    def _perform(self, unit: Unit, outcome: Outcome, ask: Ask | None, tell: Tell) -> Outcome | None:
        try:
            cases, data, prefix_s = self._load(unit, tell)
            outcome.fingerprint = data.fingerprint()
            wanted = ask(unit, outcome.fingerprint) if ask else unit.cases
            if not wanted:
                return None
            unit = replace(unit, cases=wanted)
            outcome.n = data.n
            for depth in range(len(unit.models)):
                data, seconds = self._model(unit, depth, data, outcome.fingerprint, tell)
                prefix_s += seconds
            outcome.prefix_s = prefix_s
            output, outcome.cost = self._estimate(unit, data, outcome.fingerprint, tell)
        except _Stage as failure:
            return self._failed(unit, failure, outcome)
        outcome.diagnostics = dict(output.diagnostics)
        if isinstance(output, Estimate):
            outcome.local = output.local
        elif isinstance(output, Curve):
            _keep_curve(output, outcome)
        outcome.cases = [self._judge(unit, cases[case], output, tell) for case in unit.cases]
        outcome.versions = self._versions(unit)
        outcome.card = machine.card() if unit.device != "cpu" else ""
        return outcome

    def _failed(self, unit: Unit, failure: _Stage, outcome: Outcome) -> Outcome:
        if self._debug:
            raise failure.cause
        if isinstance(failure.cause, UsageError) and failure.stage.startswith("task"):
            outcome.wrong_request = str(failure.cause)
        status, cause = _explain(failure.stage, failure.cause)
        outcome.cases = [CaseResult(c, status, cause) for c in unit.cases]
        return outcome

    @contextlib.contextmanager
    def _stage(self, name: str, tell: Tell) -> Any:
        tell(name)
        self._threads.hold()
        try:
            yield
        except (KeyboardInterrupt, SystemExit, _Stage):
            raise
        except BaseException as error:
            raise _Stage(name, error) from error

    def _task(self, unit: Unit) -> Any:
        return self._build("task", unit.task)

    def _build(self, role: Role, named: Named) -> Any:
        """An implementation with its parameters; what its import brought in is limited too."""
        built = self._registry.one(role, named[0]).build(named[1])
        self._threads.hold()
        return built

    def _load(self, unit: Unit, tell: Tell) -> tuple[dict[str, Case], Kind, float]:
        listed, key = (
            json.dumps([unit.task, unit.seed], sort_keys=True),
            f"{unit.data_key} {unit.seed}",
        )
        if self._refused is not None and self._refused[0] == key:
            raise self._refused[1]
        try:
            return self._load_anew(unit, listed, key, tell)
        except _Stage as failure:
            # The next units on these data need not wait for the same failure.
            self._refused = key, failure
            raise

    def _load_anew(
        self, unit: Unit, listed: str, key: str, tell: Tell
    ) -> tuple[dict[str, Case], Kind, float]:
        with self._stage(f"task {unit.task[0]}", tell):
            if listed not in self._cases:
                self._cases[listed] = {c.id: c for c in self._task(unit).cases(seed=unit.seed)}
            cases = self._cases[listed]
            lost = [c for c in unit.cases if c not in cases]
            if lost:
                raise PluginError(f"the task gave no case {lost[0]!r} this time")
            if key not in self._data:
                started = time.perf_counter()
                data = cases[unit.cases[0]].load()
                spec: TaskSpec = self._registry.one("task", unit.task[0]).spec
                _check_kind(data, spec.gives, unit.task[0])
                self._data = {key: (data, time.perf_counter() - started)}
                self._hold(data.fingerprint())
        return cases, *self._data[key]

    def _hold(self, fingerprint: str) -> None:
        """Drop the outputs of data sets that were not used for longest."""
        self._held = [f for f in self._held if f != fingerprint] + [fingerprint]
        gone, self._held = self._held[:-HOLD], self._held[-HOLD:]
        for old in gone:
            self._outputs = {k: v for k, v in self._outputs.items() if not k.startswith(old)}

    def _model(
        self, unit: Unit, depth: int, data: Kind, fingerprint: str, tell: Tell
    ) -> tuple[Kind, float]:
        name, params = unit.models[depth]
        spec: ModelSpec = self._registry.one("model", name).spec
        parts = [("model", *m) for m in unit.models[: depth + 1]]
        memo, key = self._memo(unit, fingerprint, parts)
        if key in memo:
            return memo[key]
        kept = None
        if unit.keep and spec.keep:
            kept_as = kept_name(self._registry, key, unit.models[: depth + 1], self._threads.count)
            kept = Path(unit.keep, kept_as[:2], f"{kept_as}.npz")
        with self._stage(f"model {name}", tell):
            started = time.perf_counter()
            if kept is not None and kept.exists():
                out = spec.gives.load(kept)
            else:
                names = (unit.task[0], unit.source, *(part[1] for part in parts))
                rng = stream(unit.seed, *names)
                _seed_global_generators(unit.seed, *names)
                model = self._build("model", (name, params))
                out = model.transform(data, to=spec.gives, rng=rng)
                _check_kind(out, spec.gives, name)
                if kept is not None:
                    out.save(kept)
        memo[key] = out, time.perf_counter() - started
        return memo[key]

    def _memo(
        self, unit: Unit, fingerprint: str, parts: list[Any]
    ) -> tuple[dict[str, tuple[Any, Any]], str]:
        """Where the output of ``parts`` on these data is remembered, and under which key.

        What is deterministic throughout is shared between seeds; the rest lasts for one seed.
        """
        key = fingerprint + json.dumps(parts, sort_keys=True)
        if all(
            "deterministic" in self._registry.one(role, name).spec.traits for role, name, _ in parts
        ):
            return self._outputs, key
        here = f"{unit.data_key} {unit.seed}"
        if self._seeded[0] != here:
            self._seeded = here, {}
        return self._seeded[1], f"{here} {key}"

    def _estimate(
        self, unit: Unit, data: Kind, fingerprint: str, tell: Tell
    ) -> tuple[Output, Cost]:
        name, _ = unit.estimator
        parts = [*(("model", *m) for m in unit.models), ("estimator", *unit.estimator)]
        memo, key = self._memo(unit, fingerprint, parts)
        if key in memo:
            return memo[key]
        with self._stage(f"estimator {name}", tell):
            spec: EstimatorSpec = self._registry.one("estimator", name).spec
            names = (unit.task[0], unit.source, name)
            rng = stream(unit.seed, *names)
            estimator = self._build("estimator", unit.estimator)
            if name not in self._warm:
                # Compilation and the like are paid once per process, and are no cost of the method.
                getattr(estimator, "warm_up", lambda: None)()
                self._warm.add(name)
                self._threads.hold()
            _seed_global_generators(unit.seed, *names)
            cost = Cost.start()
            output: Output = estimator.estimate(data, rng=rng)
            cost.stop()
            if not isinstance(output, spec.gives):
                raise PluginError(
                    f"gave {type(output).__name__}; its spec says {spec.gives.__name__}"
                )
        if memo is self._outputs:  # no other unit asks for an output that depends on the seed
            memo[key] = output, cost
        return output, cost

    def _judge(self, unit: Unit, case: Case, output: Output, tell: Tell) -> CaseResult:
        """Compare with the truth, or let the task score."""
        task: TaskSpec = self._registry.one("task", unit.task[0]).spec
        if isinstance(output, Estimate):
            quantity = self._registry.one("estimator", unit.estimator[0]).spec.quantity
            truth = case.truth.get(quantity.name) if quantity else None
            return CaseResult(case.id, value=output.value, stderr=output.stderr, truth=truth)
        try:
            with self._stage(f"score of {unit.task[0]}", tell):
                _seed_global_generators(unit.seed, case.id)
                scores = {k: float(v) for k, v in self._task(unit).score(case, output).items()}
                if not scores:
                    raise PluginError("gave no score")
                bad = [k for k, v in scores.items() if np.isnan(v)]
                if bad:
                    raise PluginError(
                        f"the score {bad[0]} is NaN; leave out what cannot be computed"
                    )
        except _Stage as failure:
            if self._debug:
                raise failure.cause from None
            return CaseResult(case.id, *_explain(failure.stage, failure.cause))
        primary = next((q.name for q in task.quantities if q.name in scores), next(iter(scores)))
        return CaseResult(
            case.id, value=scores[primary], truth=case.truth.get(primary), scores=scores
        )

    def _versions(self, unit: Unit) -> dict[str, str]:
        names: list[tuple[Role, str]] = [
            ("task", unit.task[0]),
            *(("model", m[0]) for m in unit.models),
            ("estimator", unit.estimator[0]),
        ]
        packages = {"numpy"}
        for role, name in names:
            packages.update(self._registry.one(role, name).spec.requires)
        loaded = {p: getattr(sys.modules.get(p), "__version__", None) for p in sorted(packages)}
        return {p: str(v) for p, v in loaded.items() if v}


def _check_kind(data: Any, wanted: type[Kind], who: str) -> None:
    if type(data) is not wanted:
        raise PluginError(f"{who} gave {type(data).__name__}; its spec says {wanted.__name__}")


def _keep_curve(curve: Curve, outcome: Outcome) -> None:
    """Put a curve among the diagnostics, or say that it is too long."""
    if len(curve.x) <= LONGEST_CURVE:
        outcome.diagnostics[CURVE] = curve.plain()
    else:
        outcome.notes.append(
            f"a curve of {len(curve.x)} points is left out of the record; "
            f"wanted at most {LONGEST_CURVE}"
        )


class _Notes(logging.Handler):
    """Keeps what is logged, each message once."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        message = " ".join(record.getMessage().split())
        if message not in self._notes:
            self._notes.append(message)


@contextlib.contextmanager
def _listening(notes: list[str]) -> Any:
    """Collect the warnings that plugins log."""
    handler, logger = _Notes(notes), logging.getLogger("harness")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _seed_global_generators(seed: int, *names: str) -> None:
    """For libraries that use them; whoever makes the bench puts them back."""
    derived = int(stream(seed, "global generators", *names).integers(2**32))
    np.random.seed(derived)  # noqa: NPY002
    random.seed(derived)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(derived)


def _explain(stage: str, error: BaseException) -> tuple[Status, str]:
    """Status and cause in one line, by the kind of failure."""
    if isinstance(error, Incompatible):
        return Status.INCOMPATIBLE, str(error)
    if isinstance(error, MissingDependency):
        return Status.MISSING_DEPENDENCY, str(error)
    if isinstance(error, MemoryError):
        return Status.MEMORY, f"{stage}: out of memory: {error}"
    if isinstance(error, HarnessError):
        return Status.ERROR, f"{stage}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return Status.ERROR, f"{stage}: {type(error).__name__}: {error}{at}"
