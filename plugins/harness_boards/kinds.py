"""The kinds of section that there are, and what ``board.toml`` says of each section."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Any

from harness import UsageError, stream, unknown_name
from harness_boards import sections
from harness_boards.clusters import Clusters
from harness_boards.contents import Contents
from harness_boards.sections.base import COMMON, Definition, Section

for _module in pkgutil.iter_modules(sections.__path__):
    importlib.import_module(f"{sections.__name__}.{_module.name}")


def define(raw: Any, where: str) -> Definition:
    """A block of ``[[sections]]``. Raises `UsageError` for what is wrong in it."""
    every = {
        key: kind for section in Section.kinds.values() for key, kind in section.options.items()
    }
    check(raw, COMMON | every, where)
    name = raw.get("kind", "")
    if name not in Section.kinds:
        *most, last = sorted(Section.kinds)
        raise UsageError(f"{where}: kind is {name!r}; wanted {', '.join(most)} or {last}")
    kind = Section.kinds[name]
    for key in raw:
        if key not in COMMON and key not in kind.options:
            owners = [k for k, section in sorted(Section.kinds.items()) if key in section.options]
            raise UsageError(
                f"{where}: {key} belongs to {' and '.join(owners)} sections; this one is {name}"
            )
    common: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in raw.items() if k in COMMON
    }
    if "cluster" in raw:
        common["cluster"] = Clusters.read(raw["cluster"], where)
    return Definition(**common, options=kind.check(raw, where))


def reads(definition: Definition) -> tuple[str, ...]:
    """The other boards whose records a section reads."""
    return Section.kinds[definition.kind].reads(definition)


def stand(
    name: str, definitions: Sequence[Definition], contents: Contents, seeds: Sequence[int]
) -> list[Section]:
    """Work out the sections of the board of that name; without definitions those that suit.

    Raises `UsageError` where records are not comparable or a section names nothing.
    """
    return [
        Section.kinds[d.kind].of(d, contents, seeds, stream(0, "board", name, str(number)))
        for number, d in enumerate(definitions or suitable(contents))
    ]


def suitable(contents: Contents) -> tuple[Definition, ...]:
    """A section per quantity, of the first kind that suits it."""
    found: dict[str, Definition] = {}
    for r in contents.records:
        for name in (r.quantity, *r.scores):
            if name not in found:
                quantity = contents.quantities[name]
                for kind, section in Section.kinds.items():
                    if section.suits(r, quantity):
                        found.setdefault(name, Definition(kind, name))
    return tuple(found.values())


def check(raw: Any, keys: Mapping[str, Any], where: str) -> None:
    """Raise `UsageError` where a table of ``board.toml`` has unknown keys or values of another
    type."""
    if not isinstance(raw, dict):
        raise UsageError(f"{where}: {raw!r}; wanted a table")
    for key, value in raw.items():
        if key not in keys:
            raise UsageError(f"{where}: {unknown_name('key', key, keys)}")
        kinds = keys[key] if isinstance(keys[key], tuple) else (keys[key],)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise UsageError(f"{where}: {key} is {type(value).__name__}; wanted {wanted}")
        if (
            keys[key] is list
            and key not in ("seeds", "paths", "sections", "fields")
            and not all(isinstance(v, str) for v in value)
        ):
            raise UsageError(f"{where}: {key} is {value!r}; wanted a list of names")
