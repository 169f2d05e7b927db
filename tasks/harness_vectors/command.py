"""``harness measure``: the information between columns of a file, by every estimator that fits."""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import sys
from collections.abc import Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Record, Records, UsageError
from harness.columns import chosen, read_columns, stated, variables
from harness.commands import (
    Options,
    close,
    figures,
    interval,
    make_plan,
    options,
    run_plan,
    watcher,
)
from harness.commands import Request as Asked
from harness.tables import (
    Cell,
    Column,
    Scale,
    Table,
    causes,
    grouped,
    number,
    seconds,
    show,
    to_terminal,
    to_text,
)
from harness_vectors.matrix import Matrix, matrix

BOUNDS = ("lower-bound", "upper-bound")


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
    parser.add_argument(
        "--pairs", action="store_true", help="all pairs of the columns (of --x, or of the file)"
    )
    parser.add_argument(
        "--permutations",
        type=int,
        default=999,
        metavar="N",
        help="permutations behind each p value of --pairs (default: 999)",
    )
    parser.add_argument("--plot", metavar="FILE", help="estimates, or the pairs, as a figure")
    parser.add_argument("--seeds", default="0", metavar="LIST", help="such as 0,1,2 (default: 0)")
    options.add_store(parser)
    options.add_format(parser)
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, print, and say how far the estimators agree."""
    picture = figures.target(args.plot) if args.plot else None
    if args.pairs:
        return _pairs(args, picture)
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
    known = registry.components["estimator"]
    bounds = {n: trait for n, c in known.items() for trait in BOUNDS if trait in c.spec.traits}
    if args.format in ("json", "csv") and (good or args.format == "json"):
        show(result.records, args.format, registry.quantity, args.unit)
    elif good:
        _print(answers(result.records, bounds, Scale(registry.quantity, args.unit)), args.format)
    else:
        for cause in dict.fromkeys(r.cause for r in result.records):
            options.say(cause or "failed")
    status = close(result)
    if good and args.format == "table":
        said = agreement(good, bounds, 1.0 if args.unit == "nats" else 1 / math.log(2))
        print(options.filled(said, "", ""))
    if good and picture:
        draw = partial(_draw, records=good, unit=args.unit)
        figures.write(picture, draw, args.file, options.command())
        options.say(f"estimates in {picture}")
    return status


def _print(tables: list[Table], how: str) -> None:
    if how == "table":
        to_terminal(tables, sys.stdout)
    else:
        print(to_text(tables, how))


def answers(records: Records, bounds: Mapping[str, str], scale: Scale) -> list[Table]:
    """A table for each quantity, a row for each estimator: its mean over seeds with the 95 %
    interval, whether it is a bound, and its seconds (the median over seeds)."""
    found = []
    notes = causes(records)
    for quantity in dict.fromkeys(r.quantity for r in records if r.value is not None):
        mine = [r for r in records if r.quantity == quantity and r.value is not None]
        rows = []
        for name, rs in grouped(mine).items():
            value = statistics.fmean(r.value for r in rs if r.value is not None)
            kind = bounds.get(rs[0].estimator, "estimate").replace("-", " ")
            if any(r.diagnostics.get("at_ceiling") for r in rs):
                kind += ", at its ceiling"
            ends = Cell(value * scale.factor(quantity)), Cell(text=_interval(rs, scale))
            rows.append((name, (*ends, Cell(text=kind), seconds(r.wall_s for r in rs))))
        heads = (
            Column("value"),
            Column("95 % interval"),
            Column("kind"),
            Column("time", "s"),
        )
        unit = f" [{scale.unit(quantity)}]" if scale.unit(quantity) else ""
        title = f"{quantity.replace('_', ' ')}{unit} of {mine[0].case}"
        found.append(Table(title, "estimator", heads, tuple(rows), notes))
        notes = ()
    return found


def _interval(records: list[Record], scale: Scale) -> str:
    """From the lowest to the highest end over seeds: the data are the same, so their spread is not
    that of samples."""
    ends = [end for r in records for end in interval([r], scale) or ()]
    return f"[{number(min(ends))}, {number(max(ends))}]" if ends else "–"


LISTED = 30
"""Pairs that are listed."""
WIDEST = 8
"""Columns up to which the whole matrix is printed."""


def _pairs(args: argparse.Namespace, picture: Path | None) -> int:
    """Print the information between all pairs, most first."""
    if args.y or args.given:
        raise UsageError("--pairs measures all pairs of the columns of --x; wanted no --y, --given")
    if args.permutations < 1:
        raise UsageError(f"--permutations {args.permutations}; wanted 1 or more")
    found = read_columns(Path(args.file))
    found = stated(found, _split(args.discrete), _split(args.continuous))
    columns = chosen(found, _split(args.x), args.file)
    if len(columns) < 2:
        raise UsageError(f"{args.file}: one column; wanted two or more")
    rows = variables({column.name: [column] for column in columns}, args.missing)
    made = matrix(columns, rows, args.permutations, options.seeds(args.seeds)[0])
    factor = 1.0 if args.unit == "nats" else 1 / math.log(2)
    if args.format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["x", "y", f"information [{args.unit}]", "p"])
        writer.writerows((a, b, value * factor, p) for a, b, value, p in made.pairs())
    else:
        _print(_tables(made, args.unit, factor), args.format)
    if picture:
        draw = partial(draw_matrix, found=made, unit=args.unit)
        figures.write(picture, draw, args.file, options.command())
        options.say(f"pairs in {picture}")
    return 0


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _tables(made: Matrix, unit: str, factor: float) -> list[Table]:
    title = f"information between columns [{unit}]"
    found = []
    if len(made.names) <= WIDEST:
        body = [
            (name, tuple(_cell(value * factor) for value in row))
            for name, row in zip(made.names, made.values, strict=True)
        ]
        found.append(Table(title, "column", tuple(map(Column, made.names)), tuple(body)))
    pairs = made.pairs()
    listed = [(f"{a} – {b}", (_cell(value * factor), _cell(p))) for a, b, value, p in pairs]
    notes: tuple[str, ...] = (
        "p: permutation test of the columns in bins, not corrected for the number of pairs",
    )
    if len(pairs) > LISTED:
        notes = (f"the first {LISTED} of {len(pairs)} pairs; all: --format csv", *notes)
    heads = Column("information", unit), Column("p")
    found.append(Table("pairs, most first", "pair", heads, tuple(listed[:LISTED]), notes))
    return found


def _cell(value: float) -> Cell:
    return Cell(text="–") if math.isnan(value) else Cell(value)


def draw_matrix(figure: Any, found: Matrix, unit: str) -> None:
    """The pairs as a heat map; a point marks those beyond chance (p < 0.01)."""
    count = len(found.names)
    figure.set_size_inches(0.45 * count + 3.2, 0.45 * count + 2.0)
    axes = figure.subplots()
    values = found.values / (math.log(2) if unit == "bits" else 1.0)
    picture = axes.imshow(values, cmap="viridis", vmin=0.0)
    across, down = np.nonzero(found.p < 0.01)
    axes.plot(down, across, "o", ms=3, color="white", mec="black")
    axes.set_xticks(range(count), found.names, rotation=90)
    axes.set_yticks(range(count), found.names)
    axes.set_title("point: p < 0.01", fontsize="small")
    figure.colorbar(picture, ax=axes, label=f"information [{unit}]")


def _draw(figure: Any, records: list[Record], unit: str) -> None:
    """Every estimate with its standard error."""
    figure.set_size_inches(6.4, 0.8 + 0.28 * len(records))
    axes = figure.subplots()
    factor = 1.0 if unit == "nats" else 1 / math.log(2)
    for place, record in enumerate(records):
        assert record.value is not None
        reach = (record.stderr or 0.0) * factor
        axes.errorbar(record.value * factor, place, xerr=reach, fmt="o", capsize=2, color="C0")
    axes.set_yticks(range(len(records)), [r.estimator.rpartition("/")[2] for r in records])
    axes.invert_yaxis()
    axes.grid(axis="x", color="0.92")
    axes.set_xlabel(f"{records[0].quantity.replace('_', ' ')} [{unit}]; bars: standard error")


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
