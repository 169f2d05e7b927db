"""``harness list``: what there is."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import textwrap
from pathlib import Path

from harness.cli import options
from harness.components import Component
from harness.errors import UsageError
from harness.files import COMPRESSED, NEVER_PACKED, unpacked
from harness.plan import reads
from harness.registry import Registry
from harness.specs import OFFERS, ROLES

PLURAL = {"estimator": "estimators", "model": "models", "task": "tasks", "report": "reports"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("what", nargs="?", choices=tuple(PLURAL.values()), help="only these")
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="only of this plugin; repeatable",
    )
    parser.add_argument(
        "--all", action="store_true", help="every component, where the default is a line per plugin"
    )
    parser.add_argument(
        "--mine", metavar="FILE", help="the tasks that read such a file or folder, with the command"
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Print the components, and how many plugins did not load."""
    registry = options.registry(args)
    if args.mine:
        return _mine(registry, args.mine)
    brief = not (args.what or args.plugin or args.all or args.format == "json")
    if brief:
        _overview(registry)
    for role in () if brief else OFFERS:
        if args.what not in (None, PLURAL[role]):
            continue
        found = sorted(registry.components[role].values(), key=lambda c: c.name)
        if args.plugin:
            names = {c.name for plugin in args.plugin for c in registry.of_plugin(plugin, role)}
            found = [c for c in found if c.name in names]
        if args.format == "json":
            for component in found:
                print(json.dumps(_facts(component)))
        elif found:
            _print(PLURAL[role], found)
    bad = [p.name for p in registry.plugins.values() if p.state not in ("ok", "blocked")]
    if bad:
        options.say(
            f"{len(bad)} plugins have problems ({', '.join(bad)}): see `harness plugin list`"
        )
    return 0


def kinds(component: Component) -> str:
    """``Structures → Environments`` and the like; of a report what it reads."""
    if component.role == "report":
        return ", ".join(component.spec.reads) or "any records"
    gives: str = component.spec.gives.__name__
    if component.role == "task":
        return gives
    return " or ".join(k.__name__ for k in reads(component)) + f" → {gives}"


def _overview(registry: Registry) -> None:
    """A line per plugin: how many estimators, models and tasks it has, and what they are about."""
    width = max((len(name) for name in registry.plugins), default=0)
    print(f"{'':{width}}  est.  models  tasks")
    for name, plugin in sorted(registry.plugins.items()):
        if plugin.state != "ok":
            continue
        counts = [len(registry.of_plugin(name, role)) for role in ROLES]
        numbers = "".join(f"{n or '–':>{w}}" for n, w in zip(counts, (6, 8, 7), strict=True))
        doc = (sys.modules[plugin.module].__doc__ or "").partition("\n")[0]
        about = re.sub(r"^Plugin `\w+`: |(Neutral t|T)asks on ", "", doc).replace("``", "")
        room = options.columns() - width - 23
        print(f"{name:{width}}{numbers}  {_within(about, room)}")
    told = "harness list estimators | models | tasks | reports, --plugin NAME, --all; "
    print(f"\n{options.filled(f'{told}harness show NAME', '', '')}")


def _within(text: str, room: int) -> str:
    """As many of the phrases of a line as there is room for, where these fill half of it; else as
    many of its words."""
    text = text.rstrip(".")
    ends = [len(text), *(m.start() for m in re.finditer(r"[,;:.] | \(", text))]
    fits = [e for e in ends if e <= room and text.count("(", 0, e) == text.count(")", 0, e)]
    if 2 * max(fits, default=0) >= min(room, len(text)):
        return text[: max(fits)]
    return textwrap.shorten(text, room, placeholder=" …", break_on_hyphens=False)


def _mine(registry: Registry, file: str) -> int:
    """The tasks that read a file of this ending; status 2 where there is none."""
    path = Path(file).expanduser()
    if not path.exists():
        raise UsageError(f"{file}: no such file or folder")
    found, endings = [], set()
    name = path.name.lower()
    if not name.endswith(tuple(f"{e}{c}" for e in NEVER_PACKED for c in COMPRESSED)):
        name = unpacked(Path(name)).name
    for task in sorted(registry.components["task"].values(), key=lambda c: c.name):
        for param, known in task.spec.files.items():
            endings |= set(known)
            if (path.is_dir() and "/" in known) or name.endswith(known):
                found.append((task, param))
    if not found:
        raise UsageError(
            f"{file}: no task reads such a {'folder' if path.is_dir() else 'file'}; those that are "
            f"read are {', '.join(sorted(endings - {'/'}))}"
        )
    for task, param in found:
        bare = task.name.rpartition("/")[2]
        print(options.filled(task.spec.summary, f"{task.name}  ", "    "))
        command = f"    harness run --task {bare}"
        setting = f"--set {shlex.quote(f'{bare}.{param}={file}')}"
        fits = len(command) + len(setting) < options.columns()
        print(command, setting, sep=" " if fits else " \\\n        ")
    told = "by the ending of its name; harness show TASK says what it must hold"
    print(f"\n{options.filled(told, '', '')}")
    return 0


def _facts(component: Component) -> dict[str, object]:
    spec = component.spec
    return {
        "role": component.role,
        "name": component.name,
        "summary": spec.summary,
        "reads": _read(component),
        "gives": None if component.role == "report" else spec.gives.__name__,
        "quantity": getattr(getattr(spec, "quantity", None), "name", None),
        "params": {p.name: p.default for p in spec.parameters},
        "missing": absent.package if (absent := component.missing()) else None,
        "paper": spec.paper,
    }


def _read(component: Component) -> list[str]:
    """The names of kinds; for a report, of the components whose records it reads."""
    if component.role == "report":
        return list(component.spec.reads)
    return [] if component.role == "task" else [kind.__name__ for kind in reads(component)]


def _print(title: str, found: list[Component]) -> None:
    rows = []
    for component in found:
        absent = component.missing()
        rows.append(
            (
                component.name,
                kinds(component),
                f"(needs {absent.package}) " if absent else "",
                component.spec.summary,
            )
        )
    name, kind = max(len(r[0]) for r in rows), max(len(r[1]) for r in rows)
    sys.stdout.write(f"{title}\n")
    for row in rows:
        told = f"{row[2]}{row[3]}"
        if name + kind + 40 <= options.columns():
            first = f"  {row[0]:{name}}  {row[1]:{kind}}  "
            print(options.filled(told, first, " " * len(first)))
        else:  # no room for columns: what it is stands below its name
            print(options.filled(row[1], f"  {row[0]}  ", 6 * " "))
            print(options.filled(told, 6 * " ", 6 * " "))
