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
    kind = "accuracy"              # distance to the truth; or ranking (by value), validity, overview
    quantity = "mutual_information"

Where one request does not say it all, ``[[paths]]`` blocks each hold plugins, tasks, models, estimators and params.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from harness import Quantity, Records, UsageError, unknown_name
from harness.commands import Plan, Registry, Request, make_plan
from harness_boards import submission
from harness_boards.submission import Declared, Submission

SectionKind = Literal["accuracy", "ranking", "validity", "overview"]
WHAT: dict[str, type] = {
    "plugins": list,
    "tasks": list,
    "models": list,
    "estimators": list,
    "params": dict,
}
KEYS: dict[str, type] = {
    "title": str, "about": str, "seeds": list, "timeout": int, "memory": int, **WHAT, "paths": list, "sections": list,
}  # fmt: skip
SECTION: dict[str, type] = {
    "kind": str, "title": str, "about": str, "quantity": str, "outcome": str, "per": str, "tasks": list,
    "estimators": list, "map": dict,
}  # fmt: skip
MAP: dict[str, type] = {
    "diagnostic": str,
    "estimator": str,
    "rows": str,
    "columns": str,
    "unit": str,
}


@dataclass(frozen=True)
class MapOf:
    """A diagnostic of an estimator (a glob) that holds rows of numbers, and what its rows and columns are."""

    diagnostic: str
    estimator: str = "*"
    rows: str = "row"
    columns: str = "column"
    unit: str = ""


@dataclass(frozen=True)
class Section:
    """One table of a board.

    Attributes
    ----------
    kind : ``accuracy`` (distance of ``quantity`` to the truth), ``ranking`` (its value), ``validity`` (does a
        measure rank the data as ``outcome`` does?), or ``overview`` (what several measures say of each case).
    quantity : what is ranked; elsewhere the only one that is looked at, or empty for all.
    outcome : validity only: the quantity to be predicted, or the full name of the estimator that gives it.
    per : validity only: the points are cases (``case``), or cases with their models (``path``).
    tasks, estimators : globs of full or bare names; empty for all.
    map : overview only: a diagnostic to be drawn as colours, a panel per case.
    """

    kind: SectionKind
    quantity: str = ""
    title: str = ""
    about: str = ""
    outcome: str = ""
    per: Literal["case", "path"] = "case"
    tasks: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    map: MapOf | None = None


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
    sections: tuple[Section, ...] = ()

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def records_folder(self) -> Path:
        """Where the records lie."""
        return self.folder / "records"

    def submissions(self) -> list[Submission]:
        """The committed records, a file per plugin. Raises `UsageError` naming file and line of a broken one."""
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
        paths = {(str(p), repr((p.task.params, [m.params for m in p.models], p.estimator.params)), p.seed): p
                 for made in plans for p in made.paths}  # fmt: skip
        return Plan(tuple(paths.values()), tuple(e for made in plans for e in made.excluded))


@dataclass(frozen=True)
class Contents:
    """The records of a board with their declarations: all that its tables and pages are made from."""

    records: Records
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    estimators: Mapping[str, Declared] = field(default_factory=dict)
    distributions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, submissions: Iterable[Submission]) -> Contents:
        """Several files as one. Raises `UsageError` where two declare a quantity differently."""
        quantities: dict[str, Quantity] = {}
        owner: dict[str, str] = {}
        given = list(submissions)
        for one in given:
            for name, quantity in one.quantities.items():
                known = quantities.setdefault(name, quantity)
                owner.setdefault(name, one.plugin)
                for what in ("unit", "better", "lower", "upper"):
                    if getattr(known, what) != getattr(quantity, what):
                        raise UsageError(
                            f"quantity {name}: {what} is {getattr(known, what)!r} in records of {owner[name]} and "
                            f"{getattr(quantity, what)!r} in those of {one.plugin}: not comparable"
                        )
        records = Records(r for one in given for r in one.records)
        estimators = {name: d for one in given for name, d in one.estimators.items()}
        return cls(records, quantities, estimators, {one.plugin: one.distribution for one in given})


def load(folder: Path) -> Board:
    """Read ``board.toml``. Raises `UsageError` for what is wrong in it."""
    file = folder / "board.toml"
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    _check(raw, KEYS, str(file))
    seeds = tuple(raw.get("seeds", (0,)))
    if not seeds or any(not isinstance(s, int) or isinstance(s, bool) or s < 0 for s in seeds):
        raise UsageError(f"{file}: seeds is {raw['seeds']!r}; wanted whole numbers from 0 up")
    for limit in ("timeout", "memory"):
        if raw.get(limit, 1) < 1:
            raise UsageError(f"{file}: {limit} is {raw[limit]}; wanted at least 1")
    return Board(
        folder, raw.get("title", folder.name), _requests(raw, seeds, file), seeds, raw.get("about", ""),
        raw.get("timeout"), raw.get("memory"), tuple(_section(s, file) for s in raw.get("sections", ())),
    )  # fmt: skip


def _check(raw: Any, keys: Mapping[str, Any], where: str) -> None:
    if not isinstance(raw, dict):
        raise UsageError(f"{where}: {raw!r}; wanted a table")
    for key, value in raw.items():
        if key not in keys:
            raise UsageError(f"{where}: {unknown_name('key', key, keys)}")
        if not isinstance(value, keys[key]) or isinstance(value, bool):
            raise UsageError(
                f"{where}: {key} is {type(value).__name__}; wanted {keys[key].__name__}"
            )
        if (
            keys[key] is list
            and key not in ("seeds", "paths", "sections")
            and not all(isinstance(v, str) for v in value)
        ):
            raise UsageError(f"{where}: {key} is {value!r}; wanted a list of names")


def _requests(raw: dict[str, Any], seeds: tuple[int, ...], file: Path) -> tuple[Request, ...]:
    blocks = raw.get("paths", [])
    for block in blocks:
        _check(block, WHAT, f"{file}: [[paths]]")
    own = {k: raw[k] for k in WHAT if k in raw}
    if own and blocks:
        raise UsageError(f"{file}: {next(iter(own))} beside [[paths]]; wanted one or the other")
    made = []
    for block in blocks or [own]:
        names: dict[str, Any] = {k: tuple(block[k]) for k in WHAT if k in block and k != "params"}
        made.append(Request(**names, params=block.get("params", {}), seeds=seeds))
    return tuple(made)


def _section(raw: Any, file: Path) -> Section:
    where = f"{file}: [[sections]]"
    _check(raw, SECTION, where)
    kind, per = raw.get("kind", ""), raw.get("per", "case")
    if kind not in get_args(SectionKind):
        raise UsageError(
            f"{where}: kind is {kind!r}; wanted accuracy, ranking, validity or overview"
        )
    if per not in ("case", "path"):
        raise UsageError(f"{where}: per is {per!r}; wanted case or path")
    if kind == "validity" and not raw.get("outcome"):
        raise UsageError(
            f"{where}: a validity section names its outcome: a quantity, or an estimator by its full name"
        )
    if kind != "validity" and ("outcome" in raw or "per" in raw):
        raise UsageError(
            f"{where}: outcome and per belong to validity sections; this one is {kind}"
        )
    if kind in ("accuracy", "ranking") and not raw.get("quantity"):
        raise UsageError(f"{where}: {kind} of what? name its quantity")
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    if "map" in raw:
        _check(raw["map"], MAP, f"{where}: map")
        if kind != "overview" or not raw["map"].get("diagnostic"):
            raise UsageError(
                f"{where}: map is for overview sections, and names the diagnostic that it draws"
            )
        given["map"] = MapOf(**raw["map"])
    return Section(**given)


def find(name: str, root: Path) -> Board:
    """The board of that name (or folder) under ``root``."""
    folder = Path(name) if (Path(name) / "board.toml").exists() else root / name
    if not (folder / "board.toml").exists():
        raise unknown_name(f"board (in {root})", name, [b.name for b in every(root)])
    return load(folder)


def every(root: Path) -> list[Board]:
    """All boards under ``root``, by name."""
    return [load(file.parent) for file in sorted(root.glob("*/board.toml"))]
