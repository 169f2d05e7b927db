"""``harness run --out DIR`` and ``--config FILE``: a run as files, to read or to repeat."""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import harness
from harness import plots, reports
from harness.cli import options
from harness.errors import MissingDependency, UsageError
from harness.files import whole
from harness.records import Records, Status
from harness.registry import Registry
from harness.tables import tables
from harness.tables.render import to_csv, to_text
from harness.tables.scale import Scale

ONCE = ("config", "save_config", "out", "save", "dry_run", "why_not", "debug", "verb")
"""What belongs to one call, and is not written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``--config``, ``--save-config`` and ``--out``."""
    parser.add_argument(
        "--config", metavar="FILE", help="options from a TOML file; those given here go before"
    )
    parser.add_argument("--save-config", metavar="FILE", help="write the options as such a file")
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="write tables, CSV, records, figures, options and versions to a folder",
    )


def fill(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Take from the file of ``--config`` what the command line does not say.

    Raises `UsageError` for a file that cannot be read, an unknown option or a wrong value.
    """
    known = _kept(parser)
    for name, value in read(args.config).items() if args.config else ():
        if name not in known:
            raise UsageError(
                f"{args.config}: unknown option {name!r}; wanted {', '.join(sorted(known))}"
            )
        action = known[name]
        many, switch = isinstance(action.default, list), action.nargs == 0
        right = (
            isinstance(value, list) and all(isinstance(v, str) for v in value)
            if many
            else isinstance(value, bool)
            if switch
            else isinstance(value, str | int | float) and not isinstance(value, bool)
        )
        if not right:
            wanted = (
                "a list of texts" if many else "true or false" if switch else "text or a number"
            )
            raise UsageError(f"{args.config}: {name} = {value!r}; wanted {wanted}")
        taken: Any = value
        if not (many or switch):
            try:
                taken = action.type(value) if callable(action.type) else str(value)
            except ValueError as error:
                raise UsageError(f"{args.config}: {name} = {value!r}: {error}") from error
            if action.choices and taken not in action.choices:
                raise UsageError(
                    f"{args.config}: {name} = {value!r}; wanted {', '.join(action.choices)}"
                )
        if name == "set":  # the later ones win, setting by setting
            args.set = [*value, *args.set]
        elif getattr(args, name) == action.default:
            setattr(args, name, taken)


def _kept(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {a.dest: a for a in parser._actions if a.dest not in (*ONCE, "help")}


def read(file: str) -> dict[str, Any]:
    """The options of a file. Raises `UsageError`."""
    try:
        return tomllib.loads(Path(file).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"--config {file}: cannot be read ({error})") from error


def config(args: argparse.Namespace, parser: argparse.ArgumentParser) -> str:
    """The options that are not the default, as TOML: what JSON has of texts, numbers and lists."""
    said = {
        name: getattr(args, name)
        for name, action in _kept(parser).items()
        if getattr(args, name) != action.default
    }
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in said.items()]
    return "\n".join([f"# harness {harness.__version__}: harness run --config FILE", *lines, ""])


def write(text: str | bytes, path: Path) -> None:
    """A file, whole or not at all. Raises `UsageError`."""
    try:
        with whole(path) as out:
            out.write(text.encode() if isinstance(text, str) else text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error})") from error


def folder(text: str) -> Path:
    """The folder of ``--out``, made where it is not there. Raises `UsageError`."""
    path = options.target(text)
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {text}: cannot be made ({error})") from error
    return path


def results(
    path: Path, records: Records, registry: Registry, unit: str, config: str, command: str
) -> None:
    """Fill a folder with what a run gave."""
    write(to_text(tables(records, registry.quantity, unit), "markdown"), path / "tables.md")
    write(to_csv(records), path / "results.csv")
    write("".join(f"{r.to_json()}\n" for r in records), path / "records.jsonl")
    write(config, path / "run.toml")
    versions: dict[str, str] = {"infoharness": harness.__version__}
    for record in records:
        versions |= record.versions
    machines = list(dict.fromkeys(r.machine for r in records if r.machine))
    told = {"versions": dict(sorted(versions.items())), "machines": machines, "command": command}
    write(json.dumps(told, indent=1, ensure_ascii=False) + "\n", path / "versions.json")
    good, scale = records.where(lambda r: r.status is Status.OK), Scale(registry.quantity, unit)
    for name, (make, _) in plots.OWN.items():
        try:
            extra = ("rate",) if name == "rate" else ()
            made = make(good, scale, *extra)
            reports.write(made, path / f"{name}.png", name, command)
        except MissingDependency as error:
            options.say(f"no figures: {error}")
            return
        except UsageError:  # these records have no such figure
            continue
