"""The stored result of one path, and tables of such results."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from harness import display
from harness.errors import DataError, UsageError

if TYPE_CHECKING:
    from harness.outputs import Curve

CURVE = "curve"
"""The diagnostic under which a record keeps the curve that an estimator gave."""


class Status(StrEnum):
    """How a path ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    INTERRUPTED = "interrupted"
    INCOMPATIBLE = "incompatible"
    MISSING_DEPENDENCY = "missing-dependency"

    @property
    def failed(self) -> bool:
        """Everything but success and a path that the data rule out."""
        return self not in (Status.OK, Status.INCOMPATIBLE)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One path of one case under one seed; information in nats, unclipped.

    ``value``, ``stderr``, ``truth`` and ``error`` (value - truth) may be infinite; they are None
    where there is none. ``scores`` holds all quantities that the task scored, ``value`` the first
    of them, and ``truths`` what is known of the others. ``cluster`` is that of the case, where its
    task names one. ``notes`` are warnings that plugins logged on the way. ``wall_s``, ``cpu_s`` and
    ``peak_mib`` (memory beyond what was held before) are the estimator's; cases of one source share
    one run of it. ``prefix_s`` is the time of loading and models, ``score_s`` that of the task's
    scoring, where it scores. ``threads`` is what each process
    computed on; ``recipe`` the recipe of ``key`` (`harness.identity`).
    """

    key: str
    status: Status
    task: str
    case: str
    source: str
    models: tuple[str, ...]
    estimator: str
    plugin: str
    params: Mapping[str, Any]
    seed: int
    quantity: str
    unit: str
    value: float | None = None
    stderr: float | None = None
    truth: float | None = None
    error: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    cause: str | None = None
    notes: tuple[str, ...] = ()
    wall_s: float | None = None
    cpu_s: float | None = None
    peak_mib: float | None = None
    prefix_s: float | None = None
    threads: int | None = None
    recipe: int = 1
    n: int | None = None
    fingerprint: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    started: str = ""
    cluster: str = ""
    truths: Mapping[str, float] = field(default_factory=dict)
    score_s: float | None = None

    def __post_init__(self) -> None:
        if CURVE in self.diagnostics:
            try:
                _ = self.curve
            except DataError as error:
                raise ValueError(f"diagnostics: {error}") from error

    @property
    def curve(self) -> Curve | None:
        """The curve that the estimator gave, where the record keeps one."""
        plain = self.diagnostics.get(CURVE)
        if not isinstance(plain, Mapping):
            return None
        from harness.outputs import Curve

        return Curve.from_plain(plain)

    def to_json(self) -> str:
        """One line of standard JSON, fields in order; infinities as ``"inf"`` and ``"-inf"``."""
        found = {name: _plain(getattr(self, name)) for name in _FIELDS}
        return _JSON.encode({k: v for k, v in found.items() if v or k not in _WHERE_GIVEN})

    @classmethod
    def from_json(cls, line: str) -> Record:
        """Read what `to_json` wrote. Raises `UsageError` for anything else."""
        try:
            raw = json.loads(line)
            raw["status"] = Status(raw["status"])
            raw["models"], raw["notes"] = tuple(raw["models"]), tuple(raw.get("notes", ()))
            for name in ("value", "stderr", "truth", "error"):
                raw[name] = None if raw.get(name) is None else float(raw[name])
            for name in ("scores", "truths"):
                raw[name] = {k: float(v) for k, v in raw.get(name, {}).items()}
            return cls(**raw)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise UsageError(f"not a record: {error}: {line[:80]}") from error

    @property
    def path(self) -> str:
        """``task:case ▸ models ▸ estimator #seed``, for people."""
        return (
            " ▸ ".join([f"{self.task}:{self.case}", *self.models, self.estimator])
            + f" #{self.seed}"
        )


_FIELDS = tuple(f.name for f in fields(Record))
_WHERE_GIVEN = frozenset({"cluster", "truths", "score_s"})
"""Fields that a record states only where it has them, as those of older releases do not."""
_JSON = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """JSON values only; numpy scalars become numbers, NaN null, infinities strings."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


class Records:
    """Records in a fixed order: by task, case, models, estimator and seed."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = tuple(
            sorted(
                records,
                key=lambda r: (r.task, r.source, r.case, r.models, r.estimator, r.seed, r.key),
            )
        )

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> Record | Records:
        return Records(self._records[index]) if isinstance(index, slice) else self._records[index]

    def where(self, keep: Callable[[Record], bool] | None = None, **equal: Any) -> Records:
        """The records that satisfy ``keep`` and whose fields equal the given values."""
        for name in equal:
            if name not in {f.name for f in fields(Record)}:
                raise UsageError(f"a record has no field {name!r}")
        return Records(
            r
            for r in self
            if (keep is None or keep(r)) and all(getattr(r, k) == v for k, v in equal.items())
        )

    def to_pandas(self) -> Any:
        """A DataFrame, one row per record (needs pandas)."""
        try:
            import pandas as pd
        except ImportError as error:
            from harness.errors import MissingDependency

            raise MissingDependency("pandas", "pip install pandas") from error
        return pd.DataFrame([asdict(r) for r in self], columns=[f.name for f in fields(Record)])

    def _repr_html_(self) -> str:
        head = "task", "case", "path", "seed", "quantity", "value", "±", "truth", "status"
        rows = (
            (r.task, r.case, " ▸ ".join([*r.models, r.estimator]), r.seed, r.quantity, r.value,
             r.stderr, r.truth, r.cause or r.status.value)
            for r in self
        )  # fmt: skip
        return display.table(head, rows) + display.image(self._repr_png_())

    def _repr_png_(self) -> bytes | None:
        panels: dict[str, list[list[float]]] = {}
        for r in self:
            if heads := display.heads(r.diagnostics):
                panels.setdefault(" ▸ ".join([*r.models, r.case]), heads)  # of seeds the first
        shown = dict(list(panels.items())[: display.PANELS])
        return display.picture(partial(display.maps, panels=shown)) if shown else None

    def __repr__(self) -> str:
        counts: dict[str, int] = {}
        for record in self:
            counts[record.status.value] = counts.get(record.status.value, 0) + 1
        return (
            f"Records({len(self)}: "
            + ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))
            + ")"
        )
