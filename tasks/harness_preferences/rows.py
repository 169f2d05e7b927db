"""Rows of preferences from files and from the hub: a prompt, what is preferred, and to what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import UsageError, needs
from harness.files import json_lines, read_json

COLUMNS = "chosen and rejected, question and answer, or dialogue and summary"


@dataclass(frozen=True)
class Row:
    """A comparison of two continuations of a prompt; ``rejected`` is None where none is known."""

    prompt: str
    chosen: str
    rejected: str | None
    part: str = ""


def is_file(name: str) -> bool:
    """Whether the name is that of a file that is there."""
    return name.lower().endswith((".json", ".jsonl")) and Path(name).is_file()


def digest(name: str) -> str:
    """A digest of the contents of a file."""
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()[:16]


def check(name: str, task: str) -> None:
    """Raise `UsageError` where no data set is named, or where a file is not there."""
    if not name:
        raise UsageError(
            f"{task}.dataset is empty; wanted --set {task}.dataset=FILE.jsonl, or an id on the "
            "Hugging Face hub such as Anthropic/hh-rlhf"
        )
    if name.lower().endswith((".json", ".jsonl")) and not Path(name).is_file():
        raise UsageError(f"{name}: no such file; wanted JSON or JSON lines, or an id on the hub")


def read(name: str, config: str, revision: str, limit: int, rng: np.random.Generator) -> list[Row]:
    """The rows of a data set, or ``limit`` of them drawn at random, in order.

    Raises `UsageError` for what cannot be read, and for columns that are none of those known.
    """
    raw = list(_file(Path(name)) if is_file(name) else _hub(name, config, revision))
    if not raw:
        raise UsageError(f"{name}: no rows; wanted at least one")
    kept: Iterable[int] = range(len(raw))
    if limit and limit < len(raw):
        kept = sorted(rng.choice(len(raw), limit, replace=False).tolist())
    return [_row(*raw[i]) for i in kept]


def _file(path: Path) -> Iterable[tuple[Any, str, str]]:
    """Each row, no part, and where the row stands: its line, from 1, or its place in the list."""
    if path.suffix.lower() == ".json":
        found = read_json(path)
        rows = found if isinstance(found, list) else [found]
        return [(row, "", f"{path}, entry {number}") for number, row in enumerate(rows)]
    return [(row, "", f"{path}:{number}") for number, row in json_lines(path)]


def _hub(name: str, config: str, revision: str) -> Iterable[tuple[Any, str, str]]:
    """Each row, its part, and where it stands, as `_file`; rows of a part are counted from 0."""
    datasets = needs("datasets", "infoharness[hub]")
    if name == "openai/gsm8k" and not config:
        config = "main"
    local = Path(name).is_dir() or Path(name).is_absolute()
    try:
        found = datasets.load_dataset(name, config or None, revision=None if local else revision)
    except Exception as error:  # whatever the network, the hub or the files raise
        first = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{name}: cannot be loaded ({type(error).__name__}: {first}); wanted a JSON lines "
            "file, a folder, or the id of an open data set on the hub"
        ) from error
    for part in [p for p in ("train", "test") if p in found] or list(found):
        role = part if "train" in found and "test" in found else ""
        for number, row in enumerate(found[part]):
            yield row, role, f"{name}, split {part!r}, row {number}"


def _row(raw: Any, part: str, where: str) -> Row:
    if not isinstance(raw, Mapping):
        raise UsageError(f"{where}: {type(raw).__name__}; wanted an object with {COLUMNS}")
    if {"chosen", "rejected"} <= raw.keys():
        prompt = _text(raw["prompt"], where) if raw.get("prompt") else ""
        return Row(prompt, _text(raw["chosen"], where), _text(raw["rejected"], where), part)
    for asked, answer in (("question", "answer"), ("dialogue", "summary")):
        if {asked, answer} <= raw.keys():
            return Row(_text(raw[asked], where) + "\n\n", _text(raw[answer], where), None, part)
    raise UsageError(f"{where}: columns {', '.join(map(str, raw))}; wanted {COLUMNS}")


def _text(value: Any, where: str) -> str:
    """A text, or the turns of a conversation as TRL writes them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(
        isinstance(turn, Mapping) and {"role", "content"} <= turn.keys() for turn in value
    ):
        return "".join(f"\n\n{str(t['role']).capitalize()}: {t['content']}" for t in value)
    raise UsageError(
        f"{where}: {type(value).__name__}; wanted a text, or turns with role and content"
    )
