"""The processes of a slot: ``main(FD)`` serves one end of a link until it closes.

A *keeper* runs the task, a *worker* runs models and estimators. Both are sent a `Setup`, answer
``ready``, and then serve requests; on the way they say ``stage`` and ``progress``. A request has a
name that nobody can guess, and every answer begins with it.

========  ==========================  ========================================================
keeper    ``load`` unit, files        ``loaded``: the file with the data, or why there is none
keeper    ``judge`` unit, output      ``judged``: a result for each case
keeper    ``respond`` unit, question  ``answered``: what the task says, or why it says nothing
worker    ``work`` work, kind, file   ``done``: an output and its cost, or why there is none;
                                      before it any number of ``question``, each to be answered
========  ==========================  ========================================================

Before an answer they say what was ``left`` behind in them (`harness.leftovers`), if anything was:
others are not to work in such a process. They write to no store and end with their guard.
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
    from harness.kinds import Kind
    from harness.long_work import Progress
    from harness.registry import Registry
    from harness.threads import Threads
    from harness.wire import Link

Serve = Callable[["Call", str, Any], tuple[str, Any]]


@dataclass(frozen=True)
class Setup:
    """What a process needs to find the same plugins as its parent."""

    path: tuple[str, ...]
    plugins: dict[str, tuple[str, ...]]
    threads: int


def main(descriptor: int) -> None:
    """Serve until the link closes."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    from harness import registry
    from harness.leftovers import Leftovers
    from harness.threads import Threads
    from harness.wire import Link

    link = Link(socket.socket(fileno=descriptor))
    os.register_at_fork(after_in_child=link.close)  # a fork that returns speaks for nobody
    role, setup = link.receive()
    sys.path[:] = setup["path"]
    threads = Threads(setup["threads"])
    found = registry.load(**setup["plugins"])
    serve = (_keeper if role == "keeper" else _worker)(found, threads)
    with threads, registry.using(found), contextlib.suppress(EOFError, BrokenPipeError):
        leftovers = Leftovers()
        link.send("ready")
        while True:
            what, body = link.receive()
            call = Call(link, body["asked"], body["stage"])
            answer, said = serve(call, what, body)
            if left := leftovers.found():
                call.say("left", left)
            call.say(answer, said)
            with contextlib.suppress(OSError, ValueError):  # closed by what was run
                sys.stderr.flush()


@dataclass
class Call:
    """A request that is being served; all that is said of it begins with its name.

    ``expected`` is the stage that the run takes it to begin with, which is not said again.
    """

    link: Link
    asked: str
    expected: str

    def say(self, what: str, body: Any) -> None:
        """Say something of it."""
        self.link.send(what, [self.asked, body])

    def tell(self, stage: str) -> None:
        """Say which stage begins."""
        expected, self.expected = self.expected, ""
        if stage != expected:
            self.say("stage", stage)

    def show(self, progress: Progress) -> None:
        """Say how far it has come."""
        self.say("progress", list(progress))


def _keeper(registry: Registry, threads: Threads) -> Serve:
    from harness.executors.messages import answered, is_small, output_of, plain_kind, unit_of
    from harness.keeper import Keeper
    from harness.long_work import heard_by

    keeper = Keeper(registry, threads)

    def serve(call: Call, what: str, body: Any) -> tuple[str, Any]:
        unit = unit_of(body["unit"])
        if what in ("respond", "judge") and body["first"]:
            keeper.begin()
        if what == "respond":
            return "answered", answered(keeper, unit, body["question"])
        if what == "judge":
            output = output_of(registry.one("estimator", unit.estimator[0]), body["output"])
            with heard_by(call.show):
                results = keeper.judge(unit, output, call.tell)
            return "judged", [asdict(result) for result in results]
        if body["anew"]:
            keeper.forget()
        with heard_by(call.show):
            loaded = keeper.load(unit, call.tell)
        plain = {k: v for k, v in vars(loaded).items() if k != "data"}
        if loaded.data is None:
            return "loaded", plain | {"file": "", "data": None}
        if is_small(loaded.data):
            return "loaded", plain | {"file": body["files"][0], "data": plain_kind(loaded.data)}
        return "loaded", plain | {"file": _written(loaded.data, body["files"]), "data": None}

    return serve


def _written(data: Kind, files: list[str]) -> str:
    """The first of the files that the data could be written to."""
    from harness import mapped, wire
    from harness.executors.messages import plain_kind

    size = sum(v.nbytes for v in vars(data).values() if hasattr(v, "nbytes"))
    for file in files[:-1] if size <= mapped.largest() else []:
        with contextlib.suppress(
            OSError
        ):  # a memory that is too small for them, such as a container's
            wire.write(Path(file), "data", plain_kind(data))
            return file
    wire.write(Path(files[-1]), "data", plain_kind(data))
    return files[-1]


def _worker(registry: Registry, threads: Threads) -> Serve:
    from harness import wire
    from harness.executors.messages import answer_of, kind_of, plain_done, plain_kind
    from harness.units import Work
    from harness.work import Bench

    bench, closed = Bench(registry, threads), _Closed(registry)
    sys.meta_path.insert(0, closed)
    held: dict[str, Kind] = {}

    def serve(call: Call, what: str, body: Any) -> tuple[str, Any]:
        def respond(question: Kind) -> Kind | None:
            call.say("question", plain_kind(question))
            return answer_of(body["answers"], *call.link.receive())

        work, file = Work.from_plain(body["work"]), body["file"]
        if file not in held:
            held.clear()
            plain = body["data"] or wire.read(Path(file))[1]
            held[file] = kind_of(body["kind"], plain)
        closed.but = registry.open_tasks([name for name, _ in (*work.models, work.estimator)])
        done = bench.perform(work, held[file], call.tell, call.show, respond)
        if done.spoiled:
            held.clear()
        return "done", plain_done(done)

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
