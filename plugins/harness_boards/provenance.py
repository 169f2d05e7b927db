"""Where a row comes from: its records in short, and the command that makes them again."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import Record
from harness.commands import Status
from harness_boards import statistics as st
from harness_boards import verified
from harness_boards.grid import Row

if TYPE_CHECKING:
    from harness_boards.definition import Board
    from harness_boards.report import Report

Case = tuple[str, str]
_Key = tuple[tuple[str, ...], str, str]
Groups = Mapping[_Key, list[Record]]
"""Records by models, estimator and their parameters."""


@dataclass(frozen=True)
class Provenance:
    """What the records of one row say of their making.

    ``tasks`` holds the parameters with which each task ran (several where a board runs it so);
    ``versions`` and ``sources`` all that took part, by package and by plugin; ``failures`` what
    went wrong, how often, and in which cases; ``notes`` what plugins logged, and how often.
    ``lost`` names, for cases with a run that gave no figure, what became of it.
    ``verified`` of its ``results`` records were computed again by the maintainers.
    """

    tasks: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    machines: tuple[str, ...] = ()
    threads: tuple[int, ...] = ()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failures: tuple[tuple[str, str, int, tuple[str, ...]], ...] = ()
    notes: tuple[tuple[str, int], ...] = ()
    days: tuple[str, ...] = ()
    memory: float | None = None
    commands: tuple[str, ...] = ()
    lost: Mapping[Case, str] = field(default_factory=dict)
    results: int = 0
    verified: int = 0


def of(report: Report) -> list[list[Provenance]]:
    """For each section of a report the provenance of each of its rows, in order."""
    groups = _grouped(report.contents.records)
    known = frozenset[str]().union(*map(verified.read, (report.board, *report.board.read())))
    return [
        [_summed(report.board, records, known) for records in section.records(groups)]
        for section in report.sections
    ]


def _grouped(records: Iterable[Record]) -> dict[_Key, list[Record]]:
    """Records by row.

    Those of one setup share their parameters object, so its text is made once.
    """
    texts: dict[int, str] = {}
    found: dict[_Key, list[Record]] = {}
    for r in records:
        text = texts.get(id(r.params))
        if text is None:
            text = texts[id(r.params)] = _text(r.params)
        found.setdefault((r.models, r.estimator, text), []).append(r)
    return found


def _text(params: Mapping[str, Any]) -> str:
    return json.dumps([params.get("models"), params.get("estimator")], sort_keys=True)


def key_of(row: Row) -> _Key:
    """Where a row's records are found."""
    return row.models, row.estimator, _text(row.params)


def _summed(board: Board, records: list[Record], known: frozenset[str]) -> Provenance:
    bad = [r for r in records if r.status is not Status.OK]
    peaks = np.array([r.peak_mib for r in records if r.peak_mib is not None])
    # Thousands of records share a few setups: one of each says what they have in common.
    setups = {
        (id(r.params), id(r.versions), id(r.sources), r.machine, r.threads, r.task): r
        for r in records
    }.values()
    seeds = _sorted(r.seed for r in records)
    return Provenance(
        _tasks(setups),
        seeds,
        _all(r.versions for r in setups),
        _sorted(r.machine for r in setups),
        _sorted(r.threads for r in setups),
        _all(r.sources for r in setups),
        _failures(bad),
        _notes(records),
        _sorted(r.started[:10] for r in records),
        st.median(peaks),
        tuple(_commands(board, setups, seeds)),
        {(r.task, r.case): r.status.value for r in bad},
        len(records),
        sum(verified.name(r) in known for r in records) if known else 0,
    )


def _sorted(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted({v for v in values if v not in (None, "")}))


def _all(mappings: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    unique = {id(m): m for m in mappings}.values()
    names = sorted({name for m in unique for name in m})
    return {name: tuple(sorted({m[name] for m in unique if name in m})) for name in names}


def _tasks(records: Iterable[Record]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for task, params in {
        (r.task, id(r.params)): (r.task, r.params["task"]) for r in records
    }.values():
        found.setdefault(task, {}).setdefault(json.dumps(params, sort_keys=True), params)
    return {task: tuple(by_text.values()) for task, by_text in sorted(found.items())}


def _alike(text: str) -> str:
    """Texts that differ in numbers alone are one."""
    return re.sub(r"[\d.]+", "#", text)


def _failures(bad: Iterable[Record]) -> tuple[tuple[str, str, int, tuple[str, ...]], ...]:
    found: dict[tuple[str, str], list[Record]] = {}
    for r in bad:
        found.setdefault((r.status.value, _alike((r.cause or "").partition("\n")[0])), []).append(r)
    return tuple(
        (status, rs[0].cause or "", len(rs), tuple(dict.fromkeys(f"{r.task}:{r.case}" for r in rs)))
        for (status, _), rs in found.items()
    )


def _notes(records: Iterable[Record]) -> tuple[tuple[str, int], ...]:
    count: Counter[str] = Counter()
    first: dict[str, str] = {}
    for r in records:
        for note in r.notes:
            count[_alike(note)] += 1
            first.setdefault(_alike(note), note)
    return tuple((first[key], n) for key, n in count.items())


def _commands(board: Board, setups: Iterable[Record], seeds: tuple[int, ...]) -> Iterable[str]:
    """One command per chain of models with its parameters; more only where a task ran with
    several parameters."""
    groups: dict[_Key, list[Record]] = {}
    for r in setups:
        groups.setdefault((r.models, r.estimator, _text(r.params)), []).append(r)
    for (models, estimator, _), mine in groups.items():
        steps = [*zip(models, mine[0].params.get("models", ()), strict=False)]
        steps.append((estimator, mine[0].params.get("estimator", {})))
        for layer in itertools.zip_longest(
            *([(task, p) for p in ps] for task, ps in _tasks(mine).items())
        ):
            yield _command(board, [pair for pair in layer if pair], steps, seeds)


def _command(
    board: Board,
    tasks: list[tuple[str, Any]],
    steps: list[tuple[str, Mapping[str, Any]]],
    seeds: tuple[int, ...],
) -> str:
    words = ["harness", "run", "--no-baselines"]
    words += [w for task, _ in tasks for w in ("--task", task)]
    words += [w for model, _ in steps[:-1] for w in ("--model", model)]
    words += ["--estimator", steps[-1][0]]
    for name, params in (*tasks, *steps):
        words += [w for k, v in params.items() for w in ("--set", f"{name}.{k}={setting(v)}")]
    consecutive = len(seeds) > 1 and seeds == tuple(range(seeds[0], seeds[-1] + 1))
    words += [
        "--seeds",
        f"{seeds[0]}:{seeds[-1] + 1}" if consecutive else ",".join(map(str, seeds)),
    ]
    limits = (("--timeout", board.timeout), ("--memory", board.memory))
    words += [w for option, limit in limits if limit is not None for w in (option, str(limit))]
    return shlex.join(words)


def setting(value: Any) -> str:
    """A parameter's value as ``--set`` reads it."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return ",".join(map(setting, value)) if isinstance(value, list | tuple) else str(value)
