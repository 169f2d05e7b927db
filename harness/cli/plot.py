"""``harness plot``: a figure of what is stored, or of files of records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness import plots, reports
from harness.cli import options
from harness.cli.results import chosen
from harness.errors import UsageError
from harness.history import latest
from harness.reading import read_records
from harness.records import Record, Records, Status
from harness.registry import Registry
from harness.tables.scale import Scale

KINDS = (".png", ".svg", ".pdf", ".html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument(
        "figure",
        nargs="?",
        help="values, rate, layers, or a report that draws (default: a list of them)",
    )
    parser.add_argument(
        "records",
        type=Path,
        nargs="*",
        help="files of `harness run --format json`, or folders of records (default: the store)",
    )
    parser.add_argument("--out", metavar="FILE", help=f"the figure: {', '.join(KINDS)}")
    for field in ("task", "case", "model", "estimator"):
        parser.add_argument(f"--{field}", metavar="GLOB", help=f"only this {field}")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SETTING",
        help="NAME.PARAM=VALUE: only where a parameter on the path has this value; "
        "PARAM=VALUE: a parameter of the report; repeatable",
    )
    parser.add_argument(
        "--across", default="rate", metavar="FACT", help="coordinate of `rate` (default: rate)"
    )
    parser.add_argument(
        "--quantity",
        action="append",
        default=[],
        metavar="NAME",
        help="a panel of `rate`; repeatable (default: what ranks)",
    )
    parser.add_argument(
        "--unit", choices=("nats", "bits"), default="nats", help="unit of information when drawn"
    )
    options.add_store(parser)
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Draw and write; print the page of a report."""
    registry = options.registry(args)
    if args.figure is None:
        print(_known(registry))
        return 0
    if not args.out:
        raise UsageError(f"--out is missing; wanted a file {', '.join(KINDS)}")
    target = options.target(args.out)
    reports.check_suffix(target, KINDS, "a figure")
    given = {n.strip(): v for n, _, v in (t.partition("=") for t in args.set) if "." not in n}
    args.set = [text for text in args.set if "." in text.partition("=")[0]]
    records = _records(args)
    scale = Scale(registry.quantity, args.unit)
    own = plots.OWN.get(args.figure)
    if own and given:
        raise UsageError(
            f"--set {args.figure}: a figure without parameters; wanted NAME.PARAM=VALUE"
        )
    if own is None:
        component = registry.one("report", args.figure)
        kept = reports.read_by(component, tuple(records))
        document = reports.make(component, kept, given)
        title = component.name
    elif args.figure == "rate":
        document, title = plots.across(records, scale, args.across, args.quantity), args.figure
    else:
        document, title = own[0](records, scale), args.figure
    reports.write(document, target, title, command=options.command())
    if own is None:
        sys.stdout.write(document.markdown())
    options.say(f"wrote {target}")
    return 0


def _records(args: argparse.Namespace) -> Records:
    """The records of the files, or of the store, that fit."""
    found: list[Record] = []
    for place in args.records:
        if not place.exists():
            raise UsageError(f"{place}: no such file or folder; wanted records")
        found += read_records(place)
    if not args.records:
        with options.store(args) as store:
            found = latest(store.records())
    fits = chosen(args)
    kept = Records(r for r in found if r.status is Status.OK and fits(r))
    if not kept:
        raise UsageError(f"no result that ended well fits, of {len(found)}")
    return kept


def _known(registry: Registry) -> str:
    own = {name: summary for name, (_, summary) in plots.OWN.items()}
    theirs = {c.name: c.spec.summary for c in registry.components["report"].values()}
    wide = max(map(len, (*own, *theirs)))
    return "\n".join(
        options.filled(summary, f"{name:{wide}}  ", " " * (wide + 2))
        for name, summary in (own | dict(sorted(theirs.items()))).items()
    )
