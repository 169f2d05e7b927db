"""Options that several verbs share."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import textwrap
from collections.abc import Collection
from pathlib import Path
from typing import Any

from harness import plain
from harness.errors import UsageError
from harness.params import split_setting
from harness.plan import Request
from harness.records import Records
from harness.registry import Registry, load
from harness.store import Store, default_path

MOST_SEEDS, LARGEST_SEED = 1_000_000, 2**63 - 1
FORMATS = ("table", "markdown", "csv", "latex", "json")


def add_plugins(parser: argparse.ArgumentParser) -> None:
    """``--no-plugin``."""
    parser.add_argument(
        "--no-plugin", action="append", default=[], metavar="NAME", help="do not load this plugin"
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store``."""
    parser.add_argument(
        "--store",
        metavar="FILE",
        help="the result store (default: HARNESS_STORE or user data folder)",
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    """``--format`` and ``--unit``."""
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="how to print (default: table)"
    )
    parser.add_argument(
        "--unit", choices=("nats", "bits"), default="nats", help="unit of information when printed"
    )


def add_request(parser: argparse.ArgumentParser) -> None:
    """What to run."""
    or_function = ", or a function, package.module:function"
    for role in ("plugin", "task", "model", "estimator"):
        parser.add_argument(
            f"--{role}",
            action="append",
            default=[],
            metavar="NAME",
            help=f"{role} by name or glob{or_function if role == 'estimator' else ''}; repeatable",
        )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME.PARAM=VALUE",
        help="a parameter; repeatable",
    )
    parser.add_argument(
        "--seeds", default="0", metavar="LIST", help="such as 0,1,2 or 0:5 (default: 0)"
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="such as cuda: the parameter 'device' of every component on a path that has one",
    )
    parser.add_argument(
        "--no-baselines", action="store_true", help="leave out the baselines that a task names"
    )
    add_plugins(parser)


def request(args: argparse.Namespace) -> Request:
    """The request that the options of `add_request` describe. Raises `UsageError`."""
    params: dict[str, dict[str, Any]] = {}
    for text in args.set:
        name, param, value = split_setting(text)
        params.setdefault(name, {})[param] = value
    return Request(
        tuple(args.plugin),
        tuple(args.task),
        tuple(args.model),
        tuple(args.estimator),
        params,
        seeds(args.seeds),
        not args.no_baselines,
        args.device,
    )


def seeds(text: str) -> tuple[int, ...]:
    """``"0,3,5"`` or ``"0:5"`` (the end is left out) as numbers. Raises `UsageError`."""
    found: Collection[int]
    try:
        if ":" in text:
            first, _, last = text.partition(":")
            found = range(_seed(first or "0"), _seed(last))
        else:
            found = dict.fromkeys(_seed(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not 0 < len(found) <= MOST_SEEDS:
        raise UsageError(
            f"--seeds {text!r:.60}; wanted numbers from 0 up, such as 0,1,2 or 0:5, at most "
            f"{MOST_SEEDS} of them and none above {LARGEST_SEED}"
        )
    return tuple(found)


def _seed(text: str) -> int:
    """A number in plain digits; Python's own reading takes more. Raises `ValueError`."""
    if not (text.strip().isascii() and text.strip().isdigit() and int(text) <= LARGEST_SEED):
        raise ValueError(text)
    return int(text)


def registry(args: argparse.Namespace) -> Registry:
    """The plugins, without those that ``--no-plugin`` names."""
    return load(blocked=args.no_plugin, only=getattr(args, "plugin", ()) or ())


def store(args: argparse.Namespace, *, write: bool = False) -> Store:
    """The store that ``--store`` or the environment names."""
    return Store(args.store or default_path(), write=write, tell=say)


def add_save(parser: argparse.ArgumentParser) -> None:
    """``--save``."""
    parser.add_argument(
        "--save",
        metavar="FOLDER",
        help="write every output there: selections, predictions, curves, values of single units, "
        "and index.csv",
    )


def save(args: argparse.Namespace, records: Records, store: Store, registry: Registry) -> None:
    """Write the outputs where ``--save`` names a folder."""
    if args.save:
        from harness import saving
        from harness.tables import counted

        folder = Path(args.save).expanduser()
        count = saving.save(records, store, registry, folder, say, args.unit)
        say(f"{counted(count, 'file')} and {saving.INDEX} in {folder}")


def command() -> str:
    """The command line that runs, for the metadata of what it makes."""
    return f"harness {shlex.join(sys.argv[1:])}"


def target(text: str) -> Path:
    """A file to be written. Raises `UsageError` where its folder does not exist."""
    path = Path(text).expanduser()
    if not path.parent.is_dir():
        raise UsageError(f"{path}: the folder {path.parent} does not exist; wanted one that does")
    return path


def say(text: str) -> None:
    """Talk to the user, on standard error."""
    print(f"harness: {plain.shown(text)}", file=sys.stderr, flush=True)


def columns() -> int:
    """The width of the terminal; of a page where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def filled(text: str, first: str, further: str) -> str:
    """A paragraph in the width of the terminal, broken at words; ``first`` and ``further`` begin
    its lines."""
    word = text.split(maxsplit=1)[0] if text else ""
    if len(first) + len(word) > columns() > len(further) + len(word):
        return f"{first.rstrip()}\n{filled(text, further, further)}"
    return textwrap.fill(
        text,
        columns(),
        initial_indent=first,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )
