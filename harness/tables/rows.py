"""Rows of tables: which records belong to one, and a name that tells it from the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.identity import row_key
from harness.records import Record


def label(record: Record) -> str:
    """The row of a record: its estimator, with the models that stand before it."""
    bare = [name.rpartition("/")[2] for name in (*record.models, record.estimator)]
    return " ▸ ".join(bare)


def labels(records: Iterable[Record]) -> dict[str, str]:
    """A label for each `row_key`: bare names where these tell rows apart, else full ones; where
    only settings do, those that differ follow: ``msc (h=0.05)``."""
    first: dict[str, Record] = {}
    for record in {_setup(r): r for r in records}.values():
        first.setdefault(row_key(record), record)
    shared = len({r.models for r in first.values()}) == 1
    bare = {key: r.estimator.rpartition("/")[2] if shared else label(r) for key, r in first.items()}
    full = {key: " ▸ ".join((*r.models, r.estimator)) for key, r in first.items()}
    found = {}
    for key, record in first.items():
        others = [k for k in first if k != key and bare[k] == bare[key]]
        found[key] = full[key] if any(full[k] != full[key] for k in others) else bare[key]
        same = [settings(first[k]) for k in others if full[k] == full[key]]
        found[key] += said(differing(settings(record), same))
    return found


def _setup(record: Record) -> tuple[Any, ...]:
    """Equal only for records of one row, and cheap: the records of a setup share one object of
    parameters."""
    return id(record.params), record.models, record.estimator


def settings(record: Record) -> dict[str, Any]:
    """Parameters of the estimator and of the models, these as ``model.name`` where another
    component on the path has one of that name."""
    steps = [("", dict(record.params.get("estimator", {})))]
    for name, params in zip(record.models, record.params.get("models", ()), strict=False):
        steps.append((f"{name.rpartition('/')[2]}.", params))
    often = Counter(name for _, params in steps for name in params)
    return {
        (prefix if often[name] > 1 else "") + name: value
        for prefix, params in steps
        for name, value in params.items()
    }


def differing(mine: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings in which one differs from any of the others."""
    others = list(others)
    return {k: v for k, v in mine.items() if any(o.get(k) != v for o in others)}


def said(values: Mapping[str, Any]) -> str:
    """Settings behind a name: `` (h=0.05, k=3)``, or nothing."""
    return f" ({', '.join(f'{k}={short(v)}' for k, v in values.items())})" if values else ""


def short(value: Any) -> str:
    """A setting in a label: six digits of a float are enough to tell settings apart."""
    if isinstance(value, list | tuple):
        return ",".join(map(short, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def grouped(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each row, by its label."""
    records = list(records)
    names = labels(records)
    by_setup = {_setup(r): names[row_key(r)] for r in {_setup(r): r for r in records}.values()}
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(by_setup[_setup(record)], []).append(record)
    return found


def by_settings(records: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """The records of one task, those under other settings of the task apart, each group with the
    settings that tell it from the others.

    Settings that choose the data (files, names of data sets) do not split a table. They are told
    in the names of the cases instead, where these are the same: ``g.npz (path=b/g.npz)``.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        protocol = {k: v for k, v in _task(record).items() if not _chooses_data(v)}
        groups.setdefault(repr(sorted(protocol.items())), []).append(record)
    merged = _merged(list(groups.values()))
    told = []
    for group in merged:
        others = [_task(g[0]) for g in merged if g is not group]
        apart = {
            k: v for k, v in differing(_task(group[0]), others).items() if not _chooses_data(v)
        }
        shown = apart if len(merged) > 1 else {}
        told.append((said(shown), _told_apart(group)))
    return told


def _merged(groups: list[list[Record]]) -> list[list[Record]]:
    """Groups without a case in common are one: what differs is the choice of the data."""
    found: list[list[Record]] = []
    for group in groups:
        cases = {r.case for r in group}
        home = next((g for g in found if cases.isdisjoint(r.case for r in g)), None)
        if home is None:
            found.append(group)
        else:
            home += group
    return found


def _task(record: Record) -> Mapping[str, Any]:
    params: Mapping[str, Any] = record.params.get("task", {})
    return params


def _chooses_data(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_chooses_data, value))
    return isinstance(value, str) and bool(re.search(r"[/\\]|\.\w+$", value))


def _told_apart(records: list[Record]) -> list[Record]:
    """Cases of one name on data of several files get the end of the path that tells them apart."""
    files: dict[str, dict[str, Mapping[str, Any]]] = {}
    for record in records:
        files.setdefault(record.case, {}).setdefault(repr(_task(record)), _task(record))
    found = []
    for record in records:
        others = [t for t in files[record.case].values() if t != _task(record)]
        values = differing(_task(record), others)
        ends = {k: _end(v, [o.get(k) for o in others]) for k, v in values.items()}
        more = said({k: v for k, v in ends.items() if v is not None})
        found.append(
            replace(record, case=record.case + more, source=record.source + more)
            if more
            else record
        )
    return found


def _end(path: Any, others: list[Any]) -> str | None:
    """The shortest end of a path that none of the others has."""
    if not isinstance(path, str) or not _chooses_data(path):
        return short(path)
    parts = re.split(r"[/\\]", path)
    theirs = [re.split(r"[/\\]", str(o)) for o in others if o != path]
    for size in range(1, len(parts) + 1):
        if all(o[-size:] != parts[-size:] for o in theirs):
            return "/".join(parts[-size:])
    return str(path)


def natural(text: str) -> list[tuple[float, str]]:
    """A key that sorts ``epoch-2`` before ``epoch-10``, and ``noise-0.25`` before ``noise-0.5``."""
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return [(float(part), "") if part[:1].isdecimal() else (-1.0, part) for part in parts]
