"""Tables of estimates: cases against estimators beside the truth, then errors and times."""

from __future__ import annotations

import contextlib
import math
import statistics

from harness.records import Record, Status
from harness.tables.rows import grouped, label, natural
from harness.tables.scale import Scale, causes, mark, times
from harness.tables.table import Cell, Column, Table, number

WIDE = 7
"""More columns than this do not fit a terminal: the table is turned."""


def estimates(title: str, records: list[Record], scale: Scale) -> list[Table]:
    """The values, and what they come to where there are several."""
    rows = grouped(records)
    # Who suits none of the data needs no column: the note below says so.
    suited = {
        row: rs for row, rs in rows.items() if any(r.status is not Status.INCOMPATIBLE for r in rs)
    }
    rows = suited or rows
    quantities = {row: rs[0].quantity for row, rs in rows.items()}
    shared = len(set(quantities.values())) == 1
    found = [_values(title, records, rows, quantities, scale)]
    timed = any(r.wall_s is not None or r.error is not None for r in records)
    if shared and len(rows) > 1 and timed:
        found.append(_summary(title, rows, scale, next(iter(quantities.values()))))
    return found


def _values(
    title: str,
    records: list[Record],
    rows: dict[str, list[Record]],
    quantities: dict[str, str],
    scale: Scale,
) -> Table:
    cases = sorted(dict.fromkeys(r.case for r in records), key=natural)
    shared = len(set(quantities.values())) == 1
    grid = {
        (row, case): cell([r for r in rs if r.case == case], scale)
        for row, rs in rows.items()
        for case in cases
    }
    unit = scale.unit(next(iter(quantities.values())))
    truths = (
        {r.case: r.truth * scale.factor(r.quantity) for r in records if r.truth is not None}
        if shared
        else {}
    )
    spread = any(cell.spread is not None for cell in grid.values())
    notes = [meaning(records)] if spread else []
    notes += [*readings(records, scale), *causes(records)]
    what = f"{next(iter(quantities.values())).replace('_', ' ')}" if shared else "estimates"
    title = f"{title}: {what}" + (f" [{unit}]" if shared and unit else "")
    if shared and len(rows) > WIDE and len(cases) <= WIDE:
        body = [(row, tuple(grid[row, case] for case in cases)) for row in rows]
        if truths:
            body.insert(0, ("truth", tuple(_known(truths, case) for case in cases)))
        return Table(title, "estimator", tuple(Column(c) for c in cases), tuple(body), tuple(notes))
    columns = [Column(row, "" if shared else scale.unit(quantities[row])) for row in rows]
    if truths:
        columns.insert(0, Column("truth"))
    body = []
    for case in cases:
        cells = [grid[row, case] for row in rows]
        body.append((case, tuple([_known(truths, case), *cells] if truths else cells)))
    return Table(title, "case", tuple(columns), tuple(body), tuple(notes))


READ = 6
"""So many sentences on what values mean are printed below a table."""


def readings(records: list[Record], scale: Scale) -> list[str]:
    """What the values mean, in the words of their quantity; of several seeds the first."""
    found: dict[tuple[str, str], str] = {}
    for r in records:
        reading = scale.quantity(r.quantity).reading
        known = {n: number(v) if isinstance(v, float) else v for n, v in r.diagnostics.items()}
        if reading and r.value is not None and not r.scores:
            with contextlib.suppress(KeyError):  # a diagnostic that was not asked for
                told = reading.format_map({**known, "value": number(r.value)})
                found.setdefault((r.case, label(r)), f"{label(r)} on {r.case}: {told}")
    return list(found.values()) if len(found) <= READ else []


def meaning(records: list[Record]) -> str:
    """What stands behind the ± of a table of estimates."""
    seeds = len({r.seed for r in records if r.value is not None})
    return (
        "± is the estimator's own standard error"
        if seeds < 2
        else f"mean ± standard deviation over {seeds} seeds"
    )


def _known(truths: dict[str, float], case: str) -> Cell:
    return Cell(truths[case]) if case in truths else Cell(text="–")


def cell(records: list[Record], scale: Scale) -> Cell:
    """The figure of a row on a case: of several seeds the mean and the standard deviation."""
    good = [r for r in records if r.value is not None]
    if not good:
        return Cell(text=mark(records))
    factor = scale.factor(good[0].quantity)
    values = [r.value * factor for r in good if r.value is not None]
    lost = f" ({len(good)}/{len(records)})" if len(good) < len(records) else ""
    if len(values) > 1:
        finite = all(map(math.isfinite, values))
        return Cell(statistics.fmean(values), statistics.stdev(values) if finite else None, lost)
    stderr = good[0].stderr
    match good[0].diagnostics:
        case {"low": float(low), "high": float(high)} if stderr is None:
            lost = f" [{low * factor:.3g}, {high * factor:.3g}]{lost}"
    return Cell(values[0], None if stderr is None else stderr * factor, lost)


def _summary(title: str, rows: dict[str, list[Record]], scale: Scale, quantity: str) -> Table:
    """A row per estimator, in the order of its errors where truths are known: the mean and the
    median error over cases and seeds, and what it cost."""
    unit, factor = scale.unit(quantity), scale.factor(quantity)
    errors = {
        row: [r.error * factor for r in rs if r.error is not None] for row, rs in rows.items()
    }
    asked = {(r.case, r.seed) for rs in rows.values() for r in rs if r.truth is not None}
    known = len(asked) > 1
    heads = [Column(name, unit) for name in ("median |error|", "mean |error|", "bias")]
    columns = [*heads, Column("cases")] if known else []
    costs, timed = times(rows)
    body = []
    for row in rows:
        cells: list[Cell] = []
        if known and (mine := errors[row]):
            sizes = [abs(e) for e in mine]
            figures = statistics.median(sizes), statistics.fmean(sizes), statistics.fmean(mine)
            cells = [Cell(v) for v in figures]
        elif known:
            cells = [Cell(text="–")] * 3
        if known:
            cells.append(Cell(text=f"{len(errors[row])}/{len(asked)}"))
        body.append((row, (*cells, *timed[row])))
    if known:
        whole = [row for row in rows if len(errors[row]) == len(asked)]
        body.sort(key=lambda item: (item[0] not in whole, _size(item[1][0])))
    what = "errors and times" if known else "times"
    return Table(f"{title}: {what}", "estimator", (*columns, *costs), tuple(body))


def _size(cell: Cell) -> float:
    return math.inf if cell.value is None else cell.value
