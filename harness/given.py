"""Objects in memory as data of a run: the task that takes one writes it to a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.registry import Registry
from harness.specs import resolve


def placed(
    registry: Registry, data: Any, tasks: Iterable[str], folder: Path
) -> tuple[str, dict[str, Any]]:
    """The task that takes an object, and the parameters that name the file it was written to.

    Raises
    ------
    UsageError : no task takes it, or several do and ``tasks`` names none of them.
    DataError : what it holds suits no task of its kind.
    """
    named = [c for name in tasks for c in registry.matching("task", name)]
    known = [c for c in named or registry.components["task"].values() if c.spec.takes]
    found = []
    for component in known:
        given = resolve(component.spec.takes, component.name)(data, folder)
        if given is not None:
            found.append((component.name, dict(given)))
    what = type(data).__name__
    if not found:
        takers = sorted(c.name for c in registry.components["task"].values() if c.spec.takes)
        among = f"; none of {', '.join(c.name for c in named)} does" if named else ""
        raise UsageError(f"no task takes a {what}{among}; {', '.join(takers)} take objects")
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise UsageError(f"several tasks take a {what}: {names}; wanted one of them in tasks=")
    return found[0]
