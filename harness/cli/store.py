"""``harness store``: the file that results are kept in."""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.cli import options, results
from harness.errors import UsageError
from harness.identity import are_current
from harness.records import Record
from harness.sources import HOST
from harness.store import MIGRATIONS, Garbage, Store
from harness.tables import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    one = what.add_parser("info", help="where it is and what it holds")
    options.add_store(one)
    one = what.add_parser("check", help="whether the file is whole and every result can be read")
    options.add_store(one)
    one = what.add_parser("merge", help="add the results of other stores (shards)")
    one.add_argument("others", nargs="+", metavar="FILE", help="stores to read")
    options.add_store(one)
    one = what.add_parser("rm", help="remove the results that fit, what they replaced included")
    results.add_filters(one)
    one.add_argument("--yes", action="store_true", help="remove them; without it they are counted")
    options.add_store(one)
    one = what.add_parser(
        "gc", help="remove superseded results, and those of code that has changed since"
    )
    one.add_argument("--models", action="store_true", help="remove the kept outputs of models, too")
    one.add_argument(
        "--unknown",
        action="store_true",
        help="remove results of plugins that are not installed, too",
    )
    one.add_argument("--dry-run", action="store_true", help="say what would be removed, and stop")
    options.add_store(one)
    options.add_plugins(one)


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    if args.what == "merge":
        return _merge(args)
    if args.what == "gc":
        return _collect(args)
    if args.what == "rm":
        return _remove(args)
    if args.what == "check":
        return _check(args)
    with options.store(args) as store:
        newest, everything = store.records(), store.records(history=True)
        print(
            f"{store.path}  {store.path.stat().st_size / 2**20:.1f} MiB, version {len(MIGRATIONS)}"
        )
        print(f"{counted(len(newest), 'result')}, {len(everything) - len(newest)} superseded")
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


def _check(args: argparse.Namespace) -> int:
    with options.store(args) as store:
        found, count = list(problems(store)), len(store.records())
    for problem in found:
        print(problem)
    print(
        f"{store.path}: {counted(count, 'result')}, "
        + (counted(len(found), "problem") if found else "sound")
    )
    return 1 if found else 0


def problems(store: Store) -> Iterator[str]:
    """What is wrong with a store, in words: nothing, where every row is what was written."""
    yield from store.damage()
    seen: set[str] = set()
    for number, key, status, line in store.rows():
        try:
            record = Record.from_json(line)
        except UsageError:
            yield f"row {number} cannot be read"
            continue
        if (record.key, record.status.value) != (key, status):
            yield f"row {number} is under the key or status of another"
        if line in seen:
            yield f"row {number} is there twice"
        seen.add(line)
    if orphans := store.orphans():
        yield f"{counted(len(orphans), 'file')} of arrays that belong to no result"


def _merge(args: argparse.Namespace) -> int:
    with options.store(args, write=True) as store:
        for path in args.others:
            with Store(Path(path), tell=options.say) as other:
                merged = store.merge(other)
            options.say(f"{path}: {merged.added} results added")
            for conflict in merged.conflicts:
                options.say(f"{conflict}; the one that was made last counts")
    return 0


def _remove(args: argparse.Namespace) -> int:
    """Count the rows that fit by task and status; with ``--yes`` remove them."""
    if not any(getattr(args, name) for name in results.FILTERS):
        raise UsageError("store rm without a filter; wanted one at least, such as --task NAME")
    fits = results.chosen(args)
    with options.store(args, write=args.yes) as store:
        found = Garbage([], [], [])
        counts: Counter[tuple[str, str]] = Counter()
        for number, _, _, line in store.rows():
            with contextlib.suppress(UsageError):  # what cannot be read fits no filter
                record = Record.from_json(line)
                if fits(record):
                    found.stale.append(number)
                    counts[record.task, record.status.value] += 1
        for (task, status), count in sorted(counts.items()):
            print(f"  {task}: {count} {status}")
        if not found:
            raise UsageError("no stored result fits; see harness results")
        if args.yes:
            store.remove(found)
            options.say(f"{counted(len(found), 'result')} removed, {len(store.records())} left")
        else:
            options.say(f"{counted(len(found), 'result')} would be removed; --yes removes them")
    return 0


def _collect(args: argparse.Namespace) -> int:
    registry = options.registry(args)
    unknown = 0

    def keep(record: Record) -> bool:
        nonlocal unknown
        absent = [name for name in record.sources if name not in (HOST, *registry.plugins)]
        unknown += bool(absent)
        return not args.unknown if absent else are_current(registry, record.sources)

    with options.store(args, write=True) as store:
        found = store.garbage(keep)
        options.say(
            f"{counted(len(found.superseded), 'result')} superseded, {len(found.stale)} of other "
            f"code, {len(found.unreadable)} unreadable"
        )
        if unknown and not args.unknown:
            options.say(
                f"{unknown} of plugins that are not installed here are kept; --unknown removes them"
            )
        if args.dry_run:
            return 0
        store.remove(found)
        options.say(f"{counted(len(found), 'result')} removed, {len(store.records())} left")
        if args.models:
            options.say(f"{store.forget_models():.1f} MiB of model outputs removed")
    return 0
