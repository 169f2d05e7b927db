"""``harness board push`` and ``pull``: boards in a dataset repository of the Hugging Face Hub, or
in a folder.

A board travels as what it is made from: ``NAME/board.toml``, ``board.lock.json``,
``verified.json`` and ``records/*.jsonl``, byte for byte. Tables and pages are built again.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import UsageError, needs, unknown_name
from harness.commands import options, whole
from harness.tables import counted
from harness_boards import definition, lock, verified
from harness_boards.definition import Board

PARTS = ("board.toml", lock.NAME, verified.NAME, "records/*.jsonl")
"""What a board is made from, below its folder."""


def add_arguments(push: argparse.ArgumentParser, pull: argparse.ArgumentParser) -> None:
    """The options of both verbs that are not those of all."""
    for one in (push, pull):
        one.add_argument(
            "repo",
            metavar="HF_REPO",
            help="a dataset repository, owner/name, or a folder (./name or /name)",
        )
    pull.add_argument(
        "--revision", metavar="REVISION", help="branch, tag or commit (default: the newest)"
    )
    pull.add_argument(
        "--overwrite", action="store_true", help="replace files here that differ from those there"
    )


def push(args: argparse.Namespace) -> int:
    """Send one board, or all."""
    boards = (
        [definition.find(args.name, args.boards)] if args.name else definition.every(args.boards)
    )
    if not boards:
        raise UsageError(f"no board in {args.boards}; wanted folders with a board.toml")
    files = {name: content for board in boards for name, content in parts(board).items()}
    if (folder := _folder(args.repo)) is not None:
        for name, content in files.items():
            with whole(folder / name) as out:
                out.write(content)
    else:
        _send(args.repo, files, ", ".join(board.name for board in boards))
    options.say(f"{counted(len(files), 'file')} of {counted(len(boards), 'board')} in {args.repo}")
    return 0


def pull(args: argparse.Namespace) -> int:
    """Bring one board, or all that are there: nothing is written where any of them is broken."""
    if (folder := _folder(args.repo)) is not None:
        if args.revision:
            raise UsageError(f"--revision {args.revision}: {args.repo} is a folder and has none")
        return _place(args, folder)
    with tempfile.TemporaryDirectory() as made:
        _bring(args.repo, args.revision, Path(made))
        return _place(args, Path(made))


def parts(board: Board) -> dict[str, bytes]:
    """What a board is made from, by name below the folder of boards.

    Raises `UsageError` for a link, and for records that cannot be read.
    """
    board.submissions()
    found = {}
    for file in (file for part in PARTS for file in sorted(board.folder.glob(part))):
        if file.is_symlink():
            raise UsageError(f"{file} is a link; wanted a regular file")
        name = f"{board.name}/{file.relative_to(board.folder).as_posix()}"
        found[name] = file.read_bytes()
    return found


def _place(args: argparse.Namespace, there: Path) -> int:
    known = sorted(file.parent.name for file in there.glob("*/board.toml"))
    if not known:
        raise UsageError(f"{args.repo}: no board; wanted folders with a board.toml")
    if args.name and args.name not in known:
        raise unknown_name(f"board (in {args.repo})", args.name, known)
    names: Sequence[str] = [args.name] if args.name else known
    files: dict[str, bytes] = {}
    for name in names:
        try:
            files |= parts(definition.load(there / name))
        except UsageError as error:  # its own name for the folder says more than a temporary one
            raise UsageError(str(error).replace(str(there), args.repo)) from error
    changed = {name: content for name, content in files.items() if _differs(args, name, content)}
    lost = [name for name in changed if (args.boards / name).exists()]
    if lost and not args.overwrite:
        some = ", ".join(lost[:3]) + (" ..." if len(lost) > 3 else "")
        raise UsageError(
            f"{len(lost)} of the files here are not those in {args.repo}: {some}; wanted "
            "--overwrite, or another --boards"
        )
    for name, content in changed.items():
        with whole(args.boards / name) as out:
            out.write(content)
    options.say(
        f"{counted(len(files), 'file')} of {counted(len(names), 'board')}, {len(changed)} of them "
        f"new or changed, in {args.boards}; next: harness board build"
    )
    return 0


def _differs(args: argparse.Namespace, name: str, content: bytes) -> bool:
    file: Path = args.boards / name
    return not file.exists() or file.read_bytes() != content


def _folder(repo: str) -> Path | None:
    """The folder that a name means: ``owner/name`` alone is a repository."""
    return Path(repo).expanduser() if repo.startswith((".", "/", "~")) else None


def _send(repo: str, files: dict[str, bytes], what: str) -> None:
    """One commit with all files; a repository that does not exist is made, and is private."""
    hub = needs("huggingface_hub", "infoharness[hub]")
    with _told(repo):
        api = hub.HfApi()
        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        api.create_commit(
            repo,
            [hub.CommitOperationAdd(name, content) for name, content in files.items()],
            commit_message=f"Boards: {what}",
            repo_type="dataset",
        )


def _bring(repo: str, revision: str | None, to: Path) -> None:
    hub = needs("huggingface_hub", "infoharness[hub]")
    with _told(repo):
        hub.HfApi().snapshot_download(
            repo,
            repo_type="dataset",
            revision=revision,
            local_dir=to,
            allow_patterns=[f"*/{part}" for part in PARTS],
        )


@contextlib.contextmanager
def _told(repo: str) -> Iterator[None]:
    """The library's errors have no common class over its versions: absent repository, token that
    may not write, no network."""
    try:
        yield
    except Exception as error:
        said = " ".join(str(error).split())
        raise UsageError(f"dataset repository {repo}: {type(error).__name__}: {said}") from error
