"""``harness measure``: the information between columns of a file, by every estimator that fits."""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Container
from typing import Any

from harness import Record, UsageError
from harness.commands import Options, close, make_plan, options, run_plan, watcher
from harness.commands import Request as Asked
from harness.tables import number, show

BOUNDS = {"lower-bound", "upper-bound"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("file", metavar="FILE", help="CSV, TSV, Parquet, Arrow, NPY or NPZ")
    for name, what in (
        ("x", "columns of the first variable, with commas; globs are allowed"),
        ("y", "columns of the second variable; without it the entropy of the first is measured"),
        ("given", "columns that the information is conditioned on"),
        ("discrete", "columns to be read as codes, whatever their type"),
        ("continuous", "columns to be read as numbers, whatever their type"),
    ):
        parser.add_argument(f"--{name}", default="", metavar="COLUMNS", help=what)
    parser.add_argument(
        "--missing", choices=("error", "drop"), default="error", help="rows with missing values"
    )
    parser.add_argument(
        "--trained", action="store_true", help="estimators that train networks, too"
    )
    parser.add_argument("--seeds", default="0", metavar="LIST", help="such as 0,1,2 (default: 0)")
    options.add_store(parser)
    options.add_format(parser)
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, print, and say how far the estimators agree."""
    if not args.x:
        raise UsageError("--x is missing; wanted the columns of the first variable")
    if args.given and not args.y:
        raise UsageError("--given without --y; wanted the columns of the second variable")
    task = "conditioned" if args.given else "pairs" if args.y else "samples"
    settings: dict[str, Any] = {"path": args.file, "missing": args.missing}
    for name, value in (("x", args.x), ("y", args.y), ("z", args.given)):
        if value:
            settings[name] = value
    for name in ("discrete", "continuous"):
        if getattr(args, name):
            settings[name] = getattr(args, name)
    registry = options.registry(args)
    plugins = ["classics/*", *(["neural/*"] if args.trained else [])]
    request = Asked(
        tasks=(f"vectors/{task}",),
        estimators=tuple(plugins),
        params={f"vectors/{task}": settings},
        seeds=options.seeds(args.seeds),
    )
    made = make_plan(registry, request)
    with options.store(args, write=True) as store, registry.watch(watcher()):
        result = run_plan(registry, made, store, Options())
    good = [r for r in result.records if r.value is not None]
    if good or args.format == "json":
        show(result.records, args.format, registry.quantity, args.unit)
    else:
        for cause in dict.fromkeys(r.cause for r in result.records):
            options.say(cause or "failed")
    status = close(result)
    if good and args.format == "table":
        known = registry.components["estimator"]
        bounds = {name for name, c in known.items() if BOUNDS & set(c.spec.traits)}
        print(agreement(good, bounds, 1.0 if args.unit == "nats" else 1 / math.log(2)))
    return status


def agreement(records: list[Record], bounds: Container[str], factor: float) -> str:
    """One sentence on how far the estimators agree; bounds are not counted."""
    values: dict[str, list[float]] = {}
    for record in records:
        if record.value is not None and record.estimator not in bounds:
            values.setdefault(record.estimator.rpartition("/")[2], []).append(record.value * factor)
    means = {name: statistics.fmean(found) for name, found in values.items()}
    if not means:
        return "only bounds fit these data"
    unit = "nats" if factor == 1.0 else "bits"
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    middle = statistics.median(means.values())
    if len(means) == 1:
        return f"one estimator fits: {low} gives {number(middle)} {unit}"
    ends = f"{number(means[low])} ({low}) to {number(means[high])} ({high})"
    return (
        f"{len(means)} estimators agree within {number(means[high] - means[low])} {unit}: "
        f"median {number(middle)}, from {ends}"
    )
