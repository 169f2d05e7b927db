"""Run a plan: what is in the store is taken from it, the rest is computed and stored path by path."""

from __future__ import annotations

import datetime
import functools
import hashlib
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import harness
from harness import machine
from harness.errors import HarnessError, UsageError
from harness.executors import Inline, Local
from harness.executors.worker import Setup
from harness.identity import RECIPE, data_token, path_key, path_sources, sources
from harness.plan import Exclusion, Path, Plan
from harness.records import Record, Records, Status
from harness.registry import Registry, using
from harness.specs import Case
from harness.store import Store
from harness.threads import Threads
from harness.work import CaseResult, Outcome, Unit


@dataclass(frozen=True)
class Options:
    """How to run. ``workers`` 0 is this process; each computes on ``threads`` threads; ``shard`` (i, m)
    runs the i-th of m equal parts; ``cases`` keeps only the cases with these ids."""

    workers: int = 0
    threads: int = 1
    timeout: float | None = None
    memory: float | None = None
    shard: tuple[int, int] | None = None
    cases: tuple[str, ...] = ()
    cache: bool = True
    debug: bool = False
    shuffle: int | None = None

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError(f"--workers {self.workers}; wanted 0 (this process) or more")
        if self.threads < 1:
            raise UsageError(f"--threads {self.threads}; wanted 1 or more")
        for name in ("timeout", "memory"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"--{name} {value:g}; wanted a number above 0")
        if self.workers == 0 and (self.timeout or self.memory):
            raise UsageError(
                "a deadline or memory bound needs a worker process: --workers 1 or more"
            )
        if self.shard and not 1 <= self.shard[0] <= self.shard[1]:
            raise UsageError(
                f"--shard {self.shard[0]}/{self.shard[1]}; wanted I/M with I from 1 to M"
            )


@dataclass
class Result:
    """What a run gives: its records (cached ones included), and what it left out.

    ``problems`` are those of watchers; ``wrong_requests`` what was asked for that no task can give.
    """

    records: Records
    computed: int
    cached: int
    excluded: tuple[Exclusion, ...]
    seconds: float
    interrupted: bool = False
    problems: list[str] = field(default_factory=list)
    wrong_requests: list[str] = field(default_factory=list)


@dataclass
class _Job:
    """One unit with the path it belongs to and its cases."""

    path: Path
    cases: list[Case]
    unit: Unit


def run(
    registry: Registry,
    plan: Plan,
    store: Store,
    options: Options = Options(),
) -> Result:
    """Compute what the store does not hold. Raises `UsageError` where a task refuses its parameters."""
    return _Run(registry, plan, store, options).go()


class _Run:
    def __init__(self, registry: Registry, plan: Plan, store: Store, options: Options) -> None:
        self._registry, self._plan, self._store, self._options = registry, plan, store, options
        self._excluded = dict.fromkeys(plan.excluded)
        self._jobs: list[_Job] = []
        self._done: list[Record] = []
        self._cached: dict[str, Record] = {}
        self._problems: list[str] = []
        self._wrong: list[str] = []
        self._source_digests: dict[str, dict[str, str]] = {}
        self._threads = Threads(options.threads)
        self._started = time.perf_counter()

    def go(self) -> Result:
        """The whole run, from cases to summary, on the threads that the options state."""
        with self._threads, using(self._registry):
            return self._go()

    def _go(self) -> Result:
        failures = self._expand()
        todo = self._look_up()
        total: dict[str, int] = {}
        for task, count in [(f.task, 1) for f in failures] + [
            (j.path.task.name, len(j.cases)) for j in todo
        ]:
            total[task] = total.get(task, 0) + count
        self._notify("harness_run_started", plan=self._plan, total=total, cached=len(self._cached))
        if total:
            self._store.add_machine(machine.name(), machine.facts())
        for record in failures:
            self._commit([record])
        interrupted = self._execute(todo)
        result = Result(
            Records([*self._cached.values(), *self._done]),
            len(self._done),
            len(self._cached),
            tuple(self._excluded),
            time.perf_counter() - self._started,
            interrupted,
            self._problems,
            self._wrong,
        )
        counts: dict[str, int] = {}
        for record in result.records:
            counts[record.status.value] = counts.get(record.status.value, 0) + 1
        summary = {
            "statuses": counts,
            "computed": result.computed,
            "cached": result.cached,
            "seconds": result.seconds,
        }
        self._notify("harness_run_finished", summary=summary)
        return result

    def _notify(self, hook: str, **arguments: Any) -> None:
        for problem in self._registry.notify(hook, **arguments):
            if problem not in self._problems:
                self._problems.append(problem)

    def _expand(self) -> list[Record]:
        """List the cases of every path; records for what cannot even begin."""
        failures: list[Record] = []
        listed: dict[str, list[Case] | tuple[Status, str]] = {}
        for path in self._plan.paths:
            absent = next(
                (
                    m
                    for s in (path.task, *path.models, path.estimator)
                    if (m := s.component.missing())
                ),
                None,
            )
            where = repr((path.task.name, sorted(path.task.params.items()), path.seed))
            if where not in listed:
                listed[where] = self._cases(path)
            cases = listed[where]
            if isinstance(cases, tuple):
                failures.append(self._begin(path, None, *cases))
                continue
            gives = path.estimator.component.spec.gives
            fitting = [c for c in cases if not c.accepts or gives in c.accepts]
            if self._options.cases:
                fitting = [c for c in fitting if c.id in self._options.cases]
            if not fitting:
                reason = f"gives a {gives.__name__}, which no case of {path.task.name} asks for"
                self._excluded[Exclusion(path.task.name, path.estimator.name, reason)] = None
            if absent is not None:
                failures += [
                    self._begin(path, c, Status.MISSING_DEPENDENCY, str(absent))
                    for c in fitting
                    if self._in_shard(path, c.source)
                ]
                continue
            by_source: dict[str, list[Case]] = {}
            for case in fitting:
                by_source.setdefault(case.source, []).append(case)
            for source, group in by_source.items():
                if self._in_shard(path, source):
                    self._jobs.append(
                        _Job(path, group, self._unit(len(self._jobs), path, source, group))
                    )
        return failures

    def _cases(self, path: Path) -> list[Case] | tuple[Status, str]:
        component = path.task.component
        if absent := component.missing():
            return Status.MISSING_DEPENDENCY, str(absent)
        try:
            cases = list(component.build(path.task.params).cases(seed=path.seed))
        except (HarnessError, OSError) as error:
            # What the user asked for cannot be read: nothing would run, so say it at once.
            raise UsageError(f"{component.name}: {error}") from error
        except Exception as error:
            if self._options.debug:
                raise
            return Status.ERROR, f"task {component.name}: {type(error).__name__}: {error}"
        seen: set[str] = set()
        for case in cases:
            if case.id in seen:
                return Status.ERROR, f"task {component.name}: two cases are named {case.id!r}"
            seen.add(case.id)
        return cases

    def _in_shard(self, path: Path, source: str) -> bool:
        """Shards are cut by name, so that every machine cuts alike without loading anything."""
        if self._options.shard is None:
            return True
        part, parts = self._options.shard
        named = f"{path} {source} {path.seed}".encode()
        return int.from_bytes(hashlib.sha256(named).digest()[:8], "big") % parts == part - 1

    def _unit(self, index: int, path: Path, source: str, cases: list[Case]) -> Unit:
        return Unit(
            index,
            (path.task.name, path.task.params),
            source,
            tuple(c.id for c in cases),
            tuple((m.name, m.params) for m in path.models),
            (path.estimator.name, path.estimator.params),
            path.seed,
            str(self._store.folder / "models"),
        )

    def _token(self, job: _Job) -> str | None:
        stamp = job.cases[0].stamp
        if stamp is None:
            return None
        task = job.path.task
        if task.name not in self._source_digests:
            steps = [(task.component, task.params)]
            self._source_digests[task.name] = sources(self._registry, steps)
        return data_token(job.path, job.unit.source, stamp, self._source_digests[task.name])

    def _sources(self, path: Path) -> dict[str, str]:
        if str(path) not in self._source_digests:
            self._source_digests[str(path)] = path_sources(self._registry, path)
        return self._source_digests[str(path)]

    def _keys(self, path: Path, cases: tuple[str, ...], fingerprint: str) -> dict[str, str]:
        sources = self._sources(path)
        return {
            path_key(path, case, fingerprint, sources, self._options.threads): case
            for case in cases
        }

    def _look_up(self) -> list[_Job]:
        """Take finished cases from the store where that needs no loading; the jobs that remain."""
        if not self._options.cache:
            return self._jobs
        known: dict[str, tuple[_Job, str]] = {}
        fingerprints: dict[str, str | None] = {}
        for job in self._jobs:
            token = self._token(job)
            if token is None:
                continue
            if token not in fingerprints:
                fingerprints[token] = self._store.fingerprint(token)
            if fingerprint := fingerprints[token]:
                known.update(
                    {
                        k: (job, c)
                        for k, c in self._keys(job.path, job.unit.cases, fingerprint).items()
                    }
                )
        self._cached = self._store.finished(known)
        for key in self._cached:
            job, case = known[key]
            job.cases = [c for c in job.cases if c.id != case]
        todo = [job for job in self._jobs if job.cases]
        for job in todo:
            job.unit = self._unit(job.unit.index, job.path, job.unit.source, job.cases)
        return todo

    def _ask(self, unit: Unit, fingerprint: str) -> tuple[str, ...]:
        """The data of a unit are loaded: which of its cases does the store lack?"""
        if not self._options.cache:
            return unit.cases
        keys = self._keys(self._jobs[unit.index].path, unit.cases, fingerprint)
        found = self._store.finished(keys)
        self._cached.update(found)
        return tuple(case for key, case in keys.items() if key not in found)

    def _execute(self, jobs: list[_Job]) -> bool:
        """Run the jobs; True where Ctrl-C ended it."""
        if not jobs:
            return False
        options = self._options
        if options.workers:
            setup = Setup(tuple(sys.path), self._registry.loaded_with, os.getpid(), options.threads)
            executor: Local | Inline = Local(
                setup, options.workers, options.timeout, options.memory
            )
        else:
            executor = Inline(self._registry, self._threads, debug=options.debug)
        units = [job.unit for job in self._ordered(jobs)]
        outcomes: Iterator[Outcome] = executor.outcomes(units, self._ask)
        try:
            for outcome in outcomes:
                self._finish(outcome)
        except KeyboardInterrupt:
            for unit in executor.in_flight():
                self._finish(Outcome.failure(unit, Status.INTERRUPTED, "Ctrl-C"))
            return True
        finally:
            outcomes.close()  # type: ignore[attr-defined]
        return False

    def _ordered(self, jobs: list[_Job]) -> list[_Job]:
        """By data, so that what is loaded is used up; shuffled where a test asks for it."""
        if self._options.shuffle is not None:
            import random

            shuffled = list(jobs)
            random.Random(self._options.shuffle).shuffle(shuffled)  # noqa: S311
            return shuffled
        return sorted(jobs, key=lambda job: (job.unit.data_key, job.unit.seed, job.unit.index))

    def _finish(self, outcome: Outcome) -> None:
        job = self._jobs[outcome.index]
        cases = {c.id: c for c in job.cases}
        records = [self._record(job.path, cases[r.case], r, outcome) for r in outcome.cases]
        if outcome.wrong_request and outcome.wrong_request not in self._wrong:
            self._wrong.append(outcome.wrong_request)
        if outcome.local is not None:
            arrays = {"local": outcome.local}
            for record in records:
                self._store.add_arrays(record.key, arrays, {"path": record.path})
        token = self._token(job)
        remember = {token: outcome.fingerprint} if token and outcome.fingerprint else None
        self._commit(records, remember)

    def _commit(self, records: list[Record], fingerprints: dict[str, str] | None = None) -> None:
        self._store.add(records, fingerprints)
        self._done += records
        for record in records:
            self._notify("harness_path_finished", record=record)

    def _begin(self, path: Path, case: Case | None, status: Status, cause: str) -> Record:
        """The record of a path that could not begin."""
        case = case or Case("*", data=_nothing)
        return self._record(path, case, CaseResult(case.id, status, cause), None)

    def _record(
        self, path: Path, case: Case, result: CaseResult, outcome: Outcome | None
    ) -> Record:
        fingerprint = outcome.fingerprint if outcome else None
        sources = self._sources(path)
        quantity = self._quantity(path, result)
        cost = outcome.cost if outcome else None
        error = None
        if result.value is not None and result.truth is not None:
            error = 0.0 if result.value == result.truth else result.value - result.truth
        return Record(
            key=path_key(path, case.id, fingerprint or "", sources, self._options.threads),
            status=result.status,
            task=path.task.name,
            case=case.id,
            source=case.source,
            models=tuple(m.name for m in path.models),
            estimator=path.estimator.name,
            plugin=path.estimator.component.plugin,
            params={
                "task": dict(path.task.params),
                "models": [dict(m.params) for m in path.models],
                "estimator": dict(path.estimator.params),
            },
            seed=path.seed,
            quantity=quantity,
            unit=self._registry.quantity(quantity).unit,
            value=result.value,
            stderr=result.stderr,
            truth=result.truth,
            error=error,
            scores=result.scores,
            facts=dict(case.facts),
            diagnostics=outcome.diagnostics if outcome else {},
            cause=result.cause,
            notes=tuple(outcome.notes) if outcome else (),
            wall_s=cost.wall_s if cost else None,
            cpu_s=cost.cpu_s if cost else None,
            peak_mib=cost.peak_mib if cost else None,
            prefix_s=outcome.prefix_s if outcome else None,
            threads=self._options.threads,
            recipe=RECIPE,
            n=outcome.n if outcome else None,
            fingerprint=fingerprint,
            sources=sources,
            versions=self._versions(sources) | (outcome.versions if outcome else {}),
            machine=machine.name(),
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )

    def _quantity(self, path: Path, result: CaseResult) -> str:
        """What the value is: the estimator's quantity, or the first that the task scored."""
        if own := path.estimator.component.spec.quantity:
            return str(own.name)
        ranked = [q.name for q in path.task.component.spec.quantities]
        return next(
            (name for name in ranked if name in result.scores), ranked[0] if ranked else "score"
        )

    def _versions(self, sources: dict[str, str]) -> dict[str, str]:
        plugins = (self._registry.plugins[p] for p in sources if p in self._registry.plugins)
        return dict(_versions(tuple(dict.fromkeys(plugin.distribution for plugin in plugins))))


@functools.cache
def _versions(distributions: tuple[str, ...]) -> dict[str, str]:
    versions = {"python": platform.python_version(), "infoharness": harness.__version__}
    for distribution in distributions:
        if distribution:
            versions[distribution] = importlib.metadata.version(distribution)
    return versions


def _nothing() -> Any:
    raise AssertionError("the data of a case that could not begin are never loaded")
