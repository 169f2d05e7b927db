"""One table per case where estimates and scored outputs are of the same data: what a quantity says
beside what it is to foretell."""

from __future__ import annotations

import math
import statistics

from harness.records import Record
from harness.tables.estimates import cell, meaning, readings
from harness.tables.rows import grouped, natural
from harness.tables.scale import Scale, causes, mark, times
from harness.tables.table import Cell, Table


def joint(title: str, records: list[Record], scale: Scale) -> list[Table]:
    """A table for each case that has both: estimators as rows, quantities as columns."""
    cases = sorted(dict.fromkeys(r.case for r in records), key=natural)
    return [_of_case(title, c, [r for r in records if r.case == c], scale) for c in cases]


def _of_case(title: str, case: str, records: list[Record], scale: Scale) -> Table:
    rows = grouped(records)
    names = list(dict.fromkeys(q for r in records for q in (r.scores or {r.quantity: 0.0})))
    heads, timed = times(rows)
    body = []
    for row, mine in rows.items():
        cells = [_cell(mine, name, scale) for name in names]
        if all(c.value is None for c in cells):
            cells = [Cell(text=mark(mine)), *cells[1:]]
        body.append((row, (*cells, *timed[row])))
    spread = any(c.spread is not None for _, cells in body for c in cells)
    notes = [meaning(len({r.seed for r in records}))] if spread else []
    columns = (*map(scale.column, names), *heads)
    return Table(
        f"{title}: {case}",
        "estimator",
        columns,
        tuple(body),
        (*notes, *readings(records, scale), *causes(records)),
    )


def _cell(records: list[Record], name: str, scale: Scale) -> Cell:
    own = [r for r in records if r.quantity == name and not r.scores]
    if own:
        return cell(own, scale)
    values = [r.scores[name] * scale.factor(name) for r in records if name in r.scores]
    if not values:
        return Cell(text="–")
    spread = len(values) > 1 and all(map(math.isfinite, values))
    return Cell(statistics.fmean(values), statistics.stdev(values) if spread else None)
