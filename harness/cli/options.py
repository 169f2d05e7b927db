"""Options that several verbs share."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from typing import Any

from harness.errors import UsageError
from harness.params import split_setting
from harness.plan import Request
from harness.registry import Registry, load
from harness.store import Store, default_path

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
    """``"0,3,5"`` or ``"0:5"`` (the end is left out) as numbers."""
    try:
        if ":" in text:
            first, _, last = text.partition(":")
            found = tuple(range(int(first or 0), int(last)))
        else:
            found = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        found = ()
    if not found or min(found) < 0:
        raise UsageError(f"--seeds {text!r}; wanted numbers from 0 up, such as 0,1,2 or 0:5")
    return found


def registry(args: argparse.Namespace) -> Registry:
    """The plugins, without those that ``--no-plugin`` names."""
    return load(blocked=args.no_plugin, only=getattr(args, "plugin", ()) or ())


def store(args: argparse.Namespace, *, write: bool = False) -> Store:
    """The store that ``--store`` or the environment names."""
    return Store(args.store or default_path(), write=write, waiting=say)


def say(text: str) -> None:
    """Talk to the user, on standard error."""
    print(f"harness: {text}", file=sys.stderr, flush=True)


def columns() -> int:
    """The width of the terminal; of a page where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def filled(text: str, first: str, further: str) -> str:
    """A paragraph in the width of the terminal, broken at words; ``first`` and ``further`` begin
    its lines."""
    return textwrap.fill(
        text,
        columns(),
        initial_indent=first,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )
