"""``harness results``: look at what is stored."""

from __future__ import annotations

import argparse
import csv
import fnmatch
import io
import math
from pathlib import Path

import numpy as np

from harness.cli import options
from harness.errors import UsageError
from harness.files import whole
from harness.records import Record, Records, Status
from harness.store import Store
from harness.tables import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    for field in ("task", "case", "model", "estimator"):
        parser.add_argument(f"--{field}", metavar="GLOB", help=f"only this {field}")
    parser.add_argument("--status", choices=[s.value for s in Status], help="only this status")
    parser.add_argument(
        "--history", action="store_true", help="superseded results and attempts too"
    )
    parser.add_argument(
        "--local",
        metavar="FILE",
        help="write the values of single units, as CSV, and print no table",
    )
    options.add_store(parser)
    options.add_format(parser)
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Print the stored results that fit."""
    with options.store(args) as store:
        stored = store.records(history=args.history)
    found = Records(r for r in stored if _fits(r, args))
    if not found:
        raise UsageError(f"no stored result fits ({len(stored)} are stored)")
    if args.local:
        return _write_local(found, store, Path(args.local), args.unit)
    show(found, args.format, options.registry(args).quantity, args.unit)
    return 0


def _write_local(records: Records, store: Store, file: Path, unit: str) -> int:
    """A row per result and unit of the data: where it stands in what the estimator read, and its
    value."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["task", "case", "models", "estimator", "seed", "unit", "position", "value"])
    written = 0
    for record in records:
        kept = store.array_file(record.key)
        if record.status.failed or not kept.exists():
            continue
        with np.load(kept) as arrays:
            values = arrays["local"]
        shown = unit if record.unit == "nats" else record.unit
        values = values / math.log(2) if shown == "bits" else values
        start = (
            record.task,
            record.case,
            " ".join(record.models),
            record.estimator,
            record.seed,
            shown,
        )
        table.writerows(
            [*start, position, repr(float(value))] for position, value in enumerate(values)
        )
        written += len(values)
    if not written:
        raise UsageError(
            "none of these results has values of single units; wanted an estimator that gives them"
        )
    with whole(file) as target:
        target.write(out.getvalue().encode())
    options.say(f"{written} values in {file}")
    return 0


def _fits(record: Record, args: argparse.Namespace) -> bool:
    if args.status and record.status.value != args.status:
        return False
    names = {
        "task": [record.task],
        "estimator": [record.estimator],
        "model": record.models,
        "case": [record.case],
    }
    for field, values in names.items():
        pattern = getattr(args, field)
        if pattern and not any(
            fnmatch.fnmatchcase(n, pattern) for v in values for n in (v, v.rpartition("/")[2])
        ):
            return False
    return True
