"""``harness store``: the file that results are kept in."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli import options
from harness.identity import are_current
from harness.store import MIGRATIONS, Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    one = what.add_parser("info", help="where it is and what it holds")
    options.add_store(one)
    one = what.add_parser("merge", help="add the results of other stores (shards)")
    one.add_argument("others", nargs="+", metavar="FILE", help="stores to read")
    options.add_store(one)
    one = what.add_parser(
        "gc", help="remove superseded results, and those of code that has changed since"
    )
    one.add_argument("--models", action="store_true", help="remove the kept outputs of models, too")
    options.add_store(one)
    options.add_plugins(one)


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    if args.what == "merge":
        return _merge(args)
    if args.what == "gc":
        return _collect(args)
    with options.store(args) as store:
        newest, everything = store.records(), store.records(history=True)
        print(
            f"{store.path}  {store.path.stat().st_size / 2**20:.1f} MiB, version {len(MIGRATIONS)}"
        )
        print(f"{len(newest)} results, {len(everything) - len(newest)} superseded")
        counts: dict[tuple[str, str], int] = {}
        for record in newest:
            counts[record.task, record.status.value] = (
                counts.get((record.task, record.status.value), 0) + 1
            )
        for (task, status), count in sorted(counts.items()):
            print(f"  {task}: {count} {status}")
        for name, facts in store.machines().items():
            print(
                f"  {name}: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, "
                + ", ".join([facts["system"], *filter(None, [facts.get("gpu")])])
            )
    return 0


def _merge(args: argparse.Namespace) -> int:
    with options.store(args, write=True) as store:
        for path in args.others:
            with Store(Path(path)) as other:
                options.say(f"{path}: {store.merge(other)} results added")
    return 0


def _collect(args: argparse.Namespace) -> int:
    registry = options.registry(args)
    with options.store(args, write=True) as store:
        gone = store.collect_garbage(lambda record: are_current(registry, record.sources))
        options.say(f"{gone} results removed, {len(store.records())} left")
        if args.models:
            options.say(f"{store.forget_models():.1f} MiB of model outputs removed")
    return 0
