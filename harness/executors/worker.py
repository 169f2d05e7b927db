"""The processes of a slot: ``main(FD)`` serves one end of a link until it closes.

A *keeper* runs the task, a *worker* runs models and estimators. Both are sent a `Setup`, answer
``ready``, and then serve requests; on the way they say ``stage`` and ``progress``. A request has a
name that nobody can guess, and every answer begins with it.

========  ==========================  ========================================================
keeper    ``load`` unit, file         ``loaded``: the data are in the file, or why they are not
keeper    ``judge`` unit, output      ``judged``: a result for each case
keeper    ``respond`` unit, question  ``answered``: what the task says, or why it says nothing
worker    ``work`` work, kind, file   ``done``: an output and its cost, or why there is none;
                                      before it any number of ``question``, each to be answered
========  ==========================  ========================================================

They write to no store and end with their parent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.long_work import Progress
    from harness.registry import Registry
    from harness.threads import Threads
    from harness.wire import Link

Serve = Callable[[str, Any], None]


@dataclass(frozen=True)
class Setup:
    """What a process needs to find the same plugins as its parent."""

    path: tuple[str, ...]
    plugins: dict[str, tuple[str, ...]]
    parent: int
    threads: int


def main(descriptor: int) -> None:
    """Serve until the link closes."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    from harness import registry
    from harness.threads import Threads
    from harness.wire import Link

    link = Link(socket.socket(fileno=descriptor))
    role, setup = link.receive()
    _end_with_parent(setup["parent"])
    sys.path[:] = setup["path"]
    threads = Threads(setup["threads"])
    found = registry.load(**setup["plugins"])
    serve = (_keeper if role == "keeper" else _worker)(link, found, threads)
    link.send("ready")
    with threads, registry.using(found), contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            serve(*link.receive())
            sys.stderr.flush()


def _keeper(link: Link, registry: Registry, threads: Threads) -> Serve:
    from harness import wire
    from harness.executors.messages import answered, output_of, plain_kind, unit_of
    from harness.keeper import Keeper
    from harness.long_work import heard_by

    keeper = Keeper(registry, threads)

    asked = ""

    def tell(stage: str) -> None:
        link.send("stage", [asked, stage])

    def show(progress: Progress) -> None:
        link.send("progress", [asked, list(progress)])

    def serve(what: str, body: Any) -> None:
        nonlocal asked
        asked = body["asked"]
        unit = unit_of(body["unit"])
        if what in ("respond", "judge") and body["first"]:
            keeper.begin()
        if what == "respond":
            link.send("answered", [asked, answered(keeper, unit, body["question"])])
            return
        if what == "judge":
            output = output_of(registry.one("estimator", unit.estimator[0]), body["output"])
            with heard_by(show):
                results = keeper.judge(unit, output, tell)
            link.send("judged", [asked, [asdict(result) for result in results]])
            return
        if body["anew"]:
            keeper.forget()
        with heard_by(show):
            loaded = keeper.load(unit, tell)
        if loaded.data is not None:
            wire.write(Path(body["file"]), "data", plain_kind(loaded.data))
        plain = {k: v for k, v in vars(loaded).items() if k != "data"}
        link.send("loaded", [asked, plain])

    return serve


def _worker(link: Link, registry: Registry, threads: Threads) -> Serve:
    from harness import wire
    from harness.executors.messages import answer_of, kind_of, plain_done, plain_kind
    from harness.kinds import Kind
    from harness.units import Work
    from harness.work import Bench

    bench, closed = Bench(registry, threads), _Closed(registry)
    sys.meta_path.insert(0, closed)
    held: dict[str, Kind] = {}

    asked, answers = "", ""

    def tell(stage: str) -> None:
        link.send("stage", [asked, stage])

    def show(progress: Progress) -> None:
        link.send("progress", [asked, list(progress)])

    def respond(question: Kind) -> Kind | None:
        link.send("question", [asked, plain_kind(question)])
        return answer_of(answers, *link.receive())

    def serve(what: str, body: Any) -> None:
        nonlocal asked, answers
        asked, answers = body["asked"], body["answers"]
        work, file = Work.from_plain(body["work"]), body["file"]
        if file not in held:
            held.clear()
            held[file] = kind_of(body["kind"], wire.read(Path(file))[1])
        closed.but = registry.open_tasks([name for name, _ in (*work.models, work.estimator)])
        done = bench.perform(work, held[file], tell, show, respond)
        if done.spoiled:
            held.clear()
        link.send("done", [asked, plain_done(done)])

    return serve


class _Closed(MetaPathFinder):
    """Refuses to import what makes the data of tasks, but for packages that the work consists of.

    A plugin never imports another; who does so here looks for the truth.
    """

    def __init__(self, registry: Registry) -> None:
        tasks = registry.components["task"].items()
        self._tasks = {c.spec.implementation.partition(":")[0]: name for name, c in tasks}
        self.but: set[str] = set()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        if fullname in self._tasks and fullname.partition(".")[0] not in self.but:
            raise ImportError(
                f"{fullname} belongs to task {self._tasks[fullname]}, "
                "which a model or estimator cannot have"
            )


def _end_with_parent(parent: int) -> None:
    """Have the kernel end this process with its parent, even within native code (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
