"""A board: ``leaderboards/NAME/board.toml`` and the records beside it.

::

    title = "Compression of atomistic data sets"
    plugins = ["msc"]              # or tasks, models, estimators: names or globs
    tasks = ["colabfit"]
    seeds = [0, 1, 2]
    [params.colabfit]
    rates = [0.1, 0.5]

``records/PLUGIN.jsonl`` holds the results of one estimator plugin, sorted, one record a line;
``table.md`` is made from the records alone, byte for byte the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.boards.render import to_text
from harness.boards.summary import Declared, tables
from harness.errors import UsageError, unknown_name
from harness.files import whole
from harness.plan import Request
from harness.records import Record, Records

KEYS = {"title": str, "plugins": list, "tasks": list, "models": list, "estimators": list, "seeds": list, "params": dict}


@dataclass(frozen=True)
class Board:
    """A board's definition and place."""

    folder: Path
    title: str
    request: Request

    @property
    def records_folder(self) -> Path:
        """Where the records lie."""
        return self.folder / "records"

    @property
    def table_file(self) -> Path:
        """The generated table."""
        return self.folder / "table.md"

    def records(self) -> Records:
        """The committed records. Raises `UsageError` naming file and line of a broken one."""
        found: list[Record] = []
        for file in sorted(self.records_folder.glob("*.jsonl")):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                try:
                    found.append(Record.from_json(line))
                except UsageError as error:
                    raise UsageError(f"{file}:{number}: {error}") from error
        return Records(found)

    def write_records(self, records: Iterable[Record]) -> None:
        """Replace the records files by these records, one file per estimator plugin."""
        by_plugin: dict[str, list[str]] = {}
        for record in Records(records):
            by_plugin.setdefault(record.plugin, []).append(record.to_json())
        self.records_folder.mkdir(parents=True, exist_ok=True)
        for old in self.records_folder.glob("*.jsonl"):
            if old.stem not in by_plugin:
                old.unlink()
        for plugin, lines in by_plugin.items():
            write_text(self.records_folder / f"{plugin}.jsonl", "".join(f"{line}\n" for line in lines))

    def table(self, quantity: Declared) -> str:
        """The Markdown page, from the records alone."""
        made = to_text(tables(self.records(), quantity), "markdown")
        return f"# {self.title}\n\n{made}\nRebuild: `harness board build {self.folder.name}`\n"


def load(folder: Path) -> Board:
    """Read ``board.toml``. Raises `UsageError` for what is wrong in it."""
    file = folder / "board.toml"
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    for key, value in raw.items():
        if key not in KEYS:
            raise UsageError(f"{file}: {unknown_name('key', key, KEYS)}")
        if not isinstance(value, KEYS[key]):
            raise UsageError(f"{file}: {key} is {type(value).__name__}; wanted {KEYS[key].__name__}")
    plugins, tasks, models, estimators = (tuple(raw.get(k, ())) for k in ("plugins", "tasks", "models", "estimators"))
    seeds = tuple(raw.get("seeds", (0,)))
    if not seeds or any(not isinstance(s, int) for s in seeds):
        raise UsageError(f"{file}: seeds is {raw['seeds']!r}; wanted whole numbers")
    request = Request(plugins, tasks, models, estimators, raw.get("params", {}), seeds)
    return Board(folder, raw.get("title", folder.name), request)


def find(name: str, root: Path) -> Board:
    """The board of that name (or folder) under ``root``."""
    folder = Path(name) if (Path(name) / "board.toml").exists() else root / name
    if not (folder / "board.toml").exists():
        known = [f.parent.name for f in root.glob("*/board.toml")]
        raise unknown_name(f"board (in {root})", name, known)
    return load(folder)


def write_text(path: Path, text: str) -> None:
    """Write a text file, the whole of it or nothing."""
    with whole(path) as out:
        out.write(text.encode())
