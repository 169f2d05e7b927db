"""Compute records again and compare: made-up results do not survive it.

Records of networks that were trained in float32 on another machine cannot be given again to the
last digit. They are compared within `SPREADS` standard deviations over seeds.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Record, UsageError, stream
from harness.commands import (
    Check,
    Options,
    Registry,
    Status,
    are_current,
    comparable,
    expand,
    verify,
)
from harness_boards import submission, submitting
from harness_boards.definition import Board
from harness_boards.lock import Lock
from harness_boards.requirements import normalized
from harness_boards.submission import Submission

EVERY = 100
"""So many changed records of one file are all computed again; of more, a sample."""
SPREADS = 6
"""Standard deviations over seeds that a network trained on another machine may be off."""
QUICKER = 30
"""A stated time is refused where computing it again takes so many times as long, three times."""
SHORT = 0.05
"""Seconds that the first call in a cold process may take, whatever it computes."""


@dataclass(frozen=True)
class Part:
    """A records file whose records are to be computed again; ``changed`` are those that a change
    brings, None where the file is judged as it lies there."""

    one: Submission
    changed: tuple[Record, ...] | None = None


def chosen(part: Part, size: int, seed: int) -> list[Record]:
    """The records to compute again: all that changed, where they are few; else a sample.

    ``size`` each of results, of failures, and of failures beside a result of the same case under
    another seed: a bad seed that was turned into a failure is one of these.
    """
    if part.changed is not None and len(part.changed) <= EVERY:
        return list(part.changed)
    records = part.one.records if part.changed is None else part.changed
    good = {_case(r) for r in part.one.records if r.status is Status.OK}
    groups: tuple[list[Record], list[Record], list[Record]] = ([], [], [])
    for r in sorted(records, key=lambda r: r.key):
        groups[0 if r.status is Status.OK else 1 + (_case(r) in good)].append(r)
    found = []
    for name, group in zip(("results", "failures", "mixed"), groups, strict=True):
        order = stream(seed, "verify", part.one.plugin, name).permutation(len(group))[:size]
        found += [group[i] for i in sorted(order)]
    return found


def _case(r: Record) -> tuple[Any, ...]:
    return (*_row(r), r.case)


def _row(r: Record) -> tuple[Any, ...]:
    return r.task, r.models, r.estimator, json.dumps(r.params, sort_keys=True)


def recompute(
    board: Board, registry: Registry, part: Part, size: int, seed: int, tolerance: float
) -> list[Check]:
    """Compute the chosen records of a file again. Verdicts are those of `harness.verification`,
    and ``skipped`` for what cannot be compared on this machine."""
    records = chosen(part, size, seed)
    exact = {id(r) for r in comparable(registry, records)}
    spreads = Spreads(part.one.records)
    limits = Options(workers=1, timeout=board.timeout, memory=board.memory)
    found = []
    for r in records:
        allowed = {} if id(r) in exact else spreads.of(r)
        if allowed is None:
            note = "trained in float32 on another machine, under one seed: no spread to compare by"
            found.append(Check(r, "skipped", note=note))
            continue
        if part.changed is not None and not are_current(registry, r.sources):
            note = (
                "the digests of its sources are not those of the installed code: compute it with "
                f"the pinned version and this harness: harness board run {board.name}"
            )
            found.append(Check(r, "failed", note=note))
            continue
        found.append(_timed(registry, r, tolerance, allowed, limits))
    return found


def _timed(
    registry: Registry, r: Record, tolerance: float, allowed: dict[str, float], limits: Options
) -> Check:
    """The check of one record; where its time cannot be believed, of two more computations."""
    check = Check(r, "failed")
    for _ in range(3):
        (check,) = verify(registry, [r], tolerance, lambda _: allowed, limits)
        if check.verdict != "same" or r.wall_s is None or check.cpu_s is None:
            return check
        least = check.cpu_s / (r.threads or 1)
        if least <= max(r.wall_s * QUICKER, SHORT):
            return check
    note = f"wall_s {r.wall_s:g} → {least:.3g} of processor time: not the time that it takes"
    return dataclasses.replace(check, verdict="drift", note=note)


class Spreads:
    """How far results of one path differ between seeds, by field."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._cases: dict[tuple[Any, ...], list[Record]] = {}
        self._rows: dict[tuple[Any, ...], list[list[Record]]] = {}
        for r in records:
            if _case(r) not in self._cases:
                self._cases[_case(r)] = []
                self._rows.setdefault(_row(r), []).append(self._cases[_case(r)])
            self._cases[_case(r)].append(r)

    def of(self, r: Record) -> dict[str, float] | None:
        """What a record may be off: `SPREADS` standard deviations over the seeds of its case, or
        of all cases of its path together, whichever is more; None where there is one seed.

        Facts and truths that a training gives may differ as values do.
        """
        if r.status is Status.OK and len(self._cases[_case(r)]) < 2:
            return None
        names = ["value", "stderr", "truth", *r.scores]
        names += [f"fact {name}" for name in r.facts]
        return {
            name: SPREADS
            * max(_deviation([self._cases[_case(r)]], name), _deviation(self._rows[_row(r)], name))
            for name in names
        }


def _deviation(groups: Sequence[Sequence[Record]], name: str) -> float:
    """Standard deviation within groups, pooled; 0 where no group has two numbers."""
    squares, freedom = 0.0, 0
    for group in groups:
        found = [v for r in group if isinstance(v := _number(r, name), int | float)]
        values = np.array([v for v in found if np.isfinite(v)], dtype=float)
        if len(values) > 1:
            squares += float(np.sum((values - values.mean()) ** 2))
            freedom += len(values) - 1
    return float(np.sqrt(squares / freedom)) if freedom else 0.0


def _number(r: Record, name: str) -> Any:
    if name in ("value", "stderr", "truth"):
        return getattr(r, name)
    return r.facts.get(name[5:]) if name.startswith("fact ") else r.scores.get(name)


def declared(board: Board, registry: Registry, lock: Lock, one: Submission) -> Iterator[str]:
    """What the header of a changed file says otherwise than the installed plugin, and rows that
    it lacks or should not have."""
    try:
        (now,) = submission.gather(registry, one.records)
    except (UsageError, KeyError, ValueError) as error:
        yield f"{one.plugin}: the plugin is not installed here as in its records: {error}"
        return
    at = f"{one.plugin}: the header"
    again = "write the file with `harness board submit`"
    if one.distribution != now.distribution:
        yield f"{at} names {one.distribution!r}; installed is {now.distribution!r}: {again}"
    for what, said, true in (
        ("estimator", one.estimators, now.estimators),
        ("quantity", one.quantities, now.quantities),
    ):
        for name in sorted(said.keys() | true.keys()):
            if said.get(name) != true.get(name):
                yield (
                    f"{at} declares {what} {name} as {said.get(name)}; the plugin declares "
                    f"{true.get(name)}: {again}"
                )
    for text in one.requirements:
        name, _, rest = text.partition("==")
        version = rest.split(" ")[0]
        if normalized(name) == normalized(one.distribution):
            found = importlib.metadata.version(one.distribution)
            if found != version:
                yield f"{at} pins {name}=={version}; installed is {found}"
    if one.plugin not in lock.plugins:
        yield from _rows(board, registry, one)


def _rows(board: Board, registry: Registry, one: Submission) -> Iterator[str]:
    """A plugin that the board does not name brings all its estimators that fit, with their
    defaults: no chosen few, no settings tuned to the truths."""
    made = expand(submitting.contribution(board, registry, one.plugin).paths, keep="")
    listed = [(j.path, c.id) for j in made.jobs for c in j.cases]
    listed += [(path, case.id) for path, case, _, _ in made.failures if case is not None]
    wanted = {(*submitting.path_key(path), case): str(path) for path, case in listed}
    found = {(*submitting.record_path_key(r), r.case): r.path for r in one.records}
    for key in wanted.keys() - found.keys():
        yield f"{one.plugin}: no record of {wanted[key]} on case {key[-1]}, seed {key[-2]}"
    for key in found.keys() - wanted.keys():
        yield f"{one.plugin}: {found[key]}: `harness board run {board.name}` gives no such record"
