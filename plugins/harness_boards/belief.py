"""What makes a record hard to believe, whatever was measured; nothing is run, no plugin needed.

Values cannot be judged here: `harness_boards.recomputing` computes them again.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness import Record
from harness.commands import Status, plain, plugin_of, record_key
from harness_boards.expectations import Expectations
from harness_boards.lock import MEANING, Lock
from harness_boards.submission import Submission

QUICKEST = 1e-6
"""Seconds: no call of a method takes less, a call of an empty function being 5e-8."""
FIRST = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""No result is older than this project."""
HOST = "host"
"""Names the harness itself among the sources of a record, from recipe 2 on."""
DAY = datetime.timedelta(days=1)
HASH = {
    "key": re.compile(r"[0-9a-f]{64}"),
    "fingerprint": re.compile(r"sha256:[0-9a-f]{64}"),
    "machine": re.compile(r"m-[0-9a-f]{8}"),
}
SOURCE = re.compile(r"[0-9a-f]{16}(\+[0-9a-f]{16})?")


def problems(lock: Lock, one: Submission, now: datetime.datetime) -> Iterator[str]:
    """Everything in a file that the board does not expect, or that cannot be."""
    yield from _declarations(lock, one)
    expectations = Expectations(lock)
    paths: dict[tuple[Any, ...], tuple[Record, int, set[str]]] = {}
    seeds: dict[tuple[Any, ...], tuple[Record, set[int]]] = {}
    named: set[tuple[int, int, str]] = set()
    for r in one.records:
        at = f"{r.plugin}: {r.path}"
        wrong = impossible(r, now)
        task, path = -1, None
        if not wrong:
            wrong, task, path = expectations.of(r)
        wrong = wrong or expectations.case(r, task, path)
        if not wrong and r.seed not in lock.seeds:
            wrong = f"seed {r.seed}; the board's are {', '.join(map(str, lock.seeds))}"
        if wrong:
            yield f"{at}: {wrong}"
            continue
        chain = r.models, r.estimator, id(path) if path else repr(r.params)
        paths.setdefault((task, *chain), (r, task, set()))[2].add(r.case)
        seeds.setdefault((task, r.case, *chain), (r, set()))[1].add(r.seed)
        if path is not None:
            named.add((id(path), task, r.case))
    for r, found in seeds.values():
        lost = [str(s) for s in lock.seeds if s not in found]
        if lost:
            yield f"{_row(r, r.case)}: no record for seed {', '.join(lost)}"
    for expected, case in lock.expected(one.plugin):
        if (id(expected), expected.task, case) not in named:
            task_name = lock.tasks[expected.task].step.name
            chain_of = [m.name for m in expected.models]
            words = " ▸ ".join([f"{task_name}:{case}", *chain_of, expected.estimator.name])
            yield f"{one.plugin}: {words}: no record; every case that the board asks for has one"
    if one.plugin not in lock.plugins:
        for r, task, cases in paths.values():
            every = (n for n, c in lock.tasks[task].cases.items() if not c.for_some)
            for case in every:
                if case not in cases:
                    yield f"{_row(r, case)}: no record; a row has all cases of its tasks"


def _row(r: Record, case: str) -> str:
    return f"{r.plugin}: {' ▸ '.join([f'{r.task}:{case}', *r.models, r.estimator])}"


def _declarations(lock: Lock, one: Submission) -> Iterator[str]:
    for name, quantity in one.quantities.items():
        for what in MEANING:
            wanted = lock.quantities.get(name, {}).get(what)
            if name in lock.quantities and getattr(quantity, what) != wanted:
                found = getattr(quantity, what)
                yield f"{one.plugin}: quantity {name}: {what} is {found!r}; wanted {wanted!r}"
    texts = [one.distribution, *one.requirements, *one.quantities]
    texts += [q.summary for q in one.quantities.values()]
    texts += [t for d in one.estimators.values() for t in (d.summary, d.paper, *d.traits)]
    for text in texts:
        if not text.isprintable():
            yield f"{one.plugin}: {text!r} in the header holds characters that cannot be seen"


def impossible(r: Record, now: datetime.datetime) -> str:
    """What in a record cannot be, of itself; empty where all can."""
    return _identity(r) or _date(r, now) or _texts(r) or _numbers(r)


def _identity(r: Record) -> str:
    for name, form in HASH.items():
        value = getattr(r, name)
        if not isinstance(value, str) or not form.fullmatch(value):
            return f"{name} is {value!r}; wanted one that the harness wrote"
    needed = {plugin_of(n) for n in (r.task, *r.models, r.estimator) if "/" in n}
    if missing := sorted(needed - r.sources.keys()):
        return f"no digest of the source of {missing[0]}"
    for name, value in r.sources.items():
        if not isinstance(value, str) or not SOURCE.fullmatch(value):
            return f"the digest of the source of {name} is {value!r}; wanted 16 hexadecimal digits"
    if not isinstance(r.threads, int) or isinstance(r.threads, bool) or r.threads < 1:
        return f"threads is {r.threads!r}; wanted a whole number from 1 up"
    if r.recipe > 1 and HOST not in r.sources:
        return "no digest of the source of the host"
    if r.key != record_key(r):
        return "the key is not that of the record's own fields: changed by hand"
    return ""


def _date(r: Record, now: datetime.datetime) -> str:
    try:
        when = datetime.datetime.fromisoformat(r.started)
    except (TypeError, ValueError):
        return f"started is {r.started!r}; wanted a time such as 2026-11-24T00:12:34+00:00"
    if when.tzinfo is None:
        return f"started is {r.started!r}, without a time zone; wanted +00:00 at its end"
    if not FIRST <= when <= now + DAY:
        return f"started {r.started}; wanted a time from {FIRST:%Y-%m-%d} to today"
    return ""


def _texts(r: Record) -> str:
    for name, value in (("case", r.case), ("source", r.source)):
        if not isinstance(value, str) or not value.isprintable():
            return f"{name} {value!r} holds characters that cannot be seen"
    said: Iterable[Any] = (r.cause or "", *r.notes, *r.facts, *r.facts.values())
    for value in said:
        if isinstance(value, str) and not value.replace("\n", "").replace("\t", "").isprintable():
            return f"{value[:80]!r} holds characters that cannot be seen"
    for value in (r.cause or "", *r.notes):
        if plain.text(value, len(value)) != value:
            return f"{value[:80]!r} names a folder or a token of a machine; wanted neither"
    facts: Mapping[str, Any] = r.facts
    for name, fact in facts.items():
        if not isinstance(fact, str | int | float):
            return f"fact {name} is {fact!r}; wanted a text or a number"
    return ""


def _numbers(r: Record) -> str:
    if r.status in (Status.INTERRUPTED, Status.MISSING_DEPENDENCY):
        return f"status {r.status.value}: nothing was computed; run it again"
    if r.n is not None and (not isinstance(r.n, int) or isinstance(r.n, bool) or r.n < 0):
        return f"n is {r.n!r}; wanted a whole number from 0 up"
    if r.status is Status.OK:
        if r.wall_s is None:
            return "a value without wall_s, the time that it took"
        if r.wall_s < QUICKEST:
            return f"wall_s is {r.wall_s:g}; no call takes less than {QUICKEST:g} s"
    return ""
