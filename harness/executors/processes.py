"""Processes of our own, each at the other end of a link and behind a guard."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from harness.cost import proportional_mib, resident_mib
from harness.executors.worker import Setup
from harness.guard import TAIL, descendants
from harness.threads import NUMBA, VARIABLES
from harness.wire import Link

TAIL_LINES = 40
ENDING_S = 2.0
"""Seconds that a process which has closed its link has to end by itself."""
KILLING_S = 8.0
"""Seconds that a guard has to kill what it guards."""
LOOKING_S = 0.5
"""How often the system is asked for what a process has started, where memory is bounded."""
SENDING_S = 60
"""Seconds in which a process has to read what it is sent."""


@dataclass
class Process:
    """A process behind its guard, our end of its link, and what the guard says when it ends.

    The guard (`harness.guard`) keeps the last of what the process writes to its standard output
    and error, and leaves nothing of it behind.
    """

    role: str
    process: subprocess.Popen[bytes]
    link: Link
    lifeline: int
    said: IO[bytes]
    ready: bool = False
    started: float = field(default_factory=time.monotonic)
    _family: list[int] = field(default_factory=list)
    _looked: float = 0.0

    @classmethod
    def start(cls, role: str, setup: Setup) -> Process:
        """Start a ``keeper`` or a ``worker``, in a session of its own."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SENDING_S, 0))
        listens, lifeline = os.pipe()
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        environment = os.environ | dict.fromkeys((*VARIABLES, NUMBA), str(setup.threads))
        code = (
            f"from harness.guard import start; start({listens}, {os.getpid()}); "
            f"from harness.executors.worker import main; main({theirs.fileno()})"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, setup.path))},
            pass_fds=[theirs.fileno(), listens],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        theirs.close()
        os.close(listens)
        started = cls(role, process, Link(ours), lifeline, said)
        started.send(role, asdict(setup))
        return started

    def send(self, what: str, body: dict[str, Any]) -> None:
        """Send a request. A process that does not take it is killed, which is noticed later."""
        try:
            self.link.send(what, body)
        except OSError:
            self._let_go()

    def stop(self) -> None:
        """End the process and all that it started."""
        self._let_go()
        try:
            self.process.wait(KILLING_S)
        except subprocess.TimeoutExpired:  # the guard itself was stopped: its process dies with it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.link.close()

    def _let_go(self) -> None:
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1

    def how_it_ended(self) -> str:
        """In words, how a process ended whose link is closed; ends it where it has not."""
        try:
            code = self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self.stop()
            return "closed its link to the run"
        self.stop()
        if code >= 0:
            return f"ended the process with status {code}"
        reason = f"killed by {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:
            reason += " from outside, as the kernel does when memory runs out"
        return reason

    def close(self) -> None:
        """End it, and forget what it wrote."""
        self.stop()
        self.said.close()

    def last_words(self, since: float) -> str:
        """The last lines that it wrote after ``since``, a time of `time.monotonic`."""
        self.said.seek(0)
        written = b"".join(part for when, part in _parts(self.said) if when >= since)
        lines = written[-TAIL:].decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(lines)

    def resident_mib(self, bound: float) -> float:
        """Resident memory of the process and all that it started, in MiB.

        Where the sum is above ``bound``, pages that processes share (forks do) are counted once.
        """
        if time.monotonic() - self._looked > LOOKING_S:
            self._family, self._looked = descendants(self.process.pid), time.monotonic()
        total = sum(map(resident_mib, self._family))
        return sum(map(proportional_mib, self._family)) if total > bound else total


def _parts(said: IO[bytes]) -> Iterator[tuple[float, bytes]]:
    """What a guard wrote at its end: times, and what was heard then. A broken rest is left out."""
    while head := said.readline(100):
        try:
            when, size = head.split()
            part = said.read(min(int(size), TAIL))
            yield float(when), part
        except ValueError:
            yield float("inf"), head  # said by the process itself, before it had a guard
