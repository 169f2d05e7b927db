"""``harness results``: look at what is stored."""

from __future__ import annotations

import argparse
import fnmatch

from harness.boards import render
from harness.cli import options
from harness.errors import UsageError
from harness.records import Record, Records, Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    for field in ("task", "case", "model", "estimator"):
        parser.add_argument(f"--{field}", metavar="GLOB", help=f"only this {field}")
    parser.add_argument("--status", choices=[s.value for s in Status], help="only this status")
    parser.add_argument("--history", action="store_true", help="superseded results and attempts too")
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
    render.show(found, args.format, options.registry(args).quantity, args.unit)
    return 0


def _fits(record: Record, args: argparse.Namespace) -> bool:
    if args.status and record.status.value != args.status:
        return False
    names = {"task": [record.task], "estimator": [record.estimator], "model": record.models, "case": [record.case]}
    for field, values in names.items():
        pattern = getattr(args, field)
        if pattern and not any(fnmatch.fnmatchcase(n, pattern) for v in values for n in (v, v.rpartition("/")[2])):
            return False
    return True
