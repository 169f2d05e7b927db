"""``harness results``: look at what is stored."""

from __future__ import annotations

import argparse
import csv
import fnmatch
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cli import local, options
from harness.errors import UsageError
from harness.files import whole
from harness.history import latest
from harness.params import split_list, split_setting
from harness.records import Record, Records, Status
from harness.tables import show

FILTERS = ("task", "case", "model", "estimator", "status", "set", "since", "fingerprint")
"""The options of `add_filters`."""


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Which results; shared with ``store rm``."""
    for field in ("task", "case", "model", "estimator"):
        parser.add_argument(f"--{field}", metavar="GLOB", help=f"only this {field}")
    parser.add_argument("--status", choices=[s.value for s in Status], help="only this status")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME.PARAM=VALUE",
        help="only where a parameter on the path has this value; repeatable",
    )
    parser.add_argument(
        "--since", metavar="DATE", help="only begun at or after, such as 2026-11-28"
    )
    parser.add_argument(
        "--fingerprint", metavar="START", help="only of data whose fingerprint starts so"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    add_filters(parser)
    parser.add_argument(
        "--history",
        action="store_true",
        help="what later data, code or attempts replaced, too, each with the time it began",
    )
    local.add_arguments(parser)
    parser.add_argument(
        "--curves",
        metavar="FILE",
        help="write the points of curves, as CSV in the method's own units, and print no table",
    )
    options.add_save(parser)
    options.add_store(parser)
    options.add_format(parser)
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Print the stored results that fit."""
    local.check(args)
    with options.store(args) as store:
        stored = store.records(history=args.history)
    standing = latest(stored)
    fits = chosen(args)
    found = Records(r for r in (stored if args.history else standing) if fits(r))
    if not found:
        raise UsageError(f"no stored result fits, of {len(stored)}")
    if args.local:
        file = options.target(args.local)
        _write(file, *local.rows(found, store, options.registry(args), args), "values")
    if args.curves:
        _write_curves(found, options.target(args.curves))
    if args.save:
        options.save(args, found, store, options.registry(args))
    if args.local or args.curves or args.save:
        return 0
    if args.history and args.format != "json":
        found = _dated(found, {id(r) for r in standing})
    show(found, args.format, options.registry(args).quantity, args.unit)
    return 0


def _dated(records: Records, standing: set[int]) -> Records:
    """What was replaced is a case of its own, named by the time it began."""
    return Records(
        r if id(r) in standing else replace(r, case=f"{r.case} of {r.started}") for r in records
    )


def _write_curves(records: Records, file: Path) -> None:
    """A row per result and point of its curve."""
    rows: list[list[Any]] = []
    for record in records:
        if (curve := record.curve) is None:
            continue
        errors = [""] * len(curve.x) if curve.stderr is None else curve.stderr.tolist()
        points = zip(curve.x.tolist(), curve.y.tolist(), errors, strict=True)
        rows += [
            [*local.path(record), curve.name_x, x, curve.name_y, y, error] for x, y, error in points
        ]
    if not rows:
        raise UsageError("none of these results has a curve; wanted an estimator that gives one")
    _write(file, [*local.PATH, "name_x", "x", "name_y", "y", "stderr"], rows, "points")


def _write(file: Path, head: list[str], rows: list[list[Any]], what: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *rows])
    with whole(file) as target:
        target.write(out.getvalue().encode())
    options.say(f"{len(rows)} {what} in {file}")


def chosen(args: argparse.Namespace) -> Callable[[Record], bool]:
    """Whether a record passes the filters."""
    wanted = [split_setting(text) for text in args.set]
    return lambda record: _fits(record, args) and _has(record, wanted)


def _has(record: Record, wanted: list[tuple[str, str, str]]) -> bool:
    """Whether every setting stands on the path of a record, as a number or as text."""
    params = record.params
    steps = [
        (record.task, params["task"]),
        *zip(record.models, params["models"], strict=False),
        (record.estimator, params["estimator"]),
    ]
    return all(
        any(
            name in (full, full.rpartition("/")[2]) and _equal(values.get(param), value)
            for full, values in steps
        )
        for name, param, value in wanted
    )


def _equal(value: Any, text: str) -> bool:
    if isinstance(value, list | tuple):  # as `--set` of a run reads them
        texts = split_list(text)
        return len(value) == len(texts) and all(map(_equal, value, texts))
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return value is not None and str(value).lower() == text.lower()


def _fits(record: Record, args: argparse.Namespace) -> bool:
    status, since, start = (getattr(args, n, None) for n in ("status", "since", "fingerprint"))
    if status and record.status.value != status:
        return False
    if since and record.started < since:
        return False
    bare = (record.fingerprint or "").rpartition(":")[2]
    if start and not bare.startswith(start.rpartition(":")[2]):
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
