"""``make drills``: faults on purpose, with a table of what was lost. ``python -m drills NAME...``.

Each drill prints a line; the exit status is 1 where one has not passed.
"""

from __future__ import annotations

import argparse
import sys
import time

from drills import behaviour, disks, inputs, kills, readers, slurm, stores

DRILLS = {
    "hostile": (behaviour.drill, 1000),
    "kills": (kills.drill, 1000),
    "stores": (stores.drill, 60),
    "disks": (disks.drill, 12),
    "inputs": (inputs.drill, 100_000),
    "readers": (readers.drill, 50_000),
    "slurm": (slurm.drill, 5),
}
"""By name: the drill, and how many behaviours, kills, stores or inputs it has by default."""


def main() -> int:
    """Run them one after the other and print the table."""
    parser = argparse.ArgumentParser(prog="drills", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DRILLS))
    parser.add_argument("--count", type=int, help="how many, in place of each drill's own number")
    args = parser.parse_args()
    lines, good = [], True
    for name in args.names or DRILLS:
        drill, count = DRILLS[name]
        started = time.monotonic()
        found, passed = drill(args.count or count)
        good = good and passed
        lines.append(f"| {name} | {found} | {time.monotonic() - started:.0f} s |")
    print("\n| drill | found | time |\n| --- | --- | --- |", *lines, sep="\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
