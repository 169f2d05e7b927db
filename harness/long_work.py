"""For work that takes long: progress told on the way, and checkpoints from which it goes on.

>>> with harness.checkpointed(f"my training of {digest}") as saved:
...     state = saved.load()  # None at first
...     for step in range(0 if state is None else int(state["step"]), steps):
...         ...
...         harness.progress(step + 1, steps)
...         if saved.due:
...             saved.save({"step": np.array(step + 1), "weights": weights})
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness import folders
from harness.errors import Incompatible, MissingDependency, PluginError
from harness.files import whole
from harness.specs import NAME

INTERVAL_S = 0.2
"""Seconds between two messages of `progress`, at least: more often nobody looks."""


class Progress(NamedTuple):
    """How far work has come: ``done`` of ``total`` (steps, epochs, files ...)."""

    done: float
    total: float
    note: str = ""

    def __str__(self) -> str:
        return f"{self.done:g}/{self.total:g}" + (f" {self.note}" if self.note else "")


class _Listener:
    """Passes progress on, not too often."""

    def __init__(self, hear: Callable[[Progress], None]) -> None:
        self._hear, self._next = hear, 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + INTERVAL_S
            self._hear(progress)


_listener: ContextVar[_Listener | None] = ContextVar("harness progress", default=None)


def progress(done: float, total: float, note: str = "") -> None:
    """Say how far this part of a path has come: ``done`` of ``total`` (steps, epochs ...).

    ``harness run`` shows it, some times a second at most, so that it may be called at every step.
    Outside of a run, and in threads that the plugin starts, it does nothing. No deadline is
    extended by it.

    Raises
    ------
    PluginError : a ``total`` that is not above 0, or a ``done`` that is not from 0 to ``total``.
    """
    if not 0 <= done <= total or total == 0:
        raise PluginError(
            f"harness.progress({done}, {total}); wanted a total above 0, and done from 0 to total"
        )
    if (listener := _listener.get()) is not None:
        listener(Progress(done, total, note))


@contextlib.contextmanager
def heard_by(hear: Callable[[Progress], None]) -> Iterator[None]:
    """Within ``with``, `progress` is passed on to ``hear``."""
    token = _listener.set(_Listener(hear))
    try:
        yield
    finally:
        _listener.reset(token)


def cache_folder(name: str) -> Path:
    """The folder for what a plugin can make again, such as trained networks; it need not exist.

    ``HARNESS_CACHE/name``, or ``infoharness/name`` in the platform's folder for caches. Write
    files there whole or not at all, because several processes share it.

    Raises
    ------
    PluginError : ``name`` is more than lower case, digits and ``-``.
    """
    if not re.fullmatch(NAME, name):
        raise PluginError(f"cache folder {name!r}; wanted lower case, digits and - only")
    return folders.cache() / name


State = Mapping[str, Any]
"""What goes on from a checkpoint: by name, numpy arrays only, or torch tensors only."""


class Checkpoint:
    """The last state of one piece of work, on disk."""

    def __init__(self, key: str, every_s: float) -> None:
        name = hashlib.sha256(key.encode()).hexdigest()
        self._base = cache_folder("checkpoints") / name
        self._every_s, self._last = every_s, time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to `save`: ``every_s`` have passed since the start or the last one."""
        return time.monotonic() - self._last >= self._every_s

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last; None where there is none. Tensors lie on the CPU."""
        arrays, tensors = self._files()
        if arrays.exists():
            with np.load(arrays, allow_pickle=False) as file:
                return dict(file)
        if tensors.exists():
            return dict(_safetensors().load_file(tensors))
        return None

    def save(self, state: State) -> None:
        """Keep ``state`` in place of the last one; a process killed on the way leaves the last one.

        Raises
        ------
        PluginError : values that are neither all numpy arrays nor all torch tensors.
        MissingDependency : tensors, and no package safetensors.
        """
        arrays, tensors = self._files()
        if all(isinstance(value, np.ndarray | np.generic) for value in state.values()):
            with whole(arrays) as out:
                np.savez(out, **state)
        elif all(hasattr(value, "detach") for value in state.values()):
            # Copies, because safetensors refuses tensors that share memory (tied weights).
            plain = {k: v.detach().to("cpu", copy=True).contiguous() for k, v in state.items()}
            with whole(tensors) as out:
                out.write(_safetensors().save(plain))
        else:
            raise PluginError(
                "a checkpoint of mixed values; wanted numpy arrays only, or torch tensors only"
            )
        self._last = time.monotonic()

    def remove(self) -> None:
        """Forget the state."""
        for file in self._files():
            file.unlink(missing_ok=True)

    def _files(self) -> tuple[Path, Path]:
        return self._base.with_suffix(".npz"), self._base.with_suffix(".safetensors")


@contextlib.contextmanager
def checkpointed(key: str, *, every_s: float = 60.0) -> Iterator[Checkpoint]:
    """Work that a killed process does not lose: ``load``, ``due`` and ``save`` of its last state.

    ``key`` names all that the state depends on (a digest of the data, the settings, the seed and
    the source). The state is everything that the rest depends on: weights, the optimiser's
    averages, the state of generators, the step. Where it is complete, work that was interrupted
    ends with the same bits as work that was not.

    The state is removed when the block ends, and when it raises `Incompatible` (a fact that going
    on would only find again). It is kept where anything else ends the block, or the process.
    """
    saved = Checkpoint(key, every_s)
    try:
        yield saved
    except Incompatible:
        saved.remove()
        raise
    saved.remove()


def _safetensors() -> Any:
    try:
        import safetensors.torch
    except ImportError as error:
        raise MissingDependency("safetensors", "pip install safetensors") from error
    return safetensors.torch
