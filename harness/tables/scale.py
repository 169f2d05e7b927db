"""How figures of a quantity are printed: unit, direction, and marks where there is none."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping

from harness.records import Record, Status
from harness.specs import Quantity
from harness.tables.rows import label
from harness.tables.table import Cell, Column

ARROWS = {"higher": "↑", "lower": "↓", "truth": "", "none": ""}
BITS = 1 / math.log(2)

Declared = Callable[[str], Quantity]


class Scale:
    """Declarations of quantities, and the unit they are printed in."""

    def __init__(self, quantity: Declared, unit: str) -> None:
        self.quantity, self._unit = quantity, unit

    def unit(self, name: str) -> str:
        """The unit in which a quantity is printed."""
        unit = self.quantity(name).unit
        return "bits" if unit == "nats" and self._unit == "bits" else unit

    def factor(self, name: str) -> float:
        """What its values are multiplied with for that."""
        return BITS if self.unit(name) == "bits" else 1.0

    def column(self, name: str) -> Column:
        """Its heading."""
        return Column(name.replace("_", " "), self.unit(name), ARROWS[self.quantity(name).better])

    def best(self, name: str, values: Iterable[float]) -> float | None:
        """The value that wins; None where nothing is to win, or nobody to win against."""
        better, finite = self.quantity(name).better, [v for v in values if not math.isnan(v)]
        if len(finite) < 2 or better not in ("higher", "lower"):
            return None
        return max(finite) if better == "higher" else min(finite)


def mark(records: Iterable[Record]) -> str:
    """What stands in a cell without a figure."""
    bad = [r.status.value for r in records if r.status is not Status.OK]
    return bad[0] if bad else "–"


def seconds(values: Iterable[float | None]) -> Cell:
    """The median of what was measured."""
    times = [v for v in values if v is not None]
    return Cell(statistics.median(times)) if times else Cell(text="–")


def times(
    rows: Mapping[str, list[Record]],
) -> tuple[tuple[Column, ...], dict[str, tuple[Cell, ...]]]:
    """Headings and cells: seconds of loading and models, of the estimator itself, and of the task's
    scoring, where one scored."""
    stages: dict[str, Callable[[Record], float | None]] = {
        "load, models": lambda r: r.prefix_s,
        "time": lambda r: r.wall_s,
        "scoring": lambda r: r.score_s,
    }
    if all(r.score_s is None for records in rows.values() for r in records):
        del stages["scoring"]
    heads = tuple(Column(name, "s") for name in stages)
    cells = {
        row: tuple(seconds(map(of, records)) for of in stages.values())
        for row, records in rows.items()
    }
    return heads, cells


def causes(records: Iterable[Record]) -> tuple[str, ...]:
    """Why figures are missing: one line per cause, with the rows it concerns; causes that differ
    in numbers are one."""
    found: dict[tuple[str, str], list[Record]] = {}
    for r in records:
        if r.status is not Status.OK:
            found.setdefault((r.status.value, re.sub(r"[\d.]+", "#", _first_line(r))), []).append(r)
    return tuple(
        f"{status} ×{len(rs)}: {_first_line(rs[0])} ({', '.join(dict.fromkeys(map(label, rs)))})"
        for (status, _), rs in found.items()
    )


def _first_line(record: Record) -> str:
    return (record.cause or "").partition("\n")[0]
