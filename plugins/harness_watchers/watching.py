"""The hooks of this plugin: which trackers are asked for, and each called alone.

``HARNESS_WATCH`` names them, with commas between: ``mlflow``, ``wandb:my-project``,
``tensorboard:runs``. A tracker that fails is left out for the rest of the run: one that does not
answer must not cost its time-out at every path.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, Protocol

from harness import HarnessError, Record, hookimpl, unknown_name

ASKED = "HARNESS_WATCH"
TRACKERS = {"mlflow": "MLflow", "tensorboard": "TensorBoard", "wandb": "WeightsAndBiases"}
"""Modules of this package and their classes, by the names that users give."""


class Tracker(Protocol):
    """A run in a tracker; made when the run of the harness begins."""

    def __init__(self, where: str, total: dict[str, int], cached: int) -> None:
        """``where`` is the server, project or folder; empty for the tracker's own setting."""

    def send(self, record: Record) -> None:
        """A path has ended."""

    def finish(self, summary: dict[str, Any]) -> None:
        """The run has ended."""


_watching: dict[str, Tracker] = {}


def asked() -> dict[str, str]:
    """The trackers that the environment asks for, and where."""
    parts = filter(None, map(str.strip, os.environ.get(ASKED, "").split(",")))
    return {name: where for name, _, where in (part.partition(":") for part in parts)}


@hookimpl
def harness_run_started(total: dict[str, int], cached: int) -> None:
    """Open a run in every tracker that is asked for, unless there is nothing to compute."""
    _watching.clear()
    wanted = asked() if total else {}

    def opened(name: str) -> None:
        if name not in TRACKERS:
            raise unknown_name(f"tracker in {ASKED}:", name, TRACKERS)
        module = importlib.import_module(f"harness_watchers.{name}")
        _watching[name] = getattr(module, TRACKERS[name])(wanted[name], total, cached)

    _each(wanted, opened)


@hookimpl
def harness_path_finished(record: Record) -> None:
    """Send a result to every tracker that still works."""
    _each(_watching, lambda name: _watching[name].send(record))


@hookimpl
def harness_run_finished(summary: dict[str, Any]) -> None:
    """Close the run in every tracker that still works."""
    _each(_watching, lambda name: _watching[name].finish(summary))
    _watching.clear()


def _each(names: dict[str, Any], call: Callable[[str], None]) -> None:
    """Call for each name; then raise what went wrong, in one line."""
    wrong = []
    for name in list(names):
        try:
            call(name)
        except Exception as error:
            _watching.pop(name, None)
            said = " ".join(f"{type(error).__name__}: {error}".split())
            wrong.append(f"{name} watches this run no longer ({said}); the store has all results")
    if wrong:
        raise HarnessError("; ".join(wrong))
