"""Between a run and each process that executes foreign code: nothing of that process outlives it.

`start` forks. The fork does the work; the process itself stays behind as its *guard*, until the
work ends or the run does. Then it kills whatever the work has started, in other sessions and
orphaned too (they become the guard's own children: it is a "subreaper" of Linux), says what the
work wrote last, and ends in the way the work has ended. It needs the standard library alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

TAIL = 64 * 2**10
"""Bytes that are kept of what a process writes to its standard output and error."""
PARTS = 1000
"""In how many parts, at most."""
PATIENCE_S = 1.0
"""How often the guard looks whether the run is still there, besides listening for its end."""
KILLING_S = 5.0
"""For how long processes that start ever new ones are killed."""
_DEATH_SIGNAL, _SUBREAPER = 1, 36  # of prctl(2)


def start(lifeline: int, run: int) -> None:
    """Return in a fork of this process; the process itself never returns.

    Parameters
    ----------
    lifeline : descriptor of a pipe that closes when the work is to end.
    run : process number of the run, whose end is the end of the work.
    """
    linux = sys.platform == "linux"
    if linux:
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    guard = os.getpid()
    written, output = os.pipe()
    work = os.fork()
    if work:
        os.close(output)
        _guard(work, written, lifeline, run)
    os.setsid()
    if linux:
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    for descriptor in (written, output, lifeline):
        os.close(descriptor)


def _guard(work: int, written: int, lifeline: int, run: int) -> None:
    """Wait for the end of the work or of the run, and end with it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # the run decides
    woken, wakes = os.pipe()
    for descriptor in (wakes, written):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    _keep_only(written, lifeline, woken, wakes)
    heard: deque[tuple[float, bytes]] = deque(maxlen=PARTS)
    poll = select.poll()
    for descriptor in (written, lifeline, woken):
        poll.register(descriptor, select.POLLIN)
    status = None
    while status is None and os.getppid() == run:
        ready = {descriptor for descriptor, _ in poll.poll(PATIENCE_S * 1000)}
        if lifeline in ready:
            break
        if written in ready and not _hear(written, heard):
            poll.unregister(written)
        if woken in ready:
            os.read(woken, 1000)
        status = _reap(work)
    _kill_all(work)
    _hear(written, heard)
    with contextlib.suppress(OSError), os.fdopen(2, "wb") as out:
        for when, part in heard:
            out.write(b"%.6f %d\n%b" % (when, len(part), part))
    _end_alike(status)


def _keep_only(*descriptors: int) -> None:
    """Close what is the work's own, so that its ends are seen."""
    kept = sorted({2, *descriptors})
    for low, high in zip([-1, *kept], [*kept, 4096], strict=True):
        os.closerange(low + 1, high)


def _hear(written: int, heard: deque[tuple[float, bytes]]) -> bool:
    """Take what was written, and forget all but the last of it; False at its end."""
    for _ in range(64):
        try:
            part = os.read(written, TAIL)
        except BlockingIOError:
            return True
        if not part:
            return False
        heard.append((time.monotonic(), part))
        while sum(len(p) for _, p in heard) > TAIL + len(heard[0][1]):
            heard.popleft()
    return True


def _reap(work: int) -> int | None:
    """Take leave of children that have ended; the wait status of the work if it is among them."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == work:
                return found[1]
    return None


def _kill_all(work: int) -> None:
    """Kill the work and all that it started, until nothing is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(work, signal.SIGKILL)
    until = time.monotonic() + KILLING_S
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:  # nobody is left: orphans would be children of this process
            return
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _end_alike(status: int | None) -> None:
    """End in the way that the work has ended."""
    if status is not None and os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) if status else 0)


def descendants(*roots: int) -> list[int]:
    """The processes that these have started, and those that they have, and so on (Linux)."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found, left = [], list(roots)
    while left:
        started = children.pop(left.pop(), [])
        found += started
        left += started
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """All processes with their parents; none where the system does not tell."""
    with contextlib.suppress(FileNotFoundError):
        for path in Path("/proc").iterdir():
            if path.name.isdigit():
                with contextlib.suppress(OSError):
                    words = (path / "stat").read_bytes().rpartition(b")")[2].split()
                    if words[0] != b"Z":
                        yield int(path.name), int(words[1])
