"""Is a board what its records say, and can its records be believed?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness import Record, UsageError
from harness.commands import Check, Registry, comparable, record_key, sample, verify
from harness.tables import matches
from harness_boards import building, report, submission
from harness_boards.definition import Board

WRITTEN_BY_HAND = {"board.toml", "records"}


def problems(board: Board) -> list[str]:
    """Everything wrong with a board, one line each; nothing is run and no plugin is needed."""
    found = _files(board)
    if found:
        return found
    try:
        made = report.make(board)
    except UsageError as error:
        return [str(error)]
    return [*_implausible(board, made.contents.records), *_stale(board, made)]


def _files(board: Board) -> list[str]:
    """Each records file on its own, so that two broken ones are two lines."""
    found = []
    for file in sorted(board.records_folder.glob("*")):
        try:
            if file.suffix != ".jsonl":
                raise UsageError(f"{file}: wanted only files named PLUGIN.jsonl here")
            submission.read(file)
        except UsageError as error:
            found.append(str(error))
    if not found and not any(board.records_folder.glob("*.jsonl")):
        found.append(f"{board.folder}: no records; `harness board run {board.name}` computes them")
    return found


def _implausible(board: Board, records: Iterable[Record]) -> Iterator[str]:
    """Records that the board did not ask for, seeds that are missing, keys that do not belong to
    their record."""
    paths: dict[tuple[object, ...], set[int]] = {}
    for r in records:
        at = f"{r.plugin}: {r.path}"
        if not any(matches(r.task, request.tasks) for request in board.requests):
            yield f"{at}: this board asks for no such task"
        if r.seed not in board.seeds:
            yield f"{at}: seed {r.seed}; the board's are {', '.join(map(str, board.seeds))}"
        if r.fingerprint and r.key != record_key(r):
            yield f"{at}: the key is not that of the record's own fields: changed by hand"
        paths.setdefault(
            (r.plugin, r.task, r.case, r.models, r.estimator, repr(r.params)), set()
        ).add(r.seed)
    for (plugin, task, case, models, estimator, _), seeds in paths.items():
        lost = [str(s) for s in board.seeds if s not in seeds]
        if lost:
            chain = " ▸ ".join([f"{task}:{case}", *models, str(estimator)])  # type: ignore[misc]
            yield f"{plugin}: {chain}: no record for seed {', '.join(lost)}"


def _stale(board: Board, made: report.Report) -> Iterator[str]:
    """Generated files that are not, byte for byte, what the records give; and files that nothing
    generates."""
    wanted = building.files(made)
    for name, content in wanted.items():
        file = board.folder / name
        if not file.exists() or file.read_bytes() != content:
            yield f"{file} is stale: harness board build {board.name}"
    for file in sorted(board.folder.iterdir()):
        if file.name not in WRITTEN_BY_HAND and file.name not in wanted:
            yield f"{file} belongs to no board: remove it"


def reproduce(
    board: Board, registry: Registry, size: int, seed: int, tolerance: float
) -> list[Check]:
    """Recompute a seeded sample of a board's records within a relative tolerance.

    It is drawn from the records that this machine can compute again. Raises `UsageError` where
    there are none.
    """
    records = comparable(registry, (r for one in board.submissions() for r in one.records))
    if not records:
        raise UsageError(
            f"{board.name}: all records were trained in float32 on other machines, where sums "
            "differ in their last digits; wanted a machine of that kind"
        )
    return verify(registry, sample(records, size, seed), tolerance)


def index_stale(root: Path) -> str:
    """The complaint about ``README.md`` of the boards' folder; empty where it is up to date."""
    file = root / "README.md"
    fresh = file.exists() and file.read_bytes() == building.index(root)
    return "" if fresh else f"{file} is stale: harness board build"
