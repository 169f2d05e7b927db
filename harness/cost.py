"""Wall time, CPU time and true peak memory of one piece of work in this process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# By name, so that what others do to the module `time` changes no figure.
from time import perf_counter, process_time

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Cost:
    """Seconds and MiB between `start` and `stop`; ``peak_mib`` is the most that was added.

    Processes that were started in between count: the CPU time of those that have ended, and the
    memory of the largest one as far as it is sure that it is not this process's own.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float | None = None

    @classmethod
    def start(cls) -> Cost:
        """Begin; the kernel's high-water mark is reset where it lets us (Linux)."""
        cost = cls()
        cost._base = _resident(reset=True)
        cost._children = _children()
        cost._wall, cost._cpu = perf_counter(), process_time()
        return cost

    def stop(self) -> Cost:
        """End and fill the figures in."""
        self.wall_s = perf_counter() - self._wall
        self.cpu_s = process_time() - self._cpu
        seconds, largest = _children()
        self.cpu_s += seconds - self._children[0]
        if self._base is not None and (peak := _resident(peak=True)) is not None:
            if largest > self._children[1]:  # a fork has all that this process had
                peak = max(peak, largest)
            self.peak_mib = max(0.0, peak - self._base) / 1024
        return self

    def __post_init__(self) -> None:
        self._wall = self._cpu = 0.0
        self._base: int | None = None
        self._children = 0.0, 0


def _children() -> tuple[float, int]:
    """CPU seconds of the children that have ended, and the most KiB that one of them had."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0, 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def _resident(*, reset: bool = False, peak: bool = False) -> int | None:
    """Resident memory in KiB, or its high-water mark; None where the system does not tell."""
    try:
        if reset:
            _CLEAR.write_text("5")
        _, found, rest = _STATUS.read_bytes().partition(b"VmHWM:" if peak else b"VmRSS:")
    except OSError:
        return None
    return int(rest.split(None, 1)[0]) if found else None


def resident_mib(pid: int) -> float:
    """Resident memory of another process in MiB; 0 where it is gone or the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def proportional_mib(pid: int) -> float:
    """The same, where a page that several processes share counts in part for each of them."""
    try:
        found = Path(f"/proc/{pid}/smaps_rollup").read_bytes().partition(b"\nPss:")[2]
        return int(found.split(None, 1)[0]) / 1024
    except (OSError, IndexError):
        return resident_mib(pid)
