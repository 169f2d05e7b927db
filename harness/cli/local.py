"""Values of single units as CSV: ``--local FILE`` of ``harness results``."""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from harness.cli import options
from harness.errors import UsageError
from harness.records import Record, Records
from harness.registry import Registry
from harness.store import Store

PATH = ("task", "case", "models", "estimator", "seed")
"""The columns that say which result a row belongs to."""
Row = dict[str, Any]


def path(record: Record) -> list[Any]:
    """What stands in `PATH`."""
    return [record.task, record.case, " ".join(record.models), record.estimator, record.seed]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``--local`` and how its rows are chosen."""
    parser.add_argument(
        "--local",
        metavar="FILE",
        help="write the values of single units, as CSV, and print no table; position counts the "
        "values as the estimator gave them, from 0; row, or structure and atom, count the units "
        "of the data as the task loaded them, from 0",
    )
    parser.add_argument(
        "--per",
        metavar="COLUMN",
        help="with --local: one row for each value of this column, such as structure or label",
    )
    parser.add_argument(
        "--reduce",
        choices=("mean", "max"),
        help="with --per: what of the values (default: mean)",
    )
    parser.add_argument(
        "--sort",
        metavar="COLUMN",
        help="with --local: order the rows of each result by this column; COLUMN:down from the "
        "largest (default: position; with --top value:down)",
    )
    parser.add_argument(
        "--top", type=int, metavar="N", help="with --local: only the first N rows of each result"
    )


def check(args: argparse.Namespace) -> None:
    """Refuse options that nothing reads. Raises `UsageError`."""
    for name in ("per", "sort", "top"):
        if getattr(args, name) is not None and not args.local:
            raise UsageError(f"--{name} is for values of single units; wanted --local FILE with it")
    if args.reduce and not args.per:
        raise UsageError("--reduce says how values become one; wanted --per COLUMN with it")
    if args.top is not None and args.top < 1:
        raise UsageError(f"--top {args.top}; wanted a number from 1 up")


def rows(
    records: Records, store: Store, registry: Registry, args: argparse.Namespace
) -> tuple[list[str], list[list[Any]]]:
    """The heading, and a row per result and unit of the data: its position in what the estimator
    gave, its value, and what tells the unit apart, as far as the data say it.

    Raises `UsageError` where there are no such values, or no such column.
    """
    from harness import saving

    sources, heads = saving.Sources(registry, options.say), dict[str, None]()
    found: list[tuple[list[Any], list[Row]]] = []
    for record in records:
        if record.status.failed:
            continue
        arrays = saving.kept_output(record, store, options.say) or {}
        if "local" not in arrays:
            continue
        shown, factor = saving.in_unit(record, args.unit)
        values = (arrays["local"] * factor).tolist()
        units = sources.units(record, arrays, len(values))
        columns = {name: list(column) for name, column in units.items()}
        mine: list[Row] = [
            {"position": i, "value": value, **{name: c[i] for name, c in columns.items()}}
            for i, value in enumerate(values)
        ]
        if args.per:
            mine = _reduced(mine, args.per, args.reduce or "mean")
        mine = _ordered(mine, args.sort or ("value:down" if args.top else None))[: args.top]
        heads |= dict.fromkeys(mine[0] if mine else ())
        found.append(([*path(record), shown], mine))
    if not found:
        raise UsageError(
            "none of these results has values of single units; wanted an estimator that gives them"
        )
    full = [[*own, *(row.get(name, "") for name in heads)] for own, mine in found for row in mine]
    return [*PATH, "unit", *heads], full


def _require(rows: list[Row], column: str, option: str) -> None:
    if rows and column not in rows[0]:
        raise UsageError(f"{option} {column!r}; wanted one of {', '.join(rows[0])}")


def _reduced(rows: list[Row], per: str, how: str) -> list[Row]:
    """A row for each value of a column, with how many there were; what they share stays."""
    _require(rows, per, "--per")
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[per], []).append(row)
    reduce = statistics.fmean if how == "mean" else max
    shared = [
        name
        for name in rows[0]
        if name not in ("value", "position", per)
        and all(len({row[name] for row in mine}) == 1 for mine in groups.values())
    ]
    return [
        {
            per: key,
            f"{how} value": reduce(row["value"] for row in mine),
            "values": len(mine),
            **{name: mine[0][name] for name in shared},
        }
        for key, mine in groups.items()
    ]


def _ordered(rows: list[Row], by: str | None) -> list[Row]:
    if by is None or not rows:
        return rows
    column, _, direction = by.partition(":")
    if direction not in ("", "down"):
        raise UsageError(f"--sort {by!r}; wanted COLUMN or COLUMN:down")
    if column == "value" and column not in rows[0]:  # reduced
        column = next(name for name in rows[0] if name.endswith(" value"))
    _require(rows, column, "--sort")
    return sorted(rows, key=lambda row: row[column], reverse=bool(direction))
