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
from harness_boards import (
    building,
    definition,
    exporting,
    html,
    judging,
    lock,
    report,
    requirements,
    submission,
    submitting,
    travel,
)
from harness_boards import statistics as st
from harness_boards.base import against
from harness_boards.definition import Board
from harness_boards.sections.ranked import Ranked


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
            "requirements": "print what installs the plugins of changed records, for pip",
            "diff": "the rows that differ between two versions of a board",
            "upgrade": "rewrite records of an older schema",
            "push": "send boards to a dataset repository (all, where none is named)",
            "pull": "bring boards from a dataset repository (all, where none is named)",
            "export": "write the scores of a board in a format of other programs",
            "site": "gather all pages in a folder for any static host",
            "serve": "show the pages on this machine",
        }.items()
    }
    travel.add_arguments(verbs["push"], verbs["pull"])
    for name, one in verbs.items():
        if name == "diff":
            one.add_argument("old", type=Path, help="the folder of a board, or of boards")
            one.add_argument("new", type=Path, help="the same, later")
            continue
        if name not in ("site", "serve", "requirements"):
            several = name in ("build", "check", "push", "pull")
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
        verbs[name].add_argument(
            "--requirements",
            type=Path,
            metavar="FILE",
            help="how to install that plugin: a pip requirements file with versions and hashes",
        )
    verbs["run"].add_argument(
        "--estimator",
        action="append",
        default=[],
        metavar="NAME",
        help="the rows of these estimators (repeatable, * matches); others stay as they are",
    )
    verbs["plan"].add_argument(
        "--gap",
        type=float,
        default=1.0,
        metavar="RANKS",
        help="difference of mean ranks to resolve (default: 1)",
    )
    judging.add_arguments(verbs["check"])
    exporting.add_arguments(verbs["export"])
    verbs["diff"].add_argument(
        "--format", choices=("table", "markdown", "html"), default="table", help=how
    )
    verbs["requirements"].add_argument(
        "--base", required=True, metavar="COMMIT", help="the records that changed since a commit"
    )
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
        "check": judging.check,
        "requirements": _install,
        "diff": _diff,
        "upgrade": _upgrade,
        "push": travel.push,
        "pull": travel.pull,
        "export": exporting.export,
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
        if isinstance(section, Ranked) and len(section.ranked) > 1:
            rows = len(section.ranked)
            print(
                f"{section.title}: {rows} rows on {section.clusters} clusters resolve mean ranks "
                f"{st.nemenyi(rows, section.clusters):.2f} apart; {args.gap:g} apart needs "
                f"{st.clusters_needed(rows, args.gap)} clusters"
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
    if args.estimator:
        made = submitting.only(made, registry, args.estimator)
    how = execution(args)
    if how.workers:
        how = dataclasses.replace(
            how, timeout=how.timeout or board.timeout, memory=how.memory or board.memory
        )
    with options.store(args, write=True) as store, registry.watch(watcher()):
        result = run_plan(registry, made, store, how, options.say)
    status = close(result)
    if status != 130 and how.shard is None:
        rest = submitting.others(board, result.records) if args.estimator else []
        submitting.replace(board, registry, [*rest, *result.records], _pinned(args))
        building.build_all_of(board)
    return status


def _submit(args: argparse.Namespace) -> int:
    board = _board(args)
    registry = _registry(args)
    with options.store(args) as store:
        known = store.records()
    records = submitting.from_store(
        registry, submitting.contribution(board, registry, args.plugin), known
    )
    submitting.replace(board, registry, records, _pinned(args))
    building.build_all_of(board)
    file = board.records_folder / f"{args.plugin}.jsonl"
    options.say(f"{len(records)} results in {file}; next: harness board check {args.name}")
    return 0


def _pinned(args: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """What installs the plugin whose rows are written, from ``--requirements``."""
    if not args.requirements:
        return {}
    if not args.plugin:
        raise UsageError("--requirements says how to install one plugin; wanted --plugin NAME")
    return {args.plugin: requirements.read(args.requirements)}


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


def _install(args: argparse.Namespace) -> int:
    changed = against(args.boards, args.base)
    files = sorted(
        name for name, how in changed.records(args.boards.resolve()).items() if how != "D"
    )
    lines = (line for name in files for line in submission.read(changed.top / name).requirements)
    for line in dict.fromkeys(lines):
        print(line)
    return 0


def _diff(args: argparse.Namespace) -> int:
    changes = []
    for name in dict.fromkeys([*_boards_in(args.new), *_boards_in(args.old)]):
        old, new = (
            _sections(folder.get(name)) for folder in (_boards_in(args.old), _boards_in(args.new))
        )
        changes += [(name, *change) for change in report.changes(old, new)]
    if args.format == "html":
        title = f"{len(changes)} row{'s' * (len(changes) != 1)} changed"
        places = {"old": args.old.name, "new": args.new.name}
        sys.stdout.write(html.render("diff.html", title=title, rows=changes, **places))
        return 0
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
    """The sections, worked out from the records; as they were built where an older harness wrote
    records that this one does not read."""
    if folder is None:
        return []
    try:
        made: list[dict[str, object]] = report.plain(report.make(definition.load(folder)))[
            "sections"
        ]
    except UsageError:
        file = folder / "board.json"
        if not file.exists():
            raise
        made = json.loads(file.read_text(encoding="utf-8"))["sections"]
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
