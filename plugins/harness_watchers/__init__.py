"""Results of a run sent to experiment trackers, where ``HARNESS_WATCH`` asks for it."""

from __future__ import annotations

from typing import Any

from harness import Record, hookimpl

HARNESS_API = 1


@hookimpl
def harness_run_started(total: dict[str, int], cached: int) -> None:
    """Open a run in every tracker that is asked for."""
    from harness_watchers import watching

    watching.start(total, cached)


@hookimpl
def harness_path_finished(record: Record) -> None:
    """Send a result."""
    from harness_watchers import watching

    watching.send(record)


@hookimpl
def harness_run_finished(summary: dict[str, Any]) -> None:
    """Close the runs."""
    from harness_watchers import watching

    watching.finish(summary)
