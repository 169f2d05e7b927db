"""Run a plan: what the store holds is taken from it, the rest is computed and stored one by one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness import machine, surroundings
from harness.errors import HarnessError, UsageError
from harness.executors import Inline, Local
from harness.executors.placed import Place, Placed
from harness.executors.worker import Setup
from harness.jobs import Job, expand
from harness.kept import LARGEST, arrays_of
from harness.long_work import Progress
from harness.plan import Exclusion, Path, Plan
from harness.recording import Recorder
from harness.records import Record, Records, Status
from harness.registry import Registry, using
from harness.seeds import put_back
from harness.specs import Case
from harness.store import Store
from harness.threads import Threads
from harness.units import CaseResult, Outcome, Unit

MOST = 1e9
"""Seconds of a deadline (31 years), and MiB of a bound, at most."""
EXECUTORS = ("local", "dask", "slurm")


@dataclass(frozen=True)
class Options:
    """How to run.

    ``workers`` 0 is this process; each computes on ``threads`` threads; at most ``gpu_workers`` of
    them get paths that ask for a GPU; ``shard`` (i, m) runs the i-th of m equal parts; ``cases``
    keeps only the cases with these ids. ``executor`` places the workers: ``local`` here, ``dask``
    on the processes of a ``scheduler`` (here where none is named), ``slurm`` in jobs.
    """

    workers: int = 0
    threads: int = 1
    gpu_workers: int = 1
    timeout: float | None = None
    memory: float | None = None
    shard: tuple[int, int] | None = None
    cases: tuple[str, ...] = ()
    cache: bool = True
    debug: bool = False
    shuffle: int | None = None
    executor: str = "local"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise UsageError(f"--executor {self.executor}; wanted {', '.join(EXECUTORS)}")
        if self.scheduler is not None and self.executor != "dask":
            raise UsageError("--scheduler is an address of Dask; add --executor dask")
        if self.executor != "local" and self.workers == 0:
            raise UsageError(f"--executor {self.executor} needs --workers 1 or more")
        if self.workers < 0:
            raise UsageError(f"--workers {self.workers}; wanted 0 (this process) or more")
        if self.threads < 1:
            raise UsageError(f"--threads {self.threads}; wanted 1 or more")
        if self.gpu_workers < 1:
            raise UsageError(f"--gpu-workers {self.gpu_workers}; wanted 1 or more")
        for name in ("timeout", "memory"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= MOST:
                raise UsageError(f"--{name} {value:g}; wanted a number above 0, at most {MOST:g}")
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

    ``problems`` are those of watchers; ``wrong_requests`` is what was asked for that no task can
    give; ``lost`` says that the store was removed meanwhile.
    """

    records: Records
    computed: int
    cached: int
    excluded: tuple[Exclusion, ...]
    seconds: float
    interrupted: bool = False
    problems: list[str] = field(default_factory=list)
    wrong_requests: list[str] = field(default_factory=list)
    lost: bool = False


def run(
    registry: Registry,
    plan: Plan,
    store: Store,
    options: Options = Options(),
    tell: Callable[[str], None] | None = None,
) -> Result:
    """Compute what the store does not hold; ``tell`` hears of each problem once, when it arises.

    Raises
    ------
    UsageError : a task refuses its parameters; a path asks for a device that is not there.
    """
    return _Run(registry, plan, store, options, tell).go()


class _Run:
    def __init__(
        self,
        registry: Registry,
        plan: Plan,
        store: Store,
        options: Options,
        tell: Callable[[str], None] | None,
    ) -> None:
        self._tell = tell
        self._registry, self._plan, self._store, self._options = registry, plan, store, options
        self._excluded = dict.fromkeys(plan.excluded)
        self._jobs: list[Job] = []
        self._done: list[Record] = []
        self._cached: dict[str, Record] = {}
        self._problems: list[str] = []
        self._wrong: list[str] = []
        self._machines: set[str] = set()
        self._recorder = Recorder(registry, options.threads)
        self._threads = Threads(options.threads)
        self._started = time.perf_counter()

    def go(self) -> Result:
        """The whole run, from cases to summary, on the threads that the options state."""
        with self._threads, using(self._registry), put_back():
            return self._go()

    def _go(self) -> Result:
        failures = self._expand()
        todo = self._look_up()
        if self._options.executor == "local":  # other machines have devices of their own
            for device in dict.fromkeys(job.unit.device for job in todo):
                surroundings.require_device(device)
        total: dict[str, int] = {}
        for task, count in [(f.task, 1) for f in failures] + [
            (j.path.task.name, len(j.cases)) for j in todo
        ]:
            total[task] = total.get(task, 0) + count
        self._notify("harness_run_started", plan=self._plan, total=total, cached=len(self._cached))
        for record in failures:
            self._commit([record])
        interrupted = self._execute(todo)
        lost = self._store.gone
        if lost:
            self._problem(
                f"{self._store.path}: removed or replaced while it was written to; "
                "what was computed is shown, and kept nowhere"
            )
        result = Result(
            Records([*self._cached.values(), *self._done]),
            len(self._done),
            len(self._cached),
            tuple(self._excluded),
            time.perf_counter() - self._started,
            interrupted,
            self._problems,
            self._wrong,
            lost,
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
            self._problem(problem)

    def _problem(self, text: str) -> None:
        if text not in self._problems:
            self._problems.append(text)
            if self._tell:
                self._tell(text)

    def _expand(self) -> list[Record]:
        """List the jobs; records for what cannot even begin."""
        options = self._options
        found = expand(
            self._plan.paths,
            keep=str(self._store.folder / "models"),
            shard=options.shard,
            only=options.cases,
            debug=options.debug,
        )
        self._jobs = found.jobs
        self._excluded |= dict.fromkeys(found.excluded)
        return [
            self._recorder.record(path, case, CaseResult(case.id if case else "*", status, cause))
            for path, case, status, cause in found.failures
        ]

    def _token(self, job: Job) -> str | None:
        stamp = job.cases[0].stamp
        return None if stamp is None else self._recorder.token(job.path, job.unit.source, stamp)

    def _look_up(self) -> list[Job]:
        """Take finished cases from the store where that needs no loading; the jobs that remain."""
        if not self._options.cache:
            return self._jobs
        known: dict[str, tuple[Job, str]] = {}
        fingerprints: dict[str, str | None] = {}
        for job in self._jobs:
            token = self._token(job)
            if token is None:
                continue
            if token not in fingerprints:
                fingerprints[token] = self._store.fingerprint(token)
            if fingerprint := fingerprints[token]:
                keys = self._recorder.keys(job.path, job.unit.cases, fingerprint)
                known |= {key: (job, case) for key, case in keys.items()}
        self._cached = self._store.finished(known)
        finished: dict[int, set[str]] = {}
        for key in self._cached:
            job, case = known[key]
            finished.setdefault(job.unit.index, set()).add(case)
        for index, cases in finished.items():
            self._jobs[index].narrow(cases)
        return [job for job in self._jobs if job.cases]

    def _ask(self, unit: Unit, fingerprint: str) -> tuple[str, ...]:
        """The data of a unit are loaded: which of its cases does the store lack?"""
        if not self._options.cache:
            return unit.cases
        keys = self._recorder.keys(self._jobs[unit.index].path, unit.cases, fingerprint)
        found = self._store.finished(keys)
        self._cached.update(found)
        return tuple(case for key, case in keys.items() if key not in found)

    def _execute(self, jobs: list[Job]) -> bool:
        """Run the jobs; True where Ctrl-C ended it."""
        if not jobs:
            return False
        executor = self._executor()
        units = [job.unit for job in self._ordered(jobs)]
        outcomes: Iterator[Outcome] = executor.outcomes(units, self._ask, self._show)
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

    def _executor(self) -> Local | Inline | Placed:
        options = self._options
        if not options.workers:
            return Inline(self._registry, self._threads, debug=options.debug)
        setup = Setup(tuple(sys.path), self._registry.loaded_with, options.threads)
        bounds = options.timeout, options.memory
        workers, on_gpu = options.workers, options.gpu_workers
        if options.executor == "dask":
            from harness.executors.dask import Dask

            return Placed(Dask(Place(setup, *bounds), workers, on_gpu, options.scheduler))
        if options.executor == "slurm":
            from harness.executors.slurm import Slurm

            logs = self._store.folder / "jobs"
            return Placed(Slurm(Place(setup, *bounds), workers, logs))
        return Local(self._registry, setup, workers, *bounds, on_gpu)

    def _ordered(self, jobs: list[Job]) -> list[Job]:
        """By data, so that what is loaded is used up; shuffled where a test asks for it."""
        if self._options.shuffle is not None:
            import random

            shuffled = list(jobs)
            random.Random(self._options.shuffle).shuffle(shuffled)  # noqa: S311
            return shuffled
        return sorted(jobs, key=lambda job: (job.unit.data_key, job.unit.seed, job.unit.index))

    def _finish(self, outcome: Outcome) -> None:
        job = self._jobs[outcome.index]
        arrays = {} if outcome.output is None else arrays_of(outcome.output, outcome.units)
        if (size := sum(array.nbytes for array in arrays.values())) > LARGEST:
            arrays = {}
            outcome.notes.append(
                f"an output of {size / 2**20:.0f} MiB is left out of the store; wanted at most "
                f"{LARGEST / 2**20:.0f}"
            )
        cases = {c.id: c for c in job.cases}
        records = [self._record(job.path, cases[r.case], r, outcome) for r in outcome.cases]
        self._remember_machine(outcome.card)
        if outcome.wrong_request and outcome.wrong_request not in self._wrong:
            self._wrong.append(outcome.wrong_request)
        for record in records:
            if arrays and not record.status.failed:
                self._store.add_arrays(record.key, arrays, {"path": record.path})
        token = self._token(job)
        remember = {token: outcome.fingerprint} if token and outcome.fingerprint else None
        self._commit(records, remember)

    def _record(self, path: Path, case: Case, result: CaseResult, outcome: Outcome) -> Record:
        """The record of a case; where it cannot be written, that is what the record says."""
        try:
            record = self._recorder.record(path, case, result, outcome)
            record.to_json().encode()
        except (TypeError, ValueError, RecursionError, HarnessError) as error:
            cause = f"its result cannot be recorded: {type(error).__name__}: {error}"
            failed = CaseResult(result.case, Status.ERROR, cause)
            return self._recorder.record(path, case, failed)
        return record

    def _show(self, unit: Unit, progress: Progress) -> None:
        path = self._jobs[unit.index].path
        self._notify("harness_path_progress", path=path, source=unit.source, **progress._asdict())

    def _remember_machine(self, card: str) -> None:
        """Have the store know the machine that records point to."""
        name = machine.name(card)
        if name not in self._machines:
            self._store.add_machine(name, machine.facts(card))
            self._machines.add(name)

    def _commit(self, records: list[Record], fingerprints: dict[str, str] | None = None) -> None:
        self._store.add(records, fingerprints)
        self._done += records
        for record in records:
            self._notify("harness_path_finished", record=record)
