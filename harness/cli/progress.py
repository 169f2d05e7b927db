"""Progress of a run: a watcher like any plugin's. Bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from harness.cli.options import columns, say
from harness.hookspecs import hookimpl
from harness.long_work import Progress
from harness.plan import Path
from harness.records import Record

if TYPE_CHECKING:
    from rich.progress import TaskID

QUIET_S = 5.0
"""Seconds between plain lines, at least."""
WIDE = 80
"""Columns of a plain line, at most."""


def _say(what: str, how_far: str) -> None:
    """A line that fits; where it does not, less of what is told."""
    room = min(WIDE, columns()) - len("harness: ")
    say(_shortened(what, room - len(how_far)) + _shortened(how_far, room))


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(room - 2, 0)]}… "


class Lines:
    """A line every few seconds, for logs."""

    def __init__(self) -> None:
        self._total = self._done = self._failed = 0
        self._last = self._before = time.monotonic()
        self._spent = self._most = 0.0

    @hookimpl
    def harness_run_started(self, total: dict[str, int], cached: int) -> None:
        """Say how much there is to do."""
        self._total = sum(total.values())
        found = f"; {cached} found in the store" if cached else ""
        say(f"{self._total or 'nothing'} to compute{found}")

    @hookimpl
    def harness_path_progress(
        self, path: Path, source: str, done: float, total: float, note: str
    ) -> None:
        """Say how far a long path has come, now and then."""
        if self._due():
            _say(f"{path.estimator.name} on {source}: ", f"{Progress(done, total, note)}")

    @hookimpl
    def harness_path_finished(self, record: Record) -> None:
        """Count, and say so now and then."""
        self._done += 1
        self._failed += record.status.failed
        now = time.monotonic()
        if self._done > 1:  # what came before the first, processes and imports, comes once
            self._spent += now - self._before
            self._most = max(self._most, now - self._before)
        self._before = now
        if self._due():
            say(f"{self._done}/{self._total} done, {self._failed} failed{self._left()}")

    def _left(self) -> str:
        """The time left, by the mean over those that are finished but for the first and the
        slowest: one that compiles or loads what the others share must not count for each."""
        if self._done < 3:
            return ""
        left = (self._spent - self._most) / (self._done - 2) * (self._total - self._done)
        return f", about {left:.0f} s left"

    def _due(self) -> bool:
        """Whether it is time for a line; then the next one waits."""
        now = time.monotonic()
        if now - self._last < QUIET_S:
            return False
        self._last = now
        return True


class Bars:
    """One bar per task on a terminal, with the time left and the failures."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.table import Column

        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(10),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn(
                "{task.fields[note]}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._bars: dict[str, TaskID] = {}
        self._failed: dict[str, int] = {}

    @hookimpl
    def harness_run_started(self, total: dict[str, int], cached: int) -> None:
        """Begin to draw."""
        if not total:
            say(f"nothing to compute; {cached} found in the store")
            return
        self._progress.start()
        note = f"{cached} found in the store" if cached else ""
        self._bars = {
            task: self._progress.add_task(task, total=count, note=note)
            for task, count in total.items()
        }

    @hookimpl
    def harness_path_progress(
        self, path: Path, source: str, done: float, total: float, note: str
    ) -> None:
        """Say beside the bar how far the path has come."""
        said = f"{Progress(done, total, note)}: {path.estimator.name} on {source}"
        self._progress.update(self._bars[path.task.name], note=said)

    @hookimpl
    def harness_path_finished(self, record: Record) -> None:
        """Move the bar."""
        failed = self._failed[record.task] = self._failed.get(record.task, 0) + record.status.failed
        note = f"{record.estimator} on {record.case}" + (f", {failed} failed" if failed else "")
        self._progress.update(self._bars[record.task], advance=1, note=note)

    @hookimpl
    def harness_run_finished(self, summary: dict[str, Any]) -> None:
        """Take the bars away."""
        self._progress.stop()


def watcher() -> Lines | Bars:
    """The watcher that suits standard error."""
    return Bars() if sys.stderr.isatty() else Lines()
