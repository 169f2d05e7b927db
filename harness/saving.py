"""Outputs as files: ``--save FOLDER`` of ``harness run`` and ``harness results``.

What the store keeps of an output is written as it is, beside an index that says which file is of
which path. Units are named by what the data say of them: the data are loaded for that, and held
against the fingerprint of the record; nothing is computed.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness import kept
from harness.errors import UsageError
from harness.files import first_line, whole
from harness.kinds import Kind
from harness.outputs import Curve, Estimate, Output, Prediction, Selection
from harness.records import Record, Records
from harness.registry import Registry
from harness.specs import Case
from harness.store import Store

Tell = Callable[[str], None]
Columns = dict[str, Any]
"""Values by heading, one for each row."""
INDEX = "index.csv"
HEAD = ("file", "output", "task", "case", "models", "estimator", "seed", "parameters", "status",
        "quantity", "unit", "value", "key", "note")  # fmt: skip


class Sources:
    """The data and the tasks that records are of; those of the last record are at hand."""

    def __init__(self, registry: Registry, tell: Tell) -> None:
        self._registry, self._tell = registry, tell
        self._held: tuple[str, tuple[Any, dict[str, Case], Kind] | None] = "", None

    def of(self, record: Record) -> tuple[Any, Case, Kind] | None:
        """The task, the case and the data; None where they are no longer what they were."""
        params = record.params["task"]
        named = json.dumps(
            [record.task, params, record.seed, record.source, record.fingerprint], sort_keys=True
        )
        if self._held[0] != named:
            try:
                self._held = named, self._load(record)
            except Exception as error:  # whatever a task raises
                self._tell(f"{record.path}: its data are not there: {first_line(error)}")
                self._held = named, None
        if self._held[1] is None:
            return None
        task, cases, data = self._held[1]
        return task, cases[record.case], data

    def _load(self, record: Record) -> tuple[Any, dict[str, Case], Kind]:
        task = self._registry.one("task", record.task).build(record.params["task"])
        listed = {c.id: c for c in task.cases(seed=record.seed) if c.source == record.source}
        if record.case not in listed:
            raise UsageError(f"the task has no case {record.case} now")
        data = listed[record.case].load()
        if data.fingerprint() != record.fingerprint:
            raise UsageError("they have changed since; wanted harness run, which computes anew")
        return task, listed, data

    def units(self, record: Record, arrays: Mapping[str, Any], count: int) -> Columns:
        """What tells the units of local values apart: what was kept, and what the data say."""
        own = kept.kept_units(arrays)
        found = self.of(record)
        if found is None:
            return own
        items = kept.matched(found[2].identify_items(), own)
        if items:
            return {**items, **own}
        said, n = found[2].identify(), found[2].n
        if "row" not in own and count != n:
            return own  # nothing says which unit is which
        rows = own.get("row", np.arange(count))
        if len(rows) and max(rows) >= n:
            return own
        return {**own, **{k: v for k, v in kept.taken(said, rows).items() if k not in own}}


def kept_output(record: Record, store: Store, tell: Tell) -> dict[str, Any] | None:
    """The arrays that the store keeps of a record's output."""
    try:
        return kept.read(store.array_file(record.key))
    except UsageError as error:
        tell(f"{record.path}: its output cannot be read ({error}); harness run --no-cache")
        return None


def in_unit(record: Record, unit: str) -> tuple[str, float]:
    """The unit in which a record's values are shown, and what nats are multiplied with."""
    if record.unit == "nats" and unit == "bits":
        return "bits", 1 / math.log(2)
    return record.unit, 1.0


def save(
    records: Records, store: Store, registry: Registry, folder: Path, tell: Tell, unit: str
) -> int:
    """Write every output into ``folder``, and ``index.csv``; how many files there are.

    Raises `UsageError` where the folder cannot be written.
    """
    sources, index, missing, files = Sources(registry, tell), [], 0, 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for record, name in zip(records, names(records), strict=True):
            arrays = None if record.status.failed else kept_output(record, store, tell)
            written: list[tuple[str, str]] = []
            note = record.cause or ""
            if arrays is not None:
                output = kept.output_of(arrays)
                rows = table(record, output, arrays, sources, unit)
                _write(folder / f"{name}.csv", rows)
                written.append((f"{name}.csv", type(output).__name__))
                if isinstance(output, Selection):
                    excerpt = _excerpt(record, output, sources)
                    if isinstance(excerpt, str):
                        note = excerpt
                    elif excerpt is not None:
                        _put(folder / f"{name}{excerpt[0]}", excerpt[1])
                        written.append((f"{name}{excerpt[0]}", "Excerpt"))
            elif record.scores or record.curve:
                missing += 1
                note = note or "its output was not kept"
            files += len(written)
            for file, what in written or [("", "Estimate" if record.value is not None else "")]:
                index.append(_line(record, file, what, note))
        _write(folder / INDEX, {h: [row[i] for row in index] for i, h in enumerate(HEAD)})
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}; wanted a folder") from error
    if missing:
        tell(
            f"{missing} outputs are not in the store: they were computed before outputs were kept, "
            "or are too large; harness run --no-cache keeps those that it can"
        )
    return files


def _line(record: Record, file: str, what: str, note: str) -> tuple[Any, ...]:
    models = " ▸ ".join(record.models)
    path = record.task, record.case, models, record.estimator, record.seed
    own = json.dumps(record.params, ensure_ascii=False, sort_keys=True)
    end = record.quantity, record.unit, "" if record.value is None else record.value, record.key
    return (file, what, *path, own, record.status.value, *end, note)


def names(records: Iterable[Record]) -> list[str]:
    """A name for each record: its estimator, and as much more as tells it from the others.

    Tasks, data sets, models, and seeds enter where there are several; the rest of a case's id
    (``@10%``) always; the key where that is not enough.
    """
    rows = [_parts(record) for record in records]
    several = [len({row[i] for row in rows}) > 1 for i in range(4)]
    found = []
    for *optional, estimator, rest in rows:
        kept_parts = [part for part, wanted in zip(optional, several, strict=True) if wanted]
        found.append("-".join([*kept_parts, estimator]) + rest)
    count = Counter(found)
    return [
        name if count[name] == 1 else f"{name}-{record.key[:8]}"
        for name, record in zip(found, records, strict=True)
    ]


def _parts(record: Record) -> tuple[str, ...]:
    """Task, data set, models, seed, estimator, and the rest of the case's id, fit for files."""
    rest = record.case.removeprefix(record.source)
    data = record.source if rest != record.case else record.case
    rest = rest if rest != record.case else ""
    short = [name.rpartition("/")[2] for name in (record.task, *record.models, record.estimator)]
    parts = short[0], data, "-".join(short[1:-1]), f"seed{record.seed}", short[-1], rest
    return tuple(re.sub(r"[^\w.@%=+,-]+", "_", part) for part in parts)


def table(
    record: Record, output: Output, arrays: Mapping[str, Any], sources: Sources, unit: str
) -> Columns:
    """An output as columns."""
    if isinstance(output, Estimate):
        assert output.local is not None
        shown, factor = in_unit(record, unit)
        head = f"value [{shown}]" if shown else "value"
        count = len(output.local)
        own = {"position": range(count), head: output.local * factor}
        return {**own, **sources.units(record, arrays, count)}
    if isinstance(output, Curve):
        found: Columns = {output.name_x: output.x, output.name_y: output.y}
        return found if output.stderr is None else {**found, "stderr": output.stderr}
    if isinstance(output, Prediction):
        values = output.values if output.values.ndim == 2 else output.values[:, None]
        heads = ["value"] if values.shape[1] == 1 else [f"value {k}" for k in range(len(values[0]))]
        predicted = dict(zip(heads, values.T, strict=True))
        return {"position": output.index, **predicted, **_of_data(record, output.index, sources)}
    return _selection(record, output, sources)


def _selection(record: Record, output: Selection, sources: Sources) -> Columns:
    """The order of choice with its gains; sets that are no part of it below, by their size."""
    sizes, order, gains = [""] * len(output.order), [output.order], ["" for _ in output.order]
    if output.scores is not None:
        gains = [repr(float(gain)) for gain in output.scores] + gains[len(output.scores) :]
    for size, chosen in (output.sets or {}).items():
        sizes += [str(size)] * len(chosen)
        gains += [""] * len(chosen)
        order.append(chosen)
    positions = np.concatenate(order)
    ranks = [rank for chosen in order for rank in range(1, len(chosen) + 1)]
    found: Columns = {"rank": ranks, "position": positions, "gain": gains}
    if output.sets:
        found["set"] = sizes
    return {**found, **_of_data(record, positions, sources)}


def _of_data(record: Record, rows: np.ndarray[Any, Any], sources: Sources) -> Columns:
    """What the data say of the units at these positions."""
    found = sources.of(record)
    if found is None or (len(rows) and rows.max() >= found[2].n):
        return {}
    return kept.taken(found[2].identify(), rows)


def _excerpt(record: Record, output: Selection, sources: Sources) -> tuple[str, bytes] | str | None:
    """The chosen units as the task's own file; or why there is none, where it could give one."""
    found = sources.of(record)
    if found is None or not hasattr(found[0], "excerpt"):
        return None
    try:
        given: tuple[str, bytes] = found[0].excerpt(found[1], output)
    except Exception as error:  # whatever a task raises
        return first_line(error)
    return given


def _write(file: Path, columns: Columns) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    plain = [v.tolist() if isinstance(v, np.ndarray) else v for v in columns.values()]
    writer.writerows(zip(*plain, strict=True))
    _put(file, out.getvalue().encode())


def _put(file: Path, content: bytes) -> None:
    with whole(file) as out:
        out.write(content)
