"""The whole plugin contract: nine hooks. Implement any of them in the module that your entry
point (group ``harness``) names, decorated with ``@harness.hookimpl``, beside ``HARNESS_API = 1``.

The order of plugins means nothing. Each implementation is called alone: one that raises becomes
a row of ``harness plugin list`` and stops nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from harness.plan import Path, Plan
    from harness.records import Record
    from harness.specs import CommandSpec, EstimatorSpec, ModelSpec, ReportSpec, TaskSpec

hookspec = pluggy.HookspecMarker("harness")
hookimpl = pluggy.HookimplMarker("harness")


# What a plugin offers. Called once per process; return any iterable of specs.


@hookspec
def harness_estimators() -> Iterable[EstimatorSpec]:
    """The estimators of this plugin."""
    return ()


@hookspec
def harness_models() -> Iterable[ModelSpec]:
    """The models of this plugin."""
    return ()


@hookspec
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return ()


@hookspec
def harness_reports() -> Iterable[ReportSpec]:
    """The reports of this plugin: ``harness report plugin/name RECORDS``."""
    return ()


@hookspec
def harness_commands() -> Iterable[CommandSpec]:
    """The verbs that this plugin adds to the command line: ``harness VERB``."""
    return ()


# Watchers: progress bars, trackers, notifiers. Called in the parent process of a run.


@hookspec
def harness_run_started(plan: Plan, total: dict[str, int], cached: int) -> None:
    """A run begins: ``total`` results by task are to be computed, ``cached`` ones were stored."""


@hookspec
def harness_path_progress(path: Path, source: str, done: float, total: float, note: str) -> None:
    """A path on the data ``source`` has come to ``done`` of ``total``: see `harness.progress`."""


@hookspec
def harness_path_finished(record: Record) -> None:
    """A path has ended, well or badly; its record is already in the store."""


@hookspec
def harness_run_finished(summary: dict[str, Any]) -> None:
    """A run has ended: ``summary`` counts paths by status and gives the seconds it took."""
