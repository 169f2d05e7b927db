"""Records of one section as arrays: rows × cases × seeds, once they are known to be comparable.

A row is a chain of models with an estimator and their parameters; a case is one of a task's. Rows
may stand in one ranking only where the protocol of a case is one: unit, parameters of the task,
facts (sample size, noise level, code dimension ...) and truth. The first field that differs is
named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Record, UsageError
from harness.commands import Status, row_key
from harness.tables import counted, labels, matches
from harness_boards.clusters import BY_TASK, Clusters
from harness_boards.parameters import taken

Floats = NDArray[np.float64]
INFINITE = "infinite"
CENSORED = "censored"
"""The method ran, and what is ranked was not reached: it counts as worst in its case."""
NOT_RUN = "not run"


@dataclass(frozen=True)
class Row:
    """Who is ranked: models and estimator with all their parameters."""

    label: str
    models: tuple[str, ...]
    estimator: str
    plugin: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """What all rows were run on, with the protocol that they share."""

    task: str
    name: str
    facts: Mapping[str, str | int | float]
    params: Mapping[str, Any]
    cluster: str = ""
    """Cases of one cluster of a task are not independent of each other."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Arrays (rows, cases, seeds); NaN where there is no figure, and then ``marks`` says why.

    ``failed`` runs were made and gave none; those that are ``unsuited`` were ruled out by the data;
    the others were not made.
    """

    rows: tuple[Row, ...]
    cases: tuple[Case, ...]
    seeds: tuple[int, ...]
    value: Floats
    truth: Floats
    stderr: Floats
    cost: Floats
    failed: NDArray[np.bool_]
    unsuited: NDArray[np.bool_]
    infinite: NDArray[np.bool_]
    marks: tuple[Counter[str], ...]
    notes: tuple[str, ...]

    @property
    def clusters(self) -> NDArray[np.int64]:
        """The number of each case's cluster."""
        return numbered([(c.task, c.cluster) for c in self.cases])

    @property
    def strata(self) -> NDArray[np.int64]:
        """The number of each cluster's task: what clusters are drawn within."""
        tasks = dict(zip(self.clusters.tolist(), [c.task for c in self.cases], strict=True))
        return numbered([tasks[i] for i in range(len(tasks))])

    def chosen(self, order: Sequence[int]) -> Grid:
        """Some of its rows, in that order."""
        arrays = ("value", "truth", "stderr", "cost", "failed", "unsuited", "infinite")
        return replace(
            self,
            rows=tuple(self.rows[i] for i in order),
            marks=tuple(self.marks[i] for i in order),
            **{name: getattr(self, name)[list(order)] for name in arrays},
        )


def numbered(names: Sequence[Any]) -> NDArray[np.int64]:
    """Names as numbers, in the order in which they come."""
    known = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], np.int64)


def measured(records: Iterable[Record], quantity: str) -> list[Record]:
    """The records that measure ``quantity``, are scored by it, or should have been: those of a row
    and task that have it elsewhere."""
    given = list(records)
    has = {r.key for r in given if r.quantity == quantity or quantity in r.scores}
    rows = {(_setup(r)) for r in given if r.key in has and quantity in r.scores}
    return [r for r in given if r.key in has or _setup(r) in rows]


def build(
    records: Iterable[Record],
    quantity: str,
    seeds: Iterable[int],
    cluster: Clusters = BY_TASK,
    limit: str = "",
) -> Grid:
    """Arrange the records of `measured`; ``limit`` is the fact or parameter (component.name) that
    says up to where a run went that did not reach the quantity.

    Raises `UsageError` where the protocol of a case differs between records, or a run that reached
    nothing does not say its limit.
    """
    mine = measured(records, quantity)
    rows = rows_of(mine)
    cases: dict[tuple[str, str], Case] = {}
    named: dict[tuple[str, str], str] = {}
    truths: dict[tuple[str, str, int], tuple[float, Record]] = {}
    first: dict[
        tuple[str, str, int], Record
    ] = {}  # what is drawn with the data (a truth, a fact) may differ by seed
    prints: dict[tuple[str, str, int], str] = {}
    moved: set[str] = set()
    for r in mine:
        at = (r.task, r.case)
        if at not in cases:
            cases[at] = Case(r.task, r.case, r.facts, r.params["task"])
        named.setdefault(at, cluster.of(r))  # of the first seed, where a seed changes it
        _same_protocol(first.setdefault((*at, r.seed), r), r)
        stated = truth_of(r, quantity)
        if stated is not None:
            known, by = truths.setdefault((*at, r.seed), (stated, r))
            if known != stated and abs(known - stated) > 1e-9 * abs(known):
                raise _mixed(by, r, "truth", known, stated)
        if r.fingerprint and prints.setdefault((*at, r.seed), r.fingerprint) != r.fingerprint:
            moved.add(f"{r.task}:{r.case}")
    seed_at = {
        seed: i for i, seed in enumerate(dict.fromkeys((*seeds, *sorted({r.seed for r in mine}))))
    }
    case_at = {at: i for i, at in enumerate(cases)}
    row_at = {key: i for i, key in enumerate(rows)}
    shape = (len(rows), len(cases), len(seed_at))
    value, truth, stderr, cost = (np.full(shape, np.nan) for _ in range(4))
    ran, failed, unsuited, infinite = (np.zeros(shape, bool) for _ in range(4))
    marks: list[Counter[str]] = [Counter() for _ in rows]
    machine = Counter(r.machine for r in mine if r.wall_s is not None).most_common(1)
    timed = machine[0][0] if machine else ""
    setups = [_setup(r) for r in mine]
    at_row = {
        setup: row_at[row_key(r)] for setup, r in dict(zip(setups, mine, strict=True)).items()
    }
    for r, setup in zip(mine, setups, strict=True):
        i = at_row[setup], case_at[r.task, r.case], seed_at[r.seed]
        ran[i] = True
        found = r.scores.get(quantity, r.value if r.quantity == quantity else None)
        if r.status is not Status.OK or found is None:
            lost = r.status.value if r.status is not Status.OK else _censored(r, limit)
            marks[i[0]][lost] += 1
            unsuited[i] = r.status is Status.INCOMPATIBLE
            failed[i] = not unsuited[i]
            continue
        if not np.isfinite(found):
            marks[i[0]][INFINITE] += 1
            failed[i] = infinite[i] = True
            continue
        value[i] = found
        stated = truth_of(r, quantity)
        truth[i] = np.nan if stated is None else stated
        if r.quantity == quantity:
            stderr[i] = np.nan if r.stderr is None else r.stderr
        if r.wall_s is not None and r.machine == timed:
            cost[i] = r.wall_s + (r.prefix_s or 0.0 if r.models else 0.0)
    for mark, tried in zip(marks, ran, strict=True):
        if absent := int((~tried).sum()):
            mark[NOT_RUN] = absent
    return Grid(
        tuple(rows.values()),
        tuple(replace(c, cluster=named[at]) for at, c in cases.items()),
        tuple(seed_at),
        value,
        truth,
        stderr,
        cost,
        failed,
        unsuited,
        infinite,
        tuple(marks),
        _notes(mine, moved, timed),
    )


def _censored(r: Record, limit: str) -> str:
    """That a run did not reach what is ranked, and what it did not reach."""
    if not limit:
        return CENSORED
    component, _, parameter = limit.rpartition(".")
    found = r.facts.get(limit)
    if found is None and component and matches(r.task, [component]):
        found = r.params["task"].get(parameter)
    if found is None:
        found = taken(r, limit)[0]
    if found is None:
        raise UsageError(
            f"limit {limit!r}: {r.task}:{r.case} has no such fact or parameter, and {r.estimator} "
            "did not reach what is ranked"
        )
    return (
        f"{CENSORED} at {found:g}" if isinstance(found, int | float) else f"{CENSORED} at {found}"
    )


def truth_of(r: Record, quantity: str) -> float | None:
    """What a record knows of a quantity: of its value, or of a score beside it."""
    return r.truth if r.quantity == quantity else r.truths.get(quantity)


def _setup(r: Record) -> tuple[Any, ...]:
    """Equal only for records of one row, and cheap: the records of a setup share one object of
    parameters."""
    return id(r.params), r.models, r.estimator


def rows_of(records: list[Record]) -> dict[str, Row]:
    """Rows by key, in the order of their labels (`harness.tables.labels`)."""
    first: dict[str, Record] = {}
    for r in {_setup(r): r for r in records}.values():
        first.setdefault(row_key(r), r)
    rows = {
        key: Row(
            name,
            first[key].models,
            first[key].estimator,
            first[key].plugin,
            {k: v for k, v in first[key].params.items() if k != "task"},
        )
        for key, name in labels(first.values()).items()
    }
    return dict(sorted(rows.items(), key=lambda item: item[1].label))


def _same_protocol(a: Record, b: Record) -> None:
    if a.unit != b.unit and a.quantity == b.quantity:
        raise _mixed(a, b, "unit", a.unit, b.unit)
    for name, mine, theirs in (
        ("", a.facts, b.facts),
        ("task parameter ", a.params["task"], b.params["task"]),
    ):
        if mine == theirs:
            continue
        for key in dict.fromkeys((*mine, *theirs)):
            if mine.get(key) != theirs.get(key):
                raise _mixed(a, b, f"{name}{key}", mine.get(key), theirs.get(key))


def _mixed(a: Record, b: Record, what: str, mine: Any, theirs: Any) -> UsageError:
    return UsageError(
        f"{a.task}:{a.case} is not one case: {what} is {mine} for {a.estimator} and {theirs} for "
        f"{b.estimator}; "
        "rows are ranked on equal terms only: run both on the board's parameters, or give them "
        "boards of their own"
    )


def _notes(records: list[Record], moved: set[str], timed: str) -> tuple[str, ...]:
    notes = []
    if moved:
        some = ", ".join(sorted(moved)[:3]) + (" ..." if len(moved) > 3 else "")
        notes.append(
            f"the data of {counted(len(moved), 'case')} differ bit for bit between rows (other "
            f"library versions or processors): {some}"
        )
    others = {r.machine for r in records if r.machine != timed and r.wall_s is not None}
    if others:
        took_part = f"{counted(len(others), 'other')} took part"
        notes.append(f"times are those of machine {timed} alone; {took_part}")
    return tuple(notes)
