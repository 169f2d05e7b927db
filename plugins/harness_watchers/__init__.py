"""Plugin `watchers`: results of a run sent to experiment trackers that ``HARNESS_WATCH`` names."""

from __future__ import annotations

from harness_watchers.watching import (
    harness_path_finished,
    harness_run_finished,
    harness_run_started,
)

HARNESS_API = 1
__all__ = ["harness_path_finished", "harness_run_finished", "harness_run_started"]
