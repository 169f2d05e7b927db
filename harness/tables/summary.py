"""Records to tables: who is where, at a glance.

Scored outputs (selections ...) give one overview of the ranking quantity over the numeric facts of
the cases (a compression rate, say), then a table of all scores at each of them. Estimates give one
table of cases against estimators, with the truth beside them, and a summary of errors and times;
where a case has both, they stand in one table.
Failures stay visible. A mean is only ever over seeds or over the cases that a title names.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import replace

from harness.records import Record, Records, Status
from harness.tables.estimates import estimates
from harness.tables.joint import joint
from harness.tables.rows import by_settings
from harness.tables.scale import Declared, Scale, causes
from harness.tables.scored import scored
from harness.tables.table import Table


def tables(records: Records, quantity: Declared, unit: str = "nats") -> list[Table]:
    """All tables of a set of records, task by task; other settings of a task are tables of their
    own.

    Parameters
    ----------
    quantity : looks up the declaration of a quantity (`Registry.quantity`).
    unit : ``nats`` or ``bits``, for what is measured in nats.
    """
    found: list[Table] = []
    scale = Scale(quantity, unit)
    for task in dict.fromkeys(r.task for r in records):
        for settings, mine in by_settings(records.where(task=task)):
            asked = {r.quantity for r in mine if r.scores}
            # A failed record belongs to the scored ones if its quantity is theirs.
            ranked = [r for r in mine if r.scores or (_failed(r) and r.quantity in asked)]
            plain = [r for r in mine if not (r.scores or (_failed(r) and r.quantity in asked))]
            both = {r.case for r in ranked} & {r.case for r in plain}
            if both:
                if len({r.case for r in ranked}) > 1:
                    found += scored(task + settings, ranked, scale)
                shared = [r for r in mine if r.case in both]
                found += joint(task + settings, shared, scale)
                ranked = []
                plain = [r for r in plain if r.case not in both]
            for kind, part in ((scored, ranked), (estimates, plain)):
                # Where the task failed there are no data to compare on: a note says why.
                lost = [r for r in part if r.status.failed and (r.cause or "").startswith("task ")]
                if lost and len(lost) < len(part):
                    *before, last = kind(task + settings, [r for r in part if r not in lost], scale)
                    found += [*before, replace(last, notes=(*last.notes, *causes(lost)))]
                elif part:
                    found += kind(task + settings, part, scale)
    return found


def _failed(record: Record) -> bool:
    return record.status is not Status.OK


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a full name, or its bare part, fits one of the globs; no globs let everything
    pass."""
    patterns = tuple(patterns)
    return not patterns or any(
        fnmatch.fnmatch(name, p) or fnmatch.fnmatch(name.rpartition("/")[2], p) for p in patterns
    )
