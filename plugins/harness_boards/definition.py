"""A board: ``leaderboards/NAME/board.toml`` and the records beside it.

::

    title = "Mutual information against the truth"
    about = "What a reader should know before the table."
    seeds = [0, 1, 2, 3, 4]
    timeout = 180                  # seconds that a stage of a path may take
    plugins = ["classics"]         # what runs: plugins, tasks, models, estimators: names or globs
    tasks = ["beyond-normal"]
    [params.beyond-normal]
    n = 5000

    [[sections]]                   # what is ranked; without it one section per quantity
    kind = "accuracy"              # distance to the truth; or ranking, validity, overview
    quantity = "mutual_information"

Where one request does not say it all, ``[[paths]]`` blocks each hold plugins, tasks, models,
estimators and params. ``sweep`` holds lists of values of parameters, and each combination of them
is run::

    [paths.sweep.tiny-lm]
    width = [32, 64]
    steps = [100, 400]
"""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import UsageError, unknown_name
from harness.commands import Plan, Registry, Request, make_plan
from harness_boards import submission
from harness_boards.kinds import check, define, reads
from harness_boards.sections.base import Definition
from harness_boards.submission import Submission

WHAT: dict[str, type] = {
    "plugins": list,
    "tasks": list,
    "models": list,
    "estimators": list,
    "params": dict,
    "sweep": dict,
}
KEYS: dict[str, Any] = {
    "title": str,
    "about": str,
    "seeds": list,
    "timeout": int,
    "memory": int,
    "listed": bool,
    **WHAT,
    "paths": list,
    "sections": list,
}


@dataclass(frozen=True)
class Board:
    """A board's definition and place."""

    folder: Path
    title: str
    requests: tuple[Request, ...]
    seeds: tuple[int, ...] = (0,)
    about: str = ""
    timeout: int | None = None
    memory: int | None = None
    sections: tuple[Definition, ...] = ()
    listed: bool = True
    """Whether the index of boards names it."""

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def reads(self) -> tuple[str, ...]:
        """The boards whose records its sections read, beside its own."""
        return tuple(dict.fromkeys(name for s in self.sections for name in reads(s)))

    def read(self) -> list[Board]:
        """Those boards, which lie beside it. Raises `UsageError`."""
        return [find(name, self.folder.resolve().parent) for name in self.reads]

    @property
    def records_folder(self) -> Path:
        """Where the records lie."""
        return self.folder / "records"

    def submissions(self) -> list[Submission]:
        """The committed records, a file per plugin.

        Raises `UsageError` naming file and line of a broken one.
        """
        if not self.records_folder.is_dir():
            return []
        found = []
        for file in sorted(self.records_folder.iterdir()):
            if file.suffix != ".jsonl":
                raise UsageError(
                    f"{file}: wanted only files named PLUGIN.jsonl in {self.records_folder}"
                )
            found.append(submission.read(file))
        return found

    def plan(self, registry: Registry) -> Plan:
        """All legal paths of its requests, each once."""
        plans = [make_plan(registry, request) for request in self.requests]
        paths = {
            (
                str(p),
                repr((p.task.params, [m.params for m in p.models], p.estimator.params)),
                p.seed,
            ): p
            for made in plans
            for p in made.paths
        }
        return Plan(tuple(paths.values()), tuple(e for made in plans for e in made.excluded))


def load(folder: Path) -> Board:
    """Read ``board.toml``. Raises `UsageError` for what is wrong in it."""
    file = folder / "board.toml"
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    check(raw, KEYS, str(file))
    seeds = tuple(raw.get("seeds", (0,)))
    if not seeds or any(not isinstance(s, int) or isinstance(s, bool) or s < 0 for s in seeds):
        raise UsageError(f"{file}: seeds is {raw['seeds']!r}; wanted whole numbers from 0 up")
    for limit in ("timeout", "memory"):
        if raw.get(limit, 1) < 1:
            raise UsageError(f"{file}: {limit} is {raw[limit]}; wanted at least 1")
    sections = tuple(define(s, f"{file}: [[sections]]") for s in raw.get("sections", ()))
    runs = any(k in raw for k in (*WHAT, "paths")) or not any(map(reads, sections))
    return Board(
        folder,
        raw.get("title", folder.name),
        _requests(raw, seeds, file) if runs else (),
        seeds,
        raw.get("about", ""),
        raw.get("timeout"),
        raw.get("memory"),
        sections,
        raw.get("listed", True),
    )


def _requests(raw: dict[str, Any], seeds: tuple[int, ...], file: Path) -> tuple[Request, ...]:
    blocks = raw.get("paths", [])
    for block in blocks:
        check(block, WHAT, f"{file}: [[paths]]")
    own = {k: raw[k] for k in WHAT if k in raw}
    if own and blocks:
        raise UsageError(f"{file}: {next(iter(own))} beside [[paths]]; wanted one or the other")
    made = []
    for block in blocks or [own]:
        names: dict[str, Any] = {k: tuple(block[k]) for k in WHAT if k in block and WHAT[k] is list}
        for params in _swept(block.get("params", {}), block.get("sweep", {}), str(file)):
            made.append(Request(**names, params=params, seeds=seeds))
    return tuple(made)


def _swept(params: dict[str, Any], sweep: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """The parameters with each combination of the values that are swept."""
    axes = [
        [
            (component, name, value)
            for value in _values(values, f"{where}: sweep.{component}.{name}")
        ]
        for component, own in sweep.items()
        for name, values in _table(own, f"{where}: sweep.{component}").items()
    ]
    found = []
    for combination in itertools.product(*axes):
        given = {component: dict(own) for component, own in params.items()}
        for component, name, value in combination:
            if name in params.get(component, {}):
                raise UsageError(f"{where}: {component}.{name} is both in params and in sweep")
            given.setdefault(component, {})[name] = value
        found.append(given)
    return found


def _table(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise UsageError(f"{where} is {raw!r}; wanted a table of parameters with lists of values")
    return raw


def _values(raw: Any, where: str) -> list[Any]:
    if not isinstance(raw, list) or not raw:
        raise UsageError(f"{where} is {raw!r}; wanted a list of values")
    return raw


def find(name: str, root: Path) -> Board:
    """The board of that name (or folder) under ``root``."""
    folder = Path(name) if (Path(name) / "board.toml").exists() else root / name
    if not (folder / "board.toml").exists():
        raise unknown_name(f"board (in {root})", name, [b.name for b in every(root)])
    return load(folder)


def every(root: Path) -> list[Board]:
    """All boards under ``root``, by name; those that read others come first."""
    boards = [load(file.parent) for file in sorted(root.glob("*/board.toml"))]
    return sorted(boards, key=lambda board: not board.reads)
