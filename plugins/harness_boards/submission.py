"""A board's records in git: one reviewed text file per (board, plugin), ``records/PLUGIN.jsonl``.

Lines of standard JSON, without NaN:

1. the header: ``schema``, ``plugin``, ``distribution``, the declarations of the quantities and
   estimators in the file, and ``sha256`` of all that follows, so that a number changed by hand
   shows;
2. a line per *setup* (what many records share: task, models, estimator, all parameters, unit,
   sources, versions, machine), named by a digest of itself;
3. a line per record, sorted by task, case, models, estimator and seed; ``of`` names its setup.

Nothing else is read when a board is built, so a page can be made where the plugin is not installed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from harness import Quantity, Record, Records, UsageError
from harness.commands import (
    FUNCTION,
    NAME,
    RECIPE,
    SCHEMA,
    Registry,
    Status,
    from_setup,
    plugin_of,
    shared,
    whole,
)
from harness_boards.jsonlines import Line
from harness_boards.requirements import REQUIREMENT

LARGEST = 64 * 2**20
"""Bytes of a file that are still read: a hundred thousand records are about 40 MiB."""
LONGEST = 2**18
"""Bytes of a line that are still read: a curve of 512 points takes 40 KiB."""

SHARED = tuple(
    "task models estimator params quantity unit sources versions machine threads".split()  # noqa: SIM905
)
"""What the records of a setup share; after it ``recipe`` where that is not 1."""
OWN = (
    "case",
    "source",
    "seed",
    "status",
    "value",
    "stderr",
    "truth",
    "scores",
    "facts",
    "cluster",
    "truths",
    "diagnostics",
    "cause",
    "notes",
    "wall_s",
    "cpu_s",
    "peak_mib",
    "prefix_s",
    "score_s",
    "n",
    "fingerprint",
    "key",
    "started",
)
_OWN = frozenset(OWN)
COSTS = ("wall_s", "cpu_s", "peak_mib", "prefix_s", "score_s")
DEFAULTS = {f.name: f.default for f in fields(Record) if f.default is not dataclasses.MISSING}
FULL = re.compile(rf"{NAME.pattern}/{NAME.pattern}|{FUNCTION.pattern}")
"""``plugin/name``, or a function, ``package.module:name``."""
PLUGIN = re.compile(rf"{NAME.pattern}|\w+(\.\w+)*")


@dataclass(frozen=True)
class Declared:
    """What a page says of an estimator."""

    summary: str = ""
    traits: tuple[str, ...] = ()
    paper: str = ""


@dataclass(frozen=True)
class Submission:
    """The results of one plugin on one board, with the declarations that reading them needs."""

    plugin: str
    records: Records
    distribution: str = ""
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    estimators: Mapping[str, Declared] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    """Lines of a pip requirements file, each with version and hash: how to install the plugin."""


def gather(registry: Registry, records: Iterable[Record]) -> list[Submission]:
    """Records by plugin, with what the registry knows of their quantities and estimators."""
    by_plugin: dict[str, list[Record]] = {}
    for record in records:
        by_plugin.setdefault(record.plugin, []).append(record)
    found = []
    for plugin, mine in sorted(by_plugin.items()):
        names = sorted({name for r in mine for name in (r.quantity, *r.scores)})
        specs = {
            name: registry.one("estimator", name).spec
            for name in sorted({r.estimator for r in mine})
        }
        found.append(
            Submission(
                plugin,
                Records(mine),
                registry.plugins[plugin].distribution,
                {name: registry.quantity(name) for name in names},
                {
                    name: Declared(spec.summary, spec.traits, spec.paper)
                    for name, spec in specs.items()
                },
            )
        )
    return found


def write(folder: Path, submission: Submission) -> Path:
    """Write ``folder/PLUGIN.jsonl``, the whole of it or nothing."""
    path = folder / f"{submission.plugin}.jsonl"
    with whole(path) as out:
        out.write(text(submission))
    return path


def text(submission: Submission) -> bytes:
    """What a file of these records holds."""
    body = "".join(f"{line}\n" for line in _body(submission.records)).encode()
    head = {
        "schema": SCHEMA,
        "plugin": submission.plugin,
        "distribution": submission.distribution,
        **({"requirements": list(submission.requirements)} if submission.requirements else {}),
        "quantities": {n: _stated(q) for n, q in sorted(submission.quantities.items())},
        "estimators": {
            name: dataclasses.asdict(d) for name, d in sorted(submission.estimators.items())
        },
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return f"{_json(head)}\n".encode() + body


def _stated(q: Quantity) -> dict[str, Any]:
    told = dataclasses.asdict(q).items()
    return {k: v for k, v in told if k not in ("name", "reading") and v not in (None, "")}


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _body(records: Records) -> Iterator[str]:
    setups: dict[str, str] = {}
    lines = []
    for record in records:
        plain = json.loads(record.to_json())
        stated = SHARED if record.recipe == 1 else (*SHARED, "recipe")
        shared = {name: plain[name] for name in stated}
        text = _json(shared)
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
        setups[name] = text
        own: dict[str, Any] = {"of": name}
        for key in OWN:
            value = plain.get(key)
            if value in (None, {}, []) or (key in DEFAULTS and value == DEFAULTS[key]):
                continue
            if (key, value) in (("status", "ok"), ("source", plain["case"])):
                continue
            own[key] = float(f"{value:.4g}") if key in COSTS else value
        lines.append(_json(own))
    for name in sorted(setups, key=lambda n: (setups[n], n)):
        yield _json({"setup": name, **json.loads(setups[name])})
    yield from lines


def read(path: Path) -> Submission:
    """Read and validate one file.

    Raises `UsageError` naming file and line of the first thing that is wrong.
    """
    if path.is_symlink() or not PLUGIN.fullmatch(path.stem):
        raise UsageError(
            f"{path}: wanted a regular file named after a plugin, such as classics.jsonl"
        )
    size = path.stat().st_size
    if size > LARGEST:
        raise UsageError(
            f"{path}: {size} bytes; at most {LARGEST} are read: send fewer seeds or split the board"
        )
    if not size:
        raise UsageError(f"{path}: empty; wanted a header line")
    _known_schema(path)
    lines = path.read_bytes().splitlines(keepends=True)
    head = Line(path, 1, lines[0]).value
    reader = _Reader(path, head)
    for number, raw in enumerate(lines[1:], start=2):
        line = Line(path, number, raw)
        if len(raw) > LONGEST:
            raise line.error(
                f"{len(raw)} bytes; at most {LONGEST} are read: keep diagnostics small, and large "
                "arrays in the store (Estimate.from_local)"
            )
        reader.add(line)
    submission = reader.finish()
    if head.get("sha256") != hashlib.sha256(b"".join(lines[1:])).hexdigest():
        raise UsageError(
            f"{path}: the records are not those that were written (sha256 differs): changed by "
            "hand or cut off; "
            "write them with `harness board submit`"
        )
    return submission


def read_old(path: Path) -> Records:
    """The records of a file of schema 0: one whole `Record` per line, without a header."""
    return Records(map(Record.from_json, path.read_text(encoding="utf-8").strip().split("\n")))


def schema(path: Path) -> int:
    """The schema of a file; 0 is that of plain records without a header.

    Raises `UsageError` for anything else.
    """
    with path.open("rb") as file:
        head = Line(path, 1, file.readline(LARGEST)).value
    found = (
        head.get("schema", 0 if "estimator" in head else None) if isinstance(head, dict) else None
    )
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise UsageError(f"{path}:1: no header; wanted an object with schema {SCHEMA}")
    return found


def _known_schema(path: Path) -> None:
    found = schema(path)
    if found < SCHEMA:
        board = path.resolve().parent.parent.name
        raise UsageError(
            f"{path}: schema {found}; `harness board upgrade {board}` rewrites it as schema "
            f"{SCHEMA}"
        )
    if found > SCHEMA:
        raise UsageError(
            f"{path}: schema {found}, written by a newer harness: pip install --upgrade infoharness"
        )


class _Reader:
    """Lines to records, each checked against the header and the line's setup."""

    def __init__(self, path: Path, head: dict[str, Any]) -> None:
        at = Line(path, 1, b"")
        self.path = path
        if head.get("plugin") != path.stem:
            said = f"plugin is {head.get('plugin')!r}; wanted {path.stem!r}, as the file is named"
            raise at.error(said)
        try:
            self.quantities = {
                name: Quantity(name=name, **q) for name, q in head["quantities"].items()
            }
            self.estimators = {
                name: Declared(str(d["summary"]), tuple(map(str, d["traits"])), str(d["paper"]))
                for name, d in head["estimators"].items()
            }
            self.distribution = str(head["distribution"])
            self.requirements = tuple(map(str, head.get("requirements", ())))
        except (KeyError, TypeError, AttributeError) as error:
            raise at.error(f"broken header: {error!r}") from error
        for name in self.estimators:
            if not FULL.fullmatch(name) or plugin_of(name) != path.stem:
                raise at.error(f"estimator {name!r}; wanted names of plugin {path.stem}")
        for text in self.requirements:
            if not REQUIREMENT.fullmatch(text):
                raise at.error(f"requirement {text!r}; wanted name==1.2.3 --hash=sha256:...")
        self.setups: dict[str, dict[str, Any]] = {}
        self.paths: dict[str, str] = {}  # two setups may be one path, on other versions or machines
        self.records: list[Record] = []
        self.seen: dict[tuple[Any, ...], int] = {}

    def add(self, line: Line) -> None:
        value = line.value
        if not isinstance(value, dict):
            raise line.error("wanted an object")
        if "setup" in value:
            self._setup(line, value)
        else:
            self._record(line, value)

    def _setup(self, line: Line, value: dict[str, Any]) -> None:
        name = value.pop("setup")
        if tuple(value) not in (SHARED, (*SHARED, "recipe")):
            raise line.error(
                f"a setup with the keys {', '.join(value)}; wanted {', '.join(SHARED)}"
            )
        if (
            not isinstance(name, str)
            or name != hashlib.sha256(_json(value).encode()).hexdigest()[:12]
        ):
            raise line.error("a setup whose name is not its digest: changed by hand")
        names = [value["task"], value["estimator"], *value["models"]]
        if any(not isinstance(n, str) or not FULL.fullmatch(n) for n in names):
            raise line.error(f"{' ▸ '.join(map(str, names))}: wanted full names, plugin/name")
        if value["estimator"] not in self.estimators:
            raise line.error(f"estimator {value['estimator']} is not declared in the header")
        quantity = self.quantities.get(value["quantity"])
        if quantity is None:
            raise line.error(f"quantity {value['quantity']!r} is not declared in the header")
        if value["unit"] != quantity.unit:
            raise line.error(
                f"unit {value['unit']!r}; {quantity.name} is in {quantity.unit or 'no unit'}"
            )
        if value.get("recipe", 1) not in range(1, RECIPE + 1):
            raise line.error(f"recipe {value['recipe']!r} of the keys; wanted 1 to {RECIPE}")
        versions = value["versions"]
        missing = [p for p in ("python", "infoharness") if not isinstance(versions.get(p), str)]
        if missing or any(not re.fullmatch(r"[\w.+!-]{1,64}", str(v)) for v in versions.values()):
            raise line.error(
                f"unknown versions: {versions}; wanted those of python and infoharness at least"
            )
        self.setups[name] = shared(self.path.stem, value)
        self.paths[name] = _json(
            [value["task"], value["models"], value["estimator"], value["params"]]
        )

    def _record(self, line: Line, value: dict[str, Any]) -> None:
        name = value.pop("of", "")
        setup = self.setups.get(name)
        if setup is None:
            raise line.error("'of' names no setup of this file")
        if unknown := value.keys() - _OWN:
            raise line.error(f"unknown key {min(unknown)!r}; wanted {', '.join(OWN)}")
        for needed in ("case", "seed", "key", "started"):
            if needed not in value:
                raise line.error(f"no {needed}")
        try:
            record = from_setup(setup, value)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise line.error(f"not a record: {error}") from error
        if fault := self._fault(record):
            raise line.error(fault)
        place = (self.paths[name], record.case, record.seed)
        if place in self.seen:
            raise line.error(f"the same path as line {self.seen[place]}")
        self.seen[place] = line.number
        self.records.append(record)

    def _fault(self, r: Record) -> str:
        """What makes a record impossible; empty where nothing does."""
        for number in (r.value, r.stderr, r.truth, *r.scores.values(), *r.truths.values()):
            if number is not None and number != number:
                return "NaN; wanted numbers, or a status that says why there is none"
        if not isinstance(r.seed, int) or isinstance(r.seed, bool) or r.seed < 0:
            return f"seed {r.seed!r}; wanted a whole number from 0 up"
        if not isinstance(r.case, str) or not r.case or len(r.case) > 200:
            return "case: wanted a text of 1 to 200 characters"
        if (r.status is Status.OK) != (r.value is not None):
            return f"status {r.status.value} {'without' if r.value is None else 'with'} a value"
        if r.stderr is not None and r.stderr < 0:
            return f"stderr {r.stderr}; wanted a number from 0 up"
        if any(c is not None and not 0 <= c < math.inf for c in map(vars(r).get, COSTS)):
            return "a negative or infinite cost"
        for name in (*r.scores, *r.truths):
            if name not in self.quantities:
                return f"score {name!r} is not declared in the header"
        if r.status is not Status.OK and r.status.failed and not r.cause:
            return f"status {r.status.value} without a cause"
        return ""

    def finish(self) -> Submission:
        order = [r.key for r in self.records]
        records = Records(self.records)
        if order != [r.key for r in records]:
            raise UsageError(
                f"{self.path}: records are not in order; write them with `harness board submit`"
            )
        return Submission(
            self.path.stem,
            records,
            self.distribution,
            self.quantities,
            self.estimators,
            self.requirements,
        )
