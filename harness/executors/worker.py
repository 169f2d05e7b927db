"""The worker process: ``main(FD)``.

It reads a setup and then units from the socket ``FD``, performs them, and sends messages back:
``("stage", name)`` of all stages but the first, which is the task's, ``("data", fingerprint)``
(answered with the cases to compute), ``("progress", progress)`` and ``("done", outcome)``. It
writes to no store and ends with its parent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Setup:
    """What a worker needs to find the same plugins as its parent."""

    path: tuple[str, ...]
    plugins: Mapping[str, tuple[str, ...]]
    parent: int
    threads: int


def main(descriptor: int) -> None:
    """Serve until the pipe closes."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    link = Connection(descriptor)
    setup: Setup = link.recv()
    _end_with_parent(setup.parent)
    sys.path[:] = setup.path

    from harness import registry
    from harness.long_work import Progress
    from harness.threads import Threads
    from harness.units import Unit
    from harness.work import Bench

    threads = Threads(setup.threads)
    found = registry.load(**setup.plugins)
    bench = Bench(found, threads)

    def ask(unit: Unit, fingerprint: str) -> tuple[str, ...]:
        link.send(("data", fingerprint))
        wanted: tuple[str, ...] = link.recv()
        return wanted

    def tell(stage: str) -> None:
        if not stage.startswith("task "):  # with which every unit begins, as the parent knows
            link.send(("stage", stage))

    def show(unit: Unit, progress: Progress) -> None:
        link.send(("progress", progress))

    link.send(("ready", None))
    with threads, registry.using(found), contextlib.suppress(EOFError):
        while True:
            unit: Unit = link.recv()
            link.send(("done", bench.perform(unit, ask, tell, show)))
            sys.stderr.flush()


def _end_with_parent(parent: int) -> None:
    """Have the kernel end this process with its parent, even within native code (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
