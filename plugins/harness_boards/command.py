"""``harness board``: leaderboards in a folder, made from records."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

from harness import Record, UsageError
from harness.commands import (
    Registry,
    add_execution,
    close,
    execution,
    load,
    options,
    run_plan,
    watcher,
)
from harness.tables import Cell, Column, Table, to_terminal, to_text
from harness_boards import building, checking, definition, lock, report, submission, submitting
from harness_boards import statistics as st
from harness_boards.definition import Board
from harness_boards.sections.ranked import Ranked

LISTED = 20
"""Problems printed per board; the rest are counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    verbs = {
        name: what.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        for name, text in {
            "show": "print a board from its records",
            "plan": "what a board would run, and how many cases a given resolution needs",
            "run": "compute what is missing, write its records, tables and page",
            "lock": "list what a board expects, for its check, in board.lock.json",
            "build": "rebuild tables and page from the records (all boards, where none is named)",
            "submit": "write the records of one plugin from the store",
            "check": "fail where a board does not match its records, or they are implausible",
            "diff": "the rows that differ between two versions of a board",
            "upgrade": "rewrite records of an older schema",
            "site": "gather all pages in a folder for any static host",
            "serve": "show the pages on this machine",
        }.items()
    }
    for name, one in verbs.items():
        if name == "diff":
            one.add_argument("old", type=Path, help="the folder of a board, or of boards")
            one.add_argument("new", type=Path, help="the same, later")
            continue
        if name not in ("site", "serve"):
            several = name in ("build", "check")
            one.add_argument(
                "name", nargs="?" if several else None, help="the board, or its folder"
            )
        one.add_argument(
            "--boards",
            type=Path,
            default=Path("leaderboards"),
            metavar="DIR",
            help="where boards lie (default: leaderboards)",
        )
        if name in ("run", "submit", "plan", "lock", "check", "upgrade"):
            options.add_plugins(one)
        if name in ("run", "submit"):
            options.add_store(one)
    how = "how to print (default: table)"
    verbs["show"].add_argument("--format", choices=options.FORMATS, default="table", help=how)
    add_execution(verbs["run"])
    for name in ("run", "submit"):
        verbs[name].add_argument(
            "--plugin", required=name == "submit", metavar="NAME", help="the rows of one plugin"
        )
    verbs["plan"].add_argument(
        "--gap",
        type=float,
        default=1.0,
        metavar="RANKS",
        help="difference of mean ranks to resolve (default: 1)",
    )
    check = verbs["check"]
    check.add_argument("--reproduce", type=int, default=0, metavar="N", help="recompute N records")
    check.add_argument("--seed", type=int, default=0, help="which records (default: 0)")
    check.add_argument(
        "--tolerance", type=float, default=1e-6, help="relative difference allowed (default: 1e-6)"
    )
    verbs["diff"].add_argument("--format", choices=("table", "markdown"), default="table", help=how)
    for name in ("site", "serve"):
        verbs[name].add_argument(
            "--out", type=Path, default=Path("site"), metavar="DIR", help="default: site"
        )
    verbs["serve"].add_argument(
        "--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000; 0: any)"
    )


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    verbs: dict[str, Callable[[argparse.Namespace], int]] = {
        "show": _show,
        "plan": _plan,
        "run": _run,
        "lock": _lock,
        "build": _build,
        "submit": _submit,
        "check": _check,
        "diff": _diff,
        "upgrade": _upgrade,
        "site": _site,
        "serve": _serve,
    }
    return verbs[args.what](args)


def _board(args: argparse.Namespace) -> Board:
    return definition.find(args.name, args.boards)


def _registry(args: argparse.Namespace) -> Registry:
    """All plugins: ``--plugin`` of this verb chooses rows, and tasks may be of others."""
    registry = load(blocked=args.no_plugin)
    if args.plugin:
        registry.of_plugin(args.plugin, "estimator")  # raises for a name that nothing answers to
    return registry


def _show(args: argparse.Namespace) -> int:
    made = report.make(_board(args))
    if args.format == "table":
        to_terminal(made.tables(), sys.stdout)
    else:
        name = {
            "markdown": "table.md",
            "latex": "table.tex",
            "csv": "table.csv",
            "json": "board.json",
        }[args.format]
        sys.stdout.write(made.files()[name].decode())
    return 0


def _plan(args: argparse.Namespace) -> int:
    board = _board(args)
    if args.gap <= 0:
        raise UsageError(f"--gap {args.gap:g}; wanted a number above 0")
    made = board.plan(options.registry(args))
    for line in dict.fromkeys(str(path) for path in made.paths):
        print(line)
    print(f"{len(made.paths)} paths with {len(board.seeds)} seeds")
    if not any(board.records_folder.glob("*.jsonl")):
        return 0
    try:
        sections = report.make(board).sections
    except UsageError as error:  # a new section has no records before the run that this plans
        options.say(f"no resolution yet: {error}")
        return 0
    for section in sections:
        if isinstance(section, Ranked) and section.friedman and section.friedman.critical:
            rows, cases = len(section.friedman.places), section.friedman.cases
            print(
                f"{section.title}: {rows} rows on {cases} cases resolve mean ranks "
                f"{section.friedman.critical:.2f} apart; "
                f"{args.gap:g} apart needs {st.cases_needed(rows, args.gap)} cases"
            )
    return 0


def _run(args: argparse.Namespace) -> int:
    board = _board(args)
    registry = _registry(args)
    made = (
        submitting.contribution(board, registry, args.plugin)
        if args.plugin
        else board.plan(registry)
    )
    how = execution(args)
    if how.workers:
        how = dataclasses.replace(
            how, timeout=how.timeout or board.timeout, memory=how.memory or board.memory
        )
    with options.store(args, write=True) as store, registry.watch(watcher()):
        result = run_plan(registry, made, store, how)
    status = close(result)
    if status != 130 and how.shard is None:
        submitting.replace(board, registry, result.records)
        building.build(board)
    return status


def _submit(args: argparse.Namespace) -> int:
    board = _board(args)
    registry = _registry(args)
    with options.store(args) as store:
        known = store.records()
    records = submitting.from_store(
        registry, submitting.contribution(board, registry, args.plugin), known
    )
    submitting.replace(board, registry, records)
    building.build(board)
    file = board.records_folder / f"{args.plugin}.jsonl"
    options.say(f"{len(records)} results in {file}; next: harness board check {args.name}")
    return 0


def _lock(args: argparse.Namespace) -> int:
    board = _board(args)
    made = lock.make(board, load(blocked=args.no_plugin))
    lock.write(board, made)
    cases = sum(len(task.cases) for task in made.tasks)
    options.say(
        f"{board.folder / lock.NAME}: {len(made.paths)} paths, {cases} cases, "
        f"{len(made.seeds)} seeds"
    )
    return 0


def _build(args: argparse.Namespace) -> int:
    if args.name:
        building.build(_board(args))
    else:
        building.build_all(args.boards)
    return 0


def _check(args: argparse.Namespace) -> int:
    boards = [_board(args)] if args.name else definition.every(args.boards)
    if not boards:
        raise UsageError(f"no board in {args.boards}; wanted folders with a board.toml")
    found = [problem for board in boards for problem in _listed(checking.problems(board))]
    if not args.name and not found:
        found += [p for p in [checking.index_stale(args.boards)] if p]
    for problem in found:
        print(f"harness: {problem}", file=sys.stderr)
    if args.reproduce and not found:
        registry = options.registry(args)
        for board in boards:
            found += _reproduced(board, registry, args)
    return 1 if found else 0


def _listed(problems: list[str]) -> list[str]:
    more = [f"... and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
    return problems[:LISTED] + more


def _reproduced(board: Board, registry: Registry, args: argparse.Namespace) -> list[str]:
    checks = checking.reproduce(board, registry, args.reproduce, args.seed, args.tolerance)
    for check in checks:
        print(
            f"{check.verdict:8} {check.record.path}" + (f"  ({check.note})" if check.note else "")
        )
    same = sum(check.verdict == "same" for check in checks)
    options.say(f"{board.name}: {same} of {len(checks)} records reproduced")
    return [c.record.path for c in checks if c.verdict != "same"]


def _diff(args: argparse.Namespace) -> int:
    changes = []
    for name in dict.fromkeys([*_boards_in(args.new), *_boards_in(args.old)]):
        old, new = (
            _sections(folder.get(name)) for folder in (_boards_in(args.old), _boards_in(args.new))
        )
        changes += [(name, *change) for change in report.changes(old, new)]
    if not changes:
        print("no row changed")
        return 0
    rows = tuple(
        (f"{b}: {title}", (Cell(text=row), Cell(text=a), Cell(text=z)))
        for b, title, row, a, z in changes
    )
    table = Table(
        f"{len(changes)} rows changed",
        "board",
        (Column("row"), Column("before"), Column("after")),
        rows,
    )
    if args.format == "markdown":
        sys.stdout.write(to_text([table], "markdown"))
    else:
        to_terminal([table], sys.stdout)
    return 0


def _boards_in(folder: Path) -> dict[str, Path]:
    if (folder / "board.toml").exists():
        return {folder.resolve().name: folder}
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; wanted a board, or a folder of boards")
    return {file.parent.name: file.parent for file in sorted(folder.glob("*/board.toml"))}


def _sections(folder: Path | None) -> list[dict[str, object]]:
    """The sections as they were built; worked out from the records where they were not."""
    if folder is None:
        return []
    file = folder / "board.json"
    if file.exists():
        found: list[dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))["sections"]
        return found
    made: list[dict[str, object]] = report.plain(report.make(definition.load(folder)))["sections"]
    return made


def _upgrade(args: argparse.Namespace) -> int:
    board = _board(args)
    records: list[Record] = []
    for file in sorted(board.records_folder.glob("*.jsonl")):
        records += (
            submission.read_old(file)
            if submission.schema(file) == 0
            else submission.read(file).records
        )
    submitting.replace(board, options.registry(args), records)
    building.build(board)
    return 0


def _site(args: argparse.Namespace) -> int:
    from harness_boards import site

    site.build(definition.every(args.boards), args.out)
    options.say(f"{args.out / 'index.html'}")
    return 0


def _serve(args: argparse.Namespace) -> int:
    from harness_boards import site

    _site(args)
    site.serve(args.out, args.port)
    return 0
