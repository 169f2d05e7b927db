"""``harness report``: a figure, a table of findings or a page, made from records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness import reports
from harness.cli import options
from harness.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("name", help="full or bare name of a report (`harness list reports`)")
    parser.add_argument(
        "records",
        type=Path,
        nargs="+",
        help="files of `harness run --format json`, or folders of records such as a board's",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write it: .png, .svg or .pdf (figure), .csv or .json (findings), .md (page)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PARAM=VALUE",
        help="a parameter of the report; repeatable",
    )
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Print the page and the findings; write the file that ``--out`` names."""
    if args.out:
        reports.check_suffix(args.out)
    params = {}
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text!r}; wanted PARAM=VALUE")
        params[name.strip()] = value
    component = options.registry(args).one("report", args.name)
    made = reports.make(component, reports.read(component, args.records), params)
    if args.out:
        reports.write(made, args.out, component.name)
        options.say(f"wrote {args.out}")
    sys.stdout.write(made.markdown())
    return 0
