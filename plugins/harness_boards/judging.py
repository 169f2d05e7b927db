"""``harness board check``: are boards what their records say, and can these be believed?"""

from __future__ import annotations

import argparse
import sys

from harness import UsageError
from harness.commands import Check, Registry, options
from harness_boards import building, checking, definition, lock, recomputing, verified
from harness_boards.base import Base, against, commit_of, foreign, origins
from harness_boards.definition import Board
from harness_boards.recomputing import Part
from harness_boards.submission import Submission

LISTED = 20
"""Problems printed per board; the rest are counted."""


def add_arguments(check: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    check.add_argument(
        "--reproduce",
        type=int,
        default=0,
        metavar="N",
        help="recompute N results (and N failures) of each records file",
    )
    check.add_argument("--seed", type=int, default=0, help="which records (default: 0)")
    check.add_argument(
        "--seed-from",
        metavar="COMMIT",
        help="draw them by the hash of a commit that the submitter cannot choose",
    )
    check.add_argument(
        "--base",
        metavar="COMMIT",
        help="judge the change since a commit: it may touch one plugin's records alone, and "
        f"--reproduce computes what it brings: up to {recomputing.EVERY} records all, else N each "
        "of results and failures",
    )
    check.add_argument(
        "--maintainer", action="store_true", help="with --base: other files may change, too"
    )
    check.add_argument(
        "--mark", action="store_true", help=f"keep what was reproduced in {verified.NAME}"
    )
    check.add_argument(
        "--tolerance", type=float, default=1e-6, help="relative difference allowed (default: 1e-6)"
    )


def check(args: argparse.Namespace) -> int:
    """Judge boards, and what a change brings; status 1 where anything is wrong."""
    boards = (
        [definition.find(args.name, args.boards)] if args.name else definition.every(args.boards)
    )
    if not boards:
        raise UsageError(f"no board in {args.boards}; wanted folders with a board.toml")
    root = boards[0].folder.parent if args.name else args.boards
    base = against(root, args.base) if args.base else None
    found = [problem for board in boards for problem in _listed(checking.problems(board))]
    if not args.name and not found:
        found += [p for p in [checking.index_stale(args.boards)] if p]
    if base is not None and not args.maintainer:
        found += foreign(base, root)
        found += [] if found else origins(base, boards)
    for problem in found:
        print(f"harness: {problem}", file=sys.stderr)
    if args.reproduce and not found:
        seed = int(commit_of(root, args.seed_from), 16) if args.seed_from else args.seed
        registry = options.registry(args)
        for board in boards:
            found += _reproduced(board, registry, base, seed, args)
    return 1 if found else 0


def _listed(problems: list[str]) -> list[str]:
    more = [f"... and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
    return problems[:LISTED] + more


def _reproduced(
    board: Board, registry: Registry, base: Base | None, seed: int, args: argparse.Namespace
) -> list[str]:
    """Compute records of a board again; with a base only the files that changed."""
    parts = [
        part
        for one in board.submissions()
        for part in [_part(board, one, base)]
        if base is None or part.changed is not None
    ]
    checks: list[Check] = []
    found: list[str] = []
    for part in parts:
        if part.changed is not None:
            found += recomputing.declared(board, registry, lock.read(board), part.one)
        checks += recomputing.recompute(board, registry, part, args.reproduce, seed, args.tolerance)
    for problem in found:
        print(f"harness: {problem}", file=sys.stderr)
    for check in checks:
        print(
            f"{check.verdict:8} {check.record.path}" + (f"  ({check.note})" if check.note else "")
        )
    if not parts:
        return found
    judged = [c for c in checks if c.verdict != "skipped"]
    same = [c.record for c in judged if c.verdict == "same"]
    more = f"; {len(checks) - len(judged)} cannot be compared here" if judged != checks else ""
    options.say(f"{board.name}: {len(same)} of {len(judged)} records reproduced{more}")
    if checks and not judged:
        found.append(f"{board.name}: nothing of it can be compared on this machine")
        print(f"harness: {found[-1]}", file=sys.stderr)
    found += [c.record.path for c in judged if c.verdict != "same"]
    if args.mark and not found:
        verified.mark(board, same)
        building.build_all_of(board)
    return found


def _part(board: Board, one: Submission, base: Base | None) -> Part:
    brought = base.brought(board.records_folder / f"{one.plugin}.jsonl", one) if base else None
    return Part(one, brought)
