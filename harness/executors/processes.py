"""Processes of our own, each at the other end of a link."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import IO

from harness.executors.worker import Setup
from harness.threads import NUMBA, VARIABLES
from harness.wire import Link

TAIL_LINES = 40


@dataclass
class Process:
    """A process, our end of its link, and what it wrote to its standard error."""

    role: str
    process: subprocess.Popen[bytes]
    link: Link
    stderr: IO[bytes]
    ready: bool = False

    @classmethod
    def start(cls, role: str, setup: Setup) -> Process:
        """Start a ``keeper`` or a ``worker``, in a session of its own."""
        ours, theirs = socket.socketpair()
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        environment = os.environ | dict.fromkeys((*VARIABLES, NUMBA), str(setup.threads))
        code = f"from harness.executors.worker import main; main({theirs.fileno()})"
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, setup.path))},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,
        )
        theirs.close()
        started = cls(role, process, Link(ours), stderr)
        with contextlib.suppress(OSError):
            started.link.send(role, asdict(setup))
        return started

    def stop(self) -> int:
        """End the process and what it started; its exit status."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.link.close()
        return code

    def close(self) -> None:
        """End it, and forget what it wrote."""
        self.stop()
        self.stderr.close()

    def last_words(self) -> str:
        """The last lines that it wrote to its standard error."""
        self.stderr.seek(0)
        lines = self.stderr.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(lines)

    def hush(self) -> None:
        """Forget what it wrote so far."""
        self.stderr.seek(0)
        self.stderr.truncate()


def how_it_ended(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"ended the process with status {code}"
    reason = f"killed by {signal.Signals(-code).name}"
    if code == -signal.SIGKILL:
        reason += " from outside, as the kernel does when memory runs out"
    return reason
