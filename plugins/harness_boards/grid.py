"""Records of one section as arrays: rows × cases × seeds, once they are known to be comparable.

A row is a chain of models with an estimator and their parameters; a case is one of a task's. Rows
may stand in one ranking only where the protocol of a case is one: unit, parameters of the task,
facts (sample size, noise level, code dimension ...) and truth. The first field that differs is
named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Record, UsageError
from harness.commands import Status, row_key
from harness.tables import label

Floats = NDArray[np.float64]
INFINITE = "infinite"
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


@dataclass(frozen=True, eq=False)
class Grid:
    """Arrays (rows, cases, seeds); NaN where there is no figure, and then ``marks`` says why."""

    rows: tuple[Row, ...]
    cases: tuple[Case, ...]
    seeds: tuple[int, ...]
    value: Floats
    truth: Floats
    stderr: Floats
    cost: Floats
    marks: tuple[Counter[str], ...]
    notes: tuple[str, ...]

    @property
    def tasks(self) -> NDArray[np.int64]:
        """The number of each case's task: the strata of the bootstrap."""
        names = {task: i for i, task in enumerate(dict.fromkeys(c.task for c in self.cases))}
        return np.array([names[c.task] for c in self.cases], np.int64)


def build(records: Iterable[Record], quantity: str, seeds: Iterable[int]) -> Grid:
    """Arrange the records that measure (or are scored by) ``quantity``.

    Raises `UsageError` where the protocol of a case differs between records.
    """
    mine = [r for r in records if r.quantity == quantity or quantity in r.scores]
    rows = rows_of(mine)
    cases: dict[tuple[str, str], Case] = {}
    truths: dict[tuple[str, str, int], tuple[float, Record]] = {}
    first: dict[
        tuple[str, str, int], Record
    ] = {}  # what is drawn with the data (a truth, a fact) may differ by seed
    prints: dict[tuple[str, str, int], str] = {}
    moved: set[str] = set()
    for r in mine:
        at = (r.task, r.case)
        cases.setdefault(at, Case(r.task, r.case, r.facts, r.params["task"]))
        _same_protocol(first.setdefault((*at, r.seed), r), r)
        if r.truth is not None:
            known, by = truths.setdefault((*at, r.seed), (r.truth, r))
            if known != r.truth and abs(known - r.truth) > 1e-9 * abs(known):
                raise _mixed(by, r, "truth", known, r.truth)
        if r.fingerprint and prints.setdefault((*at, r.seed), r.fingerprint) != r.fingerprint:
            moved.add(f"{r.task}:{r.case}")
    seed_at = {
        seed: i for i, seed in enumerate(dict.fromkeys((*seeds, *sorted({r.seed for r in mine}))))
    }
    case_at = {at: i for i, at in enumerate(cases)}
    row_at = {key: i for i, key in enumerate(rows)}
    shape = (len(rows), len(cases), len(seed_at))
    value, truth, stderr, cost = (np.full(shape, np.nan) for _ in range(4))
    ran = np.zeros(shape, bool)
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
            marks[i[0]][r.status.value if r.status is not Status.OK else "no score"] += 1
            continue
        if not np.isfinite(found):
            marks[i[0]][INFINITE] += 1
            continue
        value[i] = found
        if r.quantity == quantity:
            truth[i] = np.nan if r.truth is None else r.truth
            stderr[i] = np.nan if r.stderr is None else r.stderr
        if r.wall_s is not None and r.machine == timed:
            cost[i] = r.wall_s + (r.prefix_s or 0.0 if r.models else 0.0)
    for mark, tried in zip(marks, ran, strict=True):
        lost = int((~tried).sum())
        if lost:
            mark[NOT_RUN] = lost
    return Grid(
        tuple(rows.values()),
        tuple(cases.values()),
        tuple(seed_at),
        value,
        truth,
        stderr,
        cost,
        tuple(marks),
        _notes(mine, moved, timed),
    )


def _setup(r: Record) -> tuple[Any, ...]:
    """Equal only for records of one row, and cheap: the records of a setup share one object of
    parameters."""
    return id(r.params), r.models, r.estimator


def rows_of(records: list[Record]) -> dict[str, Row]:
    """Rows by key, with labels that tell them apart: bare names where these do, else full ones,
    else parameters."""
    first: dict[str, Record] = {}
    for r in {_setup(r): r for r in records}.values():
        first.setdefault(row_key(r), r)
    shared = len({r.models for r in first.values()}) == 1
    bare = {key: r.estimator.rpartition("/")[2] if shared else label(r) for key, r in first.items()}
    full = {key: " ▸ ".join((*r.models, r.estimator)) for key, r in first.items()}
    named = {}
    for key, r in first.items():
        others = [k for k in first if k != key and bare[k] == bare[key]]
        name = bare[key]
        if any(full[k] != full[key] for k in others):
            name = full[key]
        same = [first[k] for k in others if full[k] == full[key]]
        if same:
            name += f" ({', '.join(_differing(r, same))})"
        named[key] = Row(
            name,
            r.models,
            r.estimator,
            r.plugin,
            {k: v for k, v in r.params.items() if k != "task"},
        )
    return dict(sorted(named.items(), key=lambda item: item[1].label))


def _differing(r: Record, others: list[Record]) -> list[str]:
    """``name=value`` of the parameters in which a row differs from its namesakes."""
    mine = _flat(r)
    theirs = [_flat(o) for o in others]
    return [f"{k}={v}" for k, v in mine.items() if any(o.get(k) != v for o in theirs)]


def _flat(r: Record) -> dict[str, Any]:
    models = zip(r.models, r.params.get("models", ()), strict=False)
    flat = {
        f"{name.rpartition('/')[2]}.{k}": v for name, params in models for k, v in params.items()
    }
    return flat | dict(r.params.get("estimator", {}))


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
            f"the data of {len(moved)} cases differ bit for bit between rows (other library "
            f"versions): {some}"
        )
    others = {r.machine for r in records if r.machine != timed and r.wall_s is not None}
    if others:
        notes.append(f"times are those of machine {timed} alone; {len(others)} others took part")
    return tuple(notes)
