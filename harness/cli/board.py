"""``harness board``: leaderboards in a folder, made from records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness import plan
from harness.boards import definition, render
from harness.cli import options
from harness.cli.progress import watcher
from harness.cli.run import add_execution, close, execution
from harness.runner import run as run_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    for name, text in (
        ("show", "print a board from its records"),
        ("run", "compute what is missing, write its records and table"),
        ("build", "make the table again from the records"),
        ("check", "fail where the table is not what the records give"),
    ):
        one = what.add_parser(name, help=text)
        one.add_argument("name", help="the board, or its folder")
        one.add_argument(
            "--boards", default="leaderboards", metavar="DIR", help="where boards lie (default: leaderboards)"
        )
        options.add_plugins(one)
        if name == "show":
            options.add_format(one)
        if name == "run":
            add_execution(one)
            options.add_store(one)


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    board = definition.find(args.name, Path(args.boards))
    registry = options.registry(args)
    if args.what == "run":
        made = plan.make(registry, board.request)
        with options.store(args, write=True) as store, registry.watch(watcher()):
            result = run_plan(registry, made, store, execution(args))
        status = close(result)
        if status != 130:
            board.write_records(result.records)
            definition.write_text(board.table_file, board.table(registry.quantity))
        return status
    if args.what == "show":
        render.show(board.records(), args.format, registry.quantity, args.unit)
        return 0
    table = board.table(registry.quantity)
    if args.what == "build":
        definition.write_text(board.table_file, table)
        return 0
    if not board.table_file.exists() or board.table_file.read_text(encoding="utf-8") != table:
        print(f"harness: {board.table_file} is stale: harness board build {args.name}", file=sys.stderr)
        return 1
    return 0
