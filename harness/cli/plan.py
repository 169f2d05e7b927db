"""``harness plan``: what would run, and why other things would not."""

from __future__ import annotations

import argparse
import json
import sys

from harness import plan
from harness.cli import options
from harness.tables import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    options.add_request(parser)
    parser.add_argument(
        "--why-not", action="store_true", help="give the reason for every exclusion"
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    made = plan.make(options.registry(args), options.request(args))
    if args.format == "json":
        for path in made.paths:
            models = [m.name for m in path.models]
            print(
                json.dumps(
                    {
                        "task": path.task.name,
                        "models": models,
                        "estimator": path.estimator.name,
                        "seed": path.seed,
                    }
                )
            )
        for out in made.excluded if args.why_not else ():
            print(
                json.dumps({"task": out.task, "estimator": out.estimator, "excluded": out.reason})
            )
        return 0
    return show(made, why_not=args.why_not)


def show(made: plan.Plan, *, why_not: bool) -> int:
    """Print paths, one line for all seeds of each, and exclusions."""
    seeds: dict[str, int] = {}
    missing: dict[str, str] = {}
    for path in made.paths:
        seeds[str(path)] = seeds.get(str(path), 0) + 1
        for step in (path.task, *path.models, path.estimator):
            if absent := step.component.missing():
                missing[str(path)] = f"  (cannot run: {absent})"
    for text, count in seeds.items():
        print(text + (f"  × {count} seeds" if count > 1 else "") + missing.get(text, ""))
    print(
        f"{counted(len(seeds), 'path')}, {len(made.paths)} with seeds; the cases come when the "
        "tasks are loaded",
        file=sys.stderr,
    )
    if why_not:
        for out in made.excluded:
            print(f"not {out.estimator} on {out.task}: {out.reason}")
    elif made.excluded:
        count = len(made.excluded)
        pairs = "1 pair does" if count == 1 else f"{count} pairs do"
        print(f"{pairs} not fit; --why-not says why", file=sys.stderr)
    return 0
