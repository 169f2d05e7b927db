"""What only the task's side knows: its cases, its data as they are loaded, what it scores by.

Models and estimators are run by `harness.work`, which is told none of it.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np

from harness.errors import PluginError, UsageError
from harness.kinds import Kind
from harness.outputs import Output
from harness.registry import Registry
from harness.seeds import stream, stream_name
from harness.specs import Case, TaskSpec
from harness.stages import Failure, Stages, check_kind, explain, listening, seed_global_generators
from harness.threads import Threads
from harness.units import CaseResult, Loaded, Tell, Unit


class Keeper:
    """Loads data and scores outputs, for one unit after the other."""

    def __init__(self, registry: Registry, threads: Threads, *, debug: bool = False) -> None:
        self._stages, self._debug = Stages(registry, threads), debug
        self._cases: dict[str, dict[str, Case]] = {}
        self._held: tuple[str, Kind, float] | None = None
        self._refused: tuple[str, Failure] | None = None
        self._transcript: list[tuple[Kind, Kind | None]] = []

    def load(self, unit: Unit, tell: Tell) -> Loaded:
        """The data of a unit; those of the last one are at hand. Raises nothing but on Ctrl-C."""
        notes: list[str] = []
        with listening(notes):
            try:
                data, seconds = self._load(unit, tell)
            except Failure as failure:
                if self._debug:
                    raise failure.cause from None
                self._refused = unit.loads, failure
                refused = isinstance(failure.cause, UsageError)
                return Loaded(
                    None,
                    *(None, None, 0.0),
                    *explain(failure.stage, failure.cause),
                    str(failure.cause) if refused else "",
                    notes,
                )
        return Loaded(data, data.fingerprint(), data.n, seconds, notes=notes)

    def begin(self) -> None:
        """An estimator starts: nothing has been asked yet."""
        self._transcript = []

    def answers(self, unit: Unit) -> tuple[type[Kind], type[Kind]]:
        """Kinds of question and answer. Raises `PluginError` where the task answers none."""
        found = self._spec(unit).answers
        if found is None:
            raise PluginError(f"{unit.task[0]} answers no questions")
        return found

    def respond(self, unit: Unit, question: Kind) -> Kind | None:
        """The task's answer to what an estimator asks. Raises `PluginError`, and what it raises."""
        answers = self.answers(unit)
        check_kind(question, answers[0], unit.estimator[0])
        case = self._listed(unit)[unit.cases[0]]
        rng = stream(unit.seed, unit.task[0], unit.source, "answer", str(len(self._transcript)))
        task = self._stages.build("task", *unit.task)
        answer: Kind | None = task.respond(case, tuple(self._transcript), question, rng=rng)
        if answer is not None:
            check_kind(answer, answers[1], unit.task[0])
        self._transcript.append((question, answer))
        return answer

    def forget(self) -> None:
        """Load everything anew from now on: somebody changed what was loaded."""
        self._cases, self._held = {}, None

    def _load(self, unit: Unit, tell: Tell) -> tuple[Kind, float]:
        if self._refused is not None and self._refused[0] == unit.loads:
            raise self._refused[1]  # the next units on these data need not wait for it again
        if self._held is None or self._held[0] != unit.loads:
            with self._stages.stage(f"task {unit.task[0]}", tell):
                case = self._listed(unit)[unit.cases[0]]
                started = time.perf_counter()
                data = case.load()
                check_kind(data, self._spec(unit).gives, unit.task[0])
                self._held = unit.loads, data, time.perf_counter() - started
        return self._held[1:]

    def _listed(self, unit: Unit) -> dict[str, Case]:
        """The task's cases by id. Raises `PluginError` where one of the unit is not there."""
        named = json.dumps([unit.task, unit.seed], sort_keys=True)
        if named not in self._cases:
            task = self._stages.build("task", *unit.task)
            self._cases[named] = {c.id: c for c in task.cases(seed=unit.seed)}
        for case in unit.cases:
            if case not in self._cases[named]:
                raise PluginError(f"the task gave no case {case!r} this time")
        return self._cases[named]

    def _spec(self, unit: Unit) -> TaskSpec:
        spec: TaskSpec = self._stages.registry.one("task", unit.task[0]).spec
        return spec

    def judge(self, unit: Unit, output: Output, tell: Tell) -> list[CaseResult]:
        """What the task says of an output, case by case."""
        return [self._judge(unit, case, output, tell) for case in unit.cases]

    def _judge(self, unit: Unit, case: str, output: Output, tell: Tell) -> CaseResult:
        shared = stream_name(unit.seed, "global generators", case)
        try:
            with self._stages.stage(f"score of {unit.task[0]}", tell):
                seed_global_generators(shared)
                task = self._stages.build("task", *unit.task)
                listed = self._listed(unit)[case]
                asked = replace(listed, transcript=tuple(self._transcript))
                started = time.perf_counter()
                found = task.score(asked, output)
                score_s = time.perf_counter() - started
                scores = {name: float(value) for name, value in found.items()}
                if not scores:
                    raise PluginError("gave no score")
                if bad := [name for name, value in scores.items() if np.isnan(value)]:
                    raise PluginError(
                        f"the score {bad[0]} is NaN; leave out what cannot be computed"
                    )
        except Failure as failure:
            if self._debug:
                raise failure.cause from None
            return CaseResult(case, *explain(failure.stage, failure.cause))
        ranked = (q.name for q in self._spec(unit).quantities if q.name in scores)
        value = scores[next(ranked, next(iter(scores)))]
        return CaseResult(case, value=value, scores=scores, score_s=score_s)
