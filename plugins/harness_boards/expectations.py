"""Is a record one that the board asks for? Judged by its lock."""

from __future__ import annotations

import json
import math
from typing import Any

from harness import Record
from harness.commands import plugin_of
from harness_boards.lock import Asked, Lock

CLOSE = 1e-9
"""Relative difference of two truths that are one: closed forms in another order of operations."""


class Expectations:
    """Judges records by a lock; what records of one setup share is judged once."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._found: dict[tuple[Any, ...], tuple[str, int, Asked | None]] = {}

    def of(self, record: Record) -> tuple[str, int, Asked | None]:
        """What is wrong with a record's path (empty where nothing is), the position of its task
        in the lock, and the path of the lock, where it is one that the board names."""
        at = record.task, record.models, record.estimator, record.quantity, id(record.params)
        if at not in self._found:
            self._found[at] = self._path(record)
        return self._found[at]

    def _path(self, r: Record) -> tuple[str, int, Asked | None]:
        params = r.params
        named = [i for i, t in enumerate(self._lock.tasks) if t.step.name == r.task]
        if not named:
            return "this board asks for no such task", -1, None
        tasks = [i for i in named if self._lock.tasks[i].step.allows(params["task"])]
        if not tasks:
            wanted = " or ".join(_text(self._lock.tasks[i].step.params) for i in named)
            found = f"parameters of the task are {_text(params['task'])}; wanted {wanted}"
            return found, -1, None
        if r.plugin in self._lock.plugins:
            return self._own(r, tasks)
        return self._foreign(r, tasks)

    def _own(self, r: Record, tasks: list[int]) -> tuple[str, int, Asked | None]:
        names = r.models, r.estimator
        alike = [
            p
            for p in self._lock.paths
            if p.task in tasks and (tuple(m.name for m in p.models), p.estimator.name) == names
        ]
        if not alike:
            return "no such path in board.lock.json: its models or its estimator", -1, None
        settings = [*r.params["models"], r.params["estimator"]]
        for p in alike:
            steps = (*p.models, p.estimator)
            if all(s.allows(given) for s, given in zip(steps, settings, strict=True)):
                if p.quantity and p.quantity != r.quantity:
                    return f"quantity {r.quantity}; wanted {p.quantity}", p.task, p
                return "", p.task, p
        wanted = " or ".join(_text([s.params for s in (*p.models, p.estimator)]) for p in alike[:3])
        found = f"parameters of models and estimator are {_text(settings)}; wanted {wanted}"
        return found, -1, None

    def _foreign(self, r: Record, tasks: list[int]) -> tuple[str, int, Asked | None]:
        for name, given in zip(r.models, r.params["models"], strict=True):
            if plugin_of(name) == r.plugin:
                if not all(self._lock.tasks[i].open for i in tasks):
                    return f"model {name}; this board chooses the models of {r.task}", -1, None
            elif not any(m.name == name and m.allows(given) for m in self._lock.models):
                listed = ", ".join(sorted({m.name for m in self._lock.models})) or "none"
                found = f"model {name} with {_text(given)} is not one of this board's ({listed})"
                return found, -1, None
        return "", tasks[0], None

    def case(self, r: Record, task: int, path: Asked | None) -> str:
        """What is wrong with a record's case; empty where nothing is."""
        known = self._lock.tasks[task].cases.get(r.case)
        if known is None or (path is not None and r.case not in path.cases):
            some = ", ".join(list(self._lock.tasks[task].cases)[:3])
            return f"case {r.case!r} is not one of this board's ({some}, ...)"
        if known.source and r.source != known.source:
            return f"source {r.source!r}; wanted {known.source!r}"
        if r.cluster and r.cluster != known.cluster:
            return f"cluster {r.cluster!r}; wanted {known.cluster!r}"
        for name, value in r.truths.items():
            stated = known.truth.get(name)
            if name not in known.varies and (
                stated is None or not math.isclose(value, stated, rel_tol=CLOSE, abs_tol=CLOSE)
            ):
                return f"truth {value:.12g} of {name}; wanted {stated}"
        for name in sorted(known.facts.keys() | r.facts.keys()):
            if name not in known.varies and known.facts.get(name) != r.facts.get(name):
                return f"fact {name} is {r.facts.get(name)!r}; wanted {known.facts.get(name)!r}"
        wanted = known.truth.get(r.quantity)
        if r.truth is not None and r.quantity not in known.varies:
            if wanted is None:
                return f"truth {r.truth:g}; the task knows none for {r.quantity}"
            if not math.isclose(r.truth, wanted, rel_tol=CLOSE, abs_tol=CLOSE):
                return f"truth {r.truth:.12g}; wanted {wanted:.12g}"
        if r.truth is None and r.value is not None and wanted is not None:
            return f"no truth; wanted {wanted:.12g}"
        return ""


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
