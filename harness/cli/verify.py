"""``harness verify``: recompute a seeded sample of stored results."""

from __future__ import annotations

import argparse
import json

from harness.cli import options
from harness.errors import UsageError
from harness.tables import number
from harness.verification import sample, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument(
        "--sample", type=int, default=20, metavar="N", help="how many results (default: 20)"
    )
    parser.add_argument("--seed", type=int, default=0, help="which sample (default: 0)")
    parser.add_argument(
        "--tolerance", type=float, default=0.0, help="relative difference allowed (default: none)"
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )
    options.add_store(parser)
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Print each result with its recomputation; status 1 where one drifted or failed."""
    if args.sample < 1:
        raise UsageError(f"--sample {args.sample}; wanted 1 or more")
    with options.store(args) as store:
        chosen = sample(store.records(), args.sample, args.seed)
    if not chosen:
        raise UsageError("the store holds no successful result")
    checks = verify(options.registry(args), chosen, args.tolerance)
    counts: dict[str, int] = {}
    for check in checks:
        counts[check.verdict] = counts.get(check.verdict, 0) + 1
        old, new = check.record.value, check.value
        if args.format == "json":
            print(
                json.dumps(
                    {
                        "key": check.record.key,
                        "path": check.record.path,
                        "verdict": check.verdict,
                        "stored": old,
                        "recomputed": new,
                        "note": check.note,
                    }
                )
            )
        else:
            values = (
                ""
                if old is None
                else number(old)
                if old == new or new is None
                else f"{number(old)} → {number(new)}"
            )
            print(
                f"{check.verdict:8} {values:>20}  {check.record.path}"
                + (f"  ({check.note})" if check.note else "")
            )
    options.say(", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items())))
    return 1 if counts.get("drift") or counts.get("failed") else 0
