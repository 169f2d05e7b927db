"""The stages of a unit: told, seeded and listened to, and how a failure within one is explained."""

from __future__ import annotations

import contextlib
import logging
import random
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness import plain
from harness.errors import HarnessError, Incompatible, MissingDependency, PluginError
from harness.kinds import Kind
from harness.records import Status
from harness.registry import Registry
from harness.seeds import generator
from harness.specs import Role
from harness.threads import Threads
from harness.units import Tell


class Failure(Exception):
    """A failure with the stage it happened in."""

    def __init__(self, stage: str, cause: BaseException) -> None:
        self.stage, self.cause = stage, cause


class Stages:
    """Builds components and runs them in stages, on the threads of the run."""

    def __init__(self, registry: Registry, threads: Threads) -> None:
        self.registry, self._threads = registry, threads

    @contextlib.contextmanager
    def stage(self, name: str, tell: Tell) -> Iterator[None]:
        """A stage by name; what goes wrong within it becomes a `Failure`, but for Ctrl-C."""
        tell(name)
        self._threads.hold()
        try:
            yield
        except Failure:
            raise
        except KeyboardInterrupt as error:
            if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                raise
            raise Failure(name, error) from error  # of the component itself: nobody pressed it
        except BaseException as error:
            raise Failure(name, error) from error

    def build(self, role: Role, name: str, params: Mapping[str, Any]) -> Any:
        """An implementation with its parameters; what its import brought in is limited too."""
        built = self.registry.one(role, name).build(params)
        self._threads.hold()
        return built

    def hold(self) -> None:
        """Limit the threads of what was imported since."""
        self._threads.hold()

    @property
    def threads(self) -> int:
        """How many threads a stage computes on."""
        return self._threads.count

    def versions(self, steps: list[tuple[Role, str]]) -> dict[str, str]:
        """Versions of what the components import and have imported."""
        packages = {"numpy"}
        for role, name in steps:
            packages.update(self.registry.one(role, name).spec.requires)
        loaded = {p: getattr(sys.modules.get(p), "__version__", None) for p in sorted(packages)}
        return {p: str(v) for p, v in loaded.items() if v}


def check_kind(data: Any, wanted: type[Kind], who: str) -> None:
    """Raise `PluginError` where ``who`` did not give what its spec says."""
    if type(data) is not wanted:
        raise PluginError(f"{who} gave {type(data).__name__}; its spec says {wanted.__name__}")


class _Notes(logging.Handler):
    """Keeps what is logged, each message once."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._notes) > plain.MOST_NOTES:
            return
        try:
            said = record.getMessage()
        except Exception:  # arguments that do not fit the message, or cannot be shown
            said = plain.said(record.msg)
        message = plain.text(" ".join(said.split()))
        if message not in self._notes:
            self._notes.append(message)


@contextlib.contextmanager
def listening(notes: list[str]) -> Iterator[None]:
    """Collect the warnings that plugins log."""
    handler, logger = _Notes(notes), logging.getLogger("harness")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def seed_global_generators(name: str) -> None:
    """From a stream, for libraries that use them; who makes the stages puts them back."""
    derived = int(generator(name).integers(2**32))
    np.random.seed(derived)  # noqa: NPY002
    random.seed(derived)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(derived)


def explain(stage: str, error: BaseException) -> tuple[Status, str]:
    """Status and cause in one line, by the kind of failure."""
    said = plain.text(error, plain.LONGEST_CAUSE)
    if isinstance(error, Incompatible):
        return Status.INCOMPATIBLE, said
    if isinstance(error, MissingDependency):
        return Status.MISSING_DEPENDENCY, said
    if isinstance(error, MemoryError):
        return Status.MEMORY, f"{stage}: out of memory: {said}"
    if isinstance(error, HarnessError):
        return Status.ERROR, f"{stage}: {said}"
    if isinstance(error, SystemExit):
        return Status.ERROR, f"{stage}: asked to end the process: SystemExit({said})"
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return Status.ERROR, f"{stage}: {type(error).__name__}: {said}{at}"
