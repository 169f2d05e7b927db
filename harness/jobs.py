"""What a plan comes to: a job per source of data, chain of models, estimator and seed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.errors import HarnessError, UsageError
from harness.plan import Exclusion, Path
from harness.records import Status
from harness.specs import Case
from harness.units import Unit


@dataclass
class Job:
    """One unit with the path it belongs to and its cases."""

    path: Path
    cases: list[Case]
    unit: Unit

    def narrow(self, finished: set[str]) -> None:
        """Leave out the cases with these ids."""
        self.cases = [c for c in self.cases if c.id not in finished]
        self.unit = dataclasses.replace(self.unit, cases=tuple(c.id for c in self.cases))


@dataclass
class Expansion:
    """Jobs, what cannot even begin (a case, or None for all of a path), and what fits no case."""

    jobs: list[Job] = field(default_factory=list)
    failures: list[tuple[Path, Case | None, Status, str]] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)


def expand(
    paths: Iterable[Path],
    *,
    keep: str,
    shard: tuple[int, int] | None = None,
    only: tuple[str, ...] = (),
    debug: bool = False,
) -> Expansion:
    """List the cases of every path.

    Parameters
    ----------
    keep : the folder for model outputs worth keeping.
    shard : (i, m), the i-th of m equal parts.
    only : ids of the cases wanted; all where empty.

    Raises
    ------
    UsageError : a task refuses its parameters.
    """
    found = Expansion()
    listed: dict[str, list[Case] | tuple[Status, str]] = {}
    for path in paths:
        where = repr((path.task.name, sorted(path.task.params.items()), path.seed))
        if where not in listed:
            listed[where] = _cases(path, debug)
        cases = listed[where]
        if isinstance(cases, tuple):
            found.failures.append((path, None, *cases))
            continue
        gives = path.estimator.component.spec.gives
        fitting = [c for c in cases if not c.accepts or gives in c.accepts]
        if only:
            fitting = [c for c in fitting if c.id in only]
        if not fitting:
            reason = f"gives a {gives.__name__}, which no case of {path.task.name} asks for"
            found.excluded.append(Exclusion(path.task.name, path.estimator.name, reason))
        fitting = [c for c in fitting if _in_shard(path, c.source, shard)]
        steps = (path.task, *path.models, path.estimator)
        if absent := next((m for step in steps if (m := step.component.missing())), None):
            found.failures += [(path, c, Status.MISSING_DEPENDENCY, str(absent)) for c in fitting]
            continue
        by_source: dict[str, list[Case]] = {}
        for case in fitting:
            by_source.setdefault(case.source, []).append(case)
        for group in by_source.values():
            found.jobs.append(Job(path, group, _unit(len(found.jobs), path, group, keep)))
    return found


def _cases(path: Path, debug: bool) -> list[Case] | tuple[Status, str]:
    component = path.task.component
    if absent := component.missing():
        return Status.MISSING_DEPENDENCY, str(absent)
    try:
        cases = list(component.build(path.task.params).cases(seed=path.seed))
    except (HarnessError, OSError) as error:
        # What the user asked for cannot be read: nothing would run, so say it at once.
        raise UsageError(f"{component.name}: {error}") from error
    except Exception as error:
        if debug:
            raise
        return Status.ERROR, f"task {component.name}: {type(error).__name__}: {error}"
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            return Status.ERROR, f"task {component.name}: two cases are named {case.id!r}"
        seen.add(case.id)
    return cases


def _in_shard(path: Path, source: str, shard: tuple[int, int] | None) -> bool:
    """Shards are cut by name, so that every machine cuts alike without loading anything."""
    if shard is None:
        return True
    part, parts = shard
    named = f"{path} {source} {path.seed}".encode()
    return int.from_bytes(hashlib.sha256(named).digest()[:8], "big") % parts == part - 1


def _unit(index: int, path: Path, cases: list[Case], keep: str) -> Unit:
    """The unit of some cases of one source."""
    return Unit(
        index,
        (path.task.name, path.task.params),
        cases[0].source,
        tuple(c.id for c in cases),
        tuple((m.name, m.params) for m in path.models),
        (path.estimator.name, path.estimator.params),
        path.seed,
        keep,
    )
