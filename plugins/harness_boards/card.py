"""An opened row: who it is, how it compares with each other row, and how to make it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.tables import number
from harness_boards.contents import Contents
from harness_boards.grid import Row
from harness_boards.provenance import Provenance, setting

SOME = 5
"""Cases named of each kind of failure; the table of cases shows the others."""


@dataclass(frozen=True)
class Fact:
    """One fact of a row: text, or names of components joined by arrows, or settings."""

    name: str
    text: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Runs that gave no figure for one cause."""

    status: str
    count: int
    cause: str
    more: str
    cases: str


@dataclass(frozen=True)
class Card:
    """The whole provenance of one row; ``verdicts`` are the names of other rows by how they
    compare."""

    label: str
    commands: tuple[str, ...]
    facts: tuple[Fact, ...]
    failures: tuple[Failure, ...]
    notes: tuple[tuple[str, int], ...]
    verdicts: Mapping[str, list[str]] = field(default_factory=dict)
    manual: str = ""
    """Address of the page of its plugin: what it measures, and when to trust it."""


OURS = "infoharness"
"""The distribution whose plugins have a page in this repository."""


def card(
    row: Row, made: Provenance, contents: Contents, verdicts: Mapping[str, list[str]] | None = None
) -> Card:
    """What stands behind a row."""
    ours = contents.distributions.get(row.plugin) == OURS
    facts = (*_who(row, contents), *_parameters(row), *_tasks(made), *_circumstances(made))
    failures = tuple(_failure(*failure) for failure in made.failures)
    manual = f"../../docs/plugins/{row.plugin}.md" if ours else ""
    return Card(row.label, made.commands, facts, failures, made.notes, verdicts or {}, manual)


def _who(row: Row, contents: Contents) -> Iterator[Fact]:
    declared = contents.estimators.get(row.estimator)
    if declared and declared.summary:
        yield Fact("what", declared.summary)
    if row.models:
        yield Fact("models", codes=row.models)
    distribution = contents.distributions.get(row.plugin, "")
    note = f"(distribution {distribution})" if distribution else ""
    yield Fact("estimator", codes=(row.estimator,), note=note)
    if declared and declared.paper:
        yield Fact("paper", declared.paper)
    if declared and declared.traits:
        yield Fact("traits", ", ".join(declared.traits))


def _parameters(row: Row) -> Iterator[Fact]:
    for model, params in zip(row.models, row.params.get("models", ()), strict=False):
        yield _settings(f"parameters of {model.rpartition('/')[2]}", params)
    yield _settings("parameters", row.params.get("estimator", {}))


def _settings(name: str, params: Mapping[str, Any]) -> Fact:
    found = tuple(f"{k} = {_shown(v)}" for k, v in params.items())
    return Fact(name, settings=found) if found else Fact(name, "none")


def _shown(value: Any) -> str:
    return setting(value) or json.dumps(value)


def _tasks(made: Provenance) -> Iterator[Fact]:
    for task, many in made.tasks.items():
        for params in many:
            settings = tuple(f"{k} = {_shown(v)}" for k, v in params.items())
            yield Fact("task", codes=(task,), settings=settings)


def _circumstances(made: Provenance) -> Iterator[Fact]:
    days = made.days if len(made.days) < 2 else (made.days[0], made.days[-1])
    for name, text in (
        ("seeds", ", ".join(map(str, made.seeds))),
        ("versions", _versions(made.versions)),
        ("source digests", _versions(made.sources)),
        ("machines", ", ".join(made.machines)),
        ("threads", ", ".join(map(str, made.threads))),
        ("memory", _memory(made.memory)),
        ("run on", " to ".join(days)),
        ("verified", f"{made.verified} of {made.results}"),
    ):
        if text:
            yield Fact(name, text)


def _versions(found: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{name} {' and '.join(values)}" for name, values in found.items())


def _memory(peak: float | None) -> str:
    if peak is None:
        return ""
    if peak < 0.1:
        return "less than 0.1 MiB"
    return f"{number(peak)} MiB (median of the peaks of its runs)"


def _failure(status: str, cause: str, count: int, cases: tuple[str, ...]) -> Failure:
    first, _, rest = cause.partition("\n")
    more = f" and {len(cases) - SOME} more" if len(cases) > SOME else ""
    return Failure(
        status, count, first, rest if rest.strip() else "", ", ".join(cases[:SOME]) + more
    )
