"""The verbs of the command line: the host's, and those that plugins add by `harness_commands`.

``harness --help`` takes 30 ms of user time, loading all plugins seven times as long. So the verbs
of plugins are kept in a file of the user's cache folder, with what they depend on: the installed
distributions, and the files of the plugins' modules. Where any of these has changed, the plugins
are loaded again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from harness import folders

HOST = {
    "run": "run every legal path of a request",
    "plan": "show the legal paths, and why others are not",
    "list": "list estimators, models, tasks and reports",
    "show": "show a component: parameters, kinds, paper",
    "results": "look at stored results",
    "plot": "draw stored results: values, rates, layers, or a report's figure",
    "report": "make a figure, a table of findings or a page from records",
    "verify": "recompute a sample of stored results and report drift",
    "plugin": "plugins: list, new, check",
    "store": "the result store: info, check, merge, rm, gc",
    "doctor": "what is installed, and what is missing",
}
"""Summaries of the host's own verbs."""

Verbs = dict[str, tuple[str, str]]
"""Summary and module by verb."""


def known(*, fresh: bool = False) -> Verbs:
    """All verbs: the host's, then those of plugins by name.

    Parameters
    ----------
    fresh : ask the plugins, whatever is kept.
    """
    kept = None if fresh else _kept()
    return host() | (_asked() if kept is None else kept)


def host() -> Verbs:
    """The host's own verbs."""
    modules = {name: "list_" if name == "list" else name for name in HOST}
    return {name: (text, f"harness.cli.{modules[name]}") for name, text in HOST.items()}


def _kept() -> Verbs | None:
    """The verbs of plugins as they were last time; None where something has changed since."""
    try:
        raw = json.loads(_file().read_text(encoding="utf-8"))
        if raw["installed"] != _installed() or raw["modules"] != _times(
            n for n, _ in raw["modules"]
        ):
            return None
        return {name: (str(text), str(module)) for name, (text, module) in raw["verbs"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _asked() -> Verbs:
    """The verbs of the plugins that load now; kept, where there is a place to keep them."""
    from harness import registry

    loaded = registry.load()
    found = {
        name: (spec.summary, spec.implementation)
        for name, (_, spec) in sorted(loaded.commands.items())
    }
    files = {getattr(sys.modules.get(p.module), "__file__", None) for p in loaded.plugins.values()}
    state = {"installed": _installed(), "modules": _times(sorted(filter(None, files)))}
    with contextlib.suppress(OSError):
        from harness.files import whole

        with whole(_file()) as out:
            out.write(json.dumps({**state, "verbs": found}).encode())
    return found


def _file() -> Path:
    return folders.cache() / "verbs.json"


def _installed() -> list[list[str | int]]:
    """Every distribution on the path with the time of its last change, and the plugins' switch."""
    found: list[list[str | int]] = []
    for folder in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            found += [
                [os.path.abspath(e.path), e.stat().st_mtime_ns]  # noqa: PTH100 - pathlib is slower
                for e in entries
                if e.name.endswith((".dist-info", ".egg-info"))
            ]
    return [*sorted(found), [os.environ.get("HARNESS_DISABLE_PLUGIN_AUTOLOAD", ""), 0]]


def _times(files: Iterable[str]) -> list[list[str | int]]:
    return [[name, os.stat(name).st_mtime_ns] for name in files]  # noqa: PTH116 - pathlib is slower
