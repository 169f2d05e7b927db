"""``harness plugin``: what is installed and what ails it, a new plugin, the conformance suite."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.cli import options
from harness.cli.list_ import PLURAL
from harness.components import Plugin
from harness.errors import MissingDependency, UsageError, unknown_name
from harness.params import split_setting
from harness.specs import OFFERS

STYLES = {"ok": "green", "passed": "green", "skipped": "yellow", "blocked": "yellow"}
"""Colours of states and results on a terminal; all others are red."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the three actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, summary: str) -> argparse.ArgumentParser:
        one = actions.add_parser(
            name, help=summary, description=summary.capitalize() + ".", allow_abbrev=False
        )
        one.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks"
        )
        return one

    shown = action("list", "every plugin: its state, where it comes from, and what fixes it")
    new = action("new", "write a small plugin project to start from")
    new.add_argument("name", metavar="NAME", help="the plugin's name; the project is harness-NAME")
    new.add_argument(
        "--into", metavar="DIR", default=".", help="folder to write it in (default: here)"
    )
    check = action("check", "run the conformance suite on an installed plugin")
    check.add_argument("name", metavar="NAME", help="an installed plugin")
    check.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME.PARAM=VALUE",
        help="a parameter to check with; repeatable",
    )
    check.add_argument("--strict", action="store_true", help="fail where a check is skipped, too")
    for one in (shown, check):
        one.add_argument(
            "--format",
            choices=("table", "json"),
            default="table",
            help="how to print (default: table)",
        )
        options.add_plugins(one)


def run(args: argparse.Namespace) -> int:
    """Do the action."""
    return {"list": _list, "new": _new, "check": _check}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    plugins = [plugin for _, plugin in sorted(options.registry(args).plugins.items())]
    if args.format == "json":
        for plugin in plugins:
            print(json.dumps(_facts(plugin)))
        return 0
    rows = []
    for facts in map(_facts, plugins):
        offers = (
            ", ".join(f"{n} {_plural(role, n)}" for role, n in facts["components"].items() if n)
            or "nothing"
        )
        problem = f"{facts['problem']}\nfix: {facts['fix']}" if facts["problem"] else ""
        source = f"{facts['distribution'] or facts['module']} {facts['version']}".strip()
        rows.append((facts["name"], facts["state"], source, offers, facts["location"], problem))
    _print(("plugin", "state", "distribution", "offers", "location", "problem"), rows, styled=1)
    if args.debug:
        for plugin in plugins:
            if plugin.trace:
                options.say(f"plugin {plugin.name}:\n{plugin.trace}")
    return 0


def _facts(plugin: Plugin) -> dict[str, Any]:
    """One row of the list, as plain data."""
    problem, fix = plugin.problem, plugin.fix
    absent: dict[str, MissingDependency] = {}
    for component in plugin.components:
        if found := component.missing():
            absent[component.name] = found
    if absent and not problem:
        names = ", ".join(sorted({a.package for a in absent.values()}))
        problem = f"{len(absent)} of {len(plugin.components)} components need {names}"
        fix = "; ".join(sorted({a.install for a in absent.values()}))
    counts = {role: sum(c.role == role for c in plugin.components) for role in OFFERS}
    return {
        "name": plugin.name,
        "state": plugin.state,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "module": plugin.module,
        "location": plugin.location,
        "components": counts,
        "problem": problem,
        "fix": fix,
    }


def _plural(role: str, count: int) -> str:
    return role if count == 1 else PLURAL[role]


def _new(args: argparse.Namespace) -> int:
    from harness import templates

    taken = options.registry(argparse.Namespace(no_plugin=[])).plugins.get(args.name)
    if taken is not None:
        raise UsageError(
            f"plugin name {args.name!r} is taken by {taken.distribution or taken.module}; choose "
            "another"
        )
    project = templates.write_project(args.name, Path(args.into))
    print(project)
    options.say(f"next: pip install -e '{project}[test]' && harness plugin check {args.name}")
    return 0


def _check(args: argparse.Namespace) -> int:
    with _aside():
        from harness import testing

        registry = options.registry(
            argparse.Namespace(no_plugin=args.no_plugin, plugin=[args.name])
        )
        if args.name not in registry.plugins:
            raise unknown_name("plugin", args.name, registry.plugins)
        plugin = registry.plugins[args.name]
        params: dict[str, dict[str, Any]] = {}
        for text in args.set:
            name, param, value = split_setting(text)
            params.setdefault(name, {})[param] = value
        verdicts = testing.verdicts(testing.checks(plugin, registry, params))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    rows = []
    while True:
        with _aside():
            verdict = next(verdicts, None)
        if verdict is None:
            break
        counts[verdict.result] += 1
        if args.format == "json":
            row = {"check": verdict.check, "component": verdict.component}
            print(
                json.dumps(row | {"result": verdict.result, "reason": verdict.reason}), flush=True
            )
        rows.append((verdict.check, verdict.component, verdict.result, verdict.reason))
    if args.format == "table":
        _print(("check", "component", "result", "reason"), rows, styled=2)
    for check, component, result, reason in rows:
        if result == "skipped":
            options.say(f"skipped: {component}-{check}: {reason}")
    options.say(
        f"plugin {args.name}: " + ", ".join(f"{n} {result}" for result, n in counts.items())
    )
    return 1 if counts["failed"] or (args.strict and counts["skipped"]) else 0


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """Within ``with``, what plugins and their child processes print goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _print(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, styled: int) -> None:
    """A table: with lines and colours on a terminal, aligned text elsewhere; the last column may
    be long."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for title in header:
            table.add_column(title, overflow="fold")
        for row in rows:
            style = STYLES.get(row[styled], "red")
            table.add_row(*(Text(cell, style if i == styled else "") for i, cell in enumerate(row)))
        Console().print(table)
        return
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header) - 1)]
    for row in (header, *rows):
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1].replace("\n", "; ")]).rstrip())
