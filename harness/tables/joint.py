"""One table per case where estimates and scored outputs are of the same data: what a quantity says
beside what it is to foretell."""

from __future__ import annotations

import math
import statistics

from harness.records import Record
from harness.tables.estimates import READ, cell, meaning, readings
from harness.tables.rows import grouped, natural
from harness.tables.scale import Scale, causes, mark, times
from harness.tables.table import Cell, Table, number


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
    notes = [meaning(records)] if spread else []
    columns = (*map(scale.column, names), *heads)
    return Table(
        f"{title}: {case}",
        "estimator",
        columns,
        tuple(body),
        (*notes, *readings(records, scale), *_costs(rows), *causes(records)),
    )


def _costs(rows: dict[str, list[Record]]) -> list[str]:
    """A sentence for each estimate: what it cost beside the outputs that it is to foretell."""
    spent, scored = {}, set()
    for row, records in rows.items():
        ended = [r for r in records if r.value is not None]
        known = [r.wall_s + (r.prefix_s or 0.0) for r in ended if r.wall_s]
        if known:
            spent[row] = statistics.median(known)
        if any(r.scores for r in records):
            scored.add(row)
    own, theirs = [r for r in spent if r not in scored], [r for r in spent if r in scored]
    if not theirs or len(own) > READ:
        return []
    return [
        f"{row} took {number(spent[row])} s with loading and models; "
        + ", ".join(
            f"{other} {number(spent[other])} s ({number(spent[other] / spent[row])} times that)"
            for other in theirs
        )
        for row in own
    ]


def _cell(records: list[Record], name: str, scale: Scale) -> Cell:
    values = [r.scores[name] * scale.factor(name) for r in records if name in r.scores]
    if not values:
        own = [r for r in records if r.quantity == name]
        return cell(own, scale) if own else Cell(text="–")
    spread = len(values) > 1 and all(map(math.isfinite, values))
    failed = sum(r.status.failed for r in records)
    lost = f" ({len(values)}/{len(values) + failed})" if failed else ""
    return Cell(statistics.fmean(values), statistics.stdev(values) if spread else None, lost)
