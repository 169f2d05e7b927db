"""What a call leaves behind in its process: settings, files, threads, children, prints."""

from __future__ import annotations

import contextlib
import io
import locale
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import numpy as np

from harness import folders

GRACE = 0.5
"""Seconds that threads and children have to end after the call that started them."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Traces:
    """What a call did to its process.

    Attributes
    ----------
    imported : top-level packages that it was the first to import.
    left : everything that it left behind, in words.
    """

    imported: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Within ``with``, warnings and logs are off, and prints go to the buffer."""
    printed, disabled = io.StringIO(), logging.root.manager.disable
    logging.disable()  # handlers print, and those of test runners keep what they hear
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        logging.disable(disabled)


@contextlib.contextmanager
def watched(own: str, printed: io.StringIO) -> Iterator[Traces]:
    """Within ``with``, note what is left behind; ``own`` is the package that is being watched."""
    traces, modules, before = Traces(), set(sys.modules), surroundings()
    started = len(printed.getvalue())
    threads, children = set(threading.enumerate()), _children()
    with _files() as files:
        yield traces
    new = {name.partition(".")[0] for name in set(sys.modules) - modules}
    traces.imported = new - set(sys.stdlib_module_names) - {own, "harness"}
    traces.left = changes(before, surroundings())
    traces.left += [f"the file {path}" for path in sorted(files) if Path(path).exists()]
    if text := printed.getvalue()[started:].strip():
        traces.left.append(f"the printed line {text.splitlines()[0][:60]!r}")
    until = time.monotonic() + GRACE
    while (late := _alive(threads, children)) and time.monotonic() < until:
        time.sleep(0.01)
    traces.left += late


def _alive(threads: set[threading.Thread], children: set[int]) -> list[str]:
    left = [f"the live thread {t.name!r}" for t in threading.enumerate() if t not in threads]
    return left + [f"the live child process {pid}" for pid in sorted(_children() - children)]


def _children() -> set[int]:
    """Processes that this one started and that have not ended, but for Python's own helper."""
    found = {child.pid for child in multiprocessing.active_children() if child.pid is not None}
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {int(pid) for pid in path.read_text().split() if _runs(pid)}
    helper = getattr(resource_tracker, "_resource_tracker", None)
    return found - {getattr(helper, "_pid", None)}


def _runs(pid: str) -> bool:
    """Whether it is more than the entry of a process that ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two `surroundings`, in words."""
    found = []
    for name in before:
        was, now = before[name], after[name]
        if was == now:
            continue
        if isinstance(was, dict):
            keys = [k for k in {**was, **now} if was.get(k) != now.get(k)]
            found += [f"{name} {key}, now {now.get(key)!r}"[:120] for key in keys]
        else:
            found.append(f"{name}, now {now!r}"[:120])
    return found


def surroundings() -> dict[str, Any]:
    """The settings of this process that others rely on."""
    return {name: get() for name, (get, _) in _SETTINGS.items()}


def restore(settings: dict[str, Any]) -> None:
    """Put `surroundings` back. Files, threads, children and prints stay."""
    for name, value in settings.items():
        get, put = _SETTINGS[name]
        if get() != value:
            put(value)


def _put_environment(variables: dict[str, str]) -> None:
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)


def _put_filters(filters: list[Any]) -> None:
    warnings.filters[:] = filters  # type: ignore[index]


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _signals() -> dict[str, Any]:
    return {s.name: signal.getsignal(s) for s in signal.valid_signals() if hasattr(s, "name")}


def _put_signals(handlers: dict[str, Any]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for name, handler in handlers.items():
        number = signal.Signals[name]
        if signal.getsignal(number) != handler:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _threads() -> dict[str, int]:
    """Threads of each numeric library that is loaded."""
    import threadpoolctl

    pools = threadpoolctl.ThreadpoolController().lib_controllers
    found = {f"of {pool.filepath}": pool.num_threads for pool in pools}
    for name in ("torch", "numba"):
        library: Any = sys.modules.get(name)
        if hasattr(library, "get_num_threads"):
            found[f"of {name}"] = library.get_num_threads()
    return found


def _put_threads(counts: dict[str, int]) -> None:
    import threadpoolctl

    for pool in threadpoolctl.ThreadpoolController().lib_controllers:
        if (count := counts.get(f"of {pool.filepath}")) is not None:
            pool.set_num_threads(count)
    for name in ("torch", "numba"):
        if f"of {name}" in counts:
            sys.modules[name].set_num_threads(counts[f"of {name}"])


def _torch() -> dict[str, Any]:
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "get_default_dtype"):
        return {}
    return {
        "set_default_dtype": torch.get_default_dtype(),
        "set_grad_enabled": torch.is_grad_enabled(),
        "use_deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
    }


def _put_torch(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        getattr(sys.modules["torch"], name)(value)


_SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "the environment variable": (lambda: dict(os.environ), _put_environment),
    "numpy.seterr": (np.geterr, lambda kept: np.seterr(**kept)),
    "numpy.set_printoptions": (np.get_printoptions, lambda kept: np.set_printoptions(**kept)),
    "the working directory": (os.getcwd, os.chdir),
    "the umask": (_umask, os.umask),
    "sys.path": (lambda: list(sys.path), lambda kept: sys.path.__setitem__(slice(None), kept)),
    "the recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the locale": (
        lambda: locale.setlocale(locale.LC_ALL),
        lambda kept: locale.setlocale(locale.LC_ALL, kept),
    ),
    "the filters of warnings": (
        lambda: list(warnings.filters),
        _put_filters,
    ),
    "the handler of": (_signals, _put_signals),
    "threads": (_threads, _put_threads),
    "torch": (_torch, _put_torch),
}
"""By name, how to read a setting and how to set it."""

_written: set[str] | None = None
"""Files that were opened for writing while somebody watches."""


@contextlib.contextmanager
def _files() -> Iterator[set[str]]:
    """The paths that Python code makes or writes within ``with``, but for caches."""
    global _written
    if not _hooked:
        sys.addaudithook(_note)  # for the life of the process: Python has no way to take it back
        _hooked.append(True)
    outer, _written = _written, set()
    found = _written
    try:
        yield found
    finally:
        _written = outer
        kept = (str(folders.cache()), "/dev/", "/proc/", "/sys/")
        found -= {p for p in found if p.startswith(kept) or _compiled(p)}


_hooked: list[bool] = []


def _compiled(path: str) -> bool:
    """Whether a path is what Python or numba keep of a module."""
    return "__pycache__" in path or Path(path).suffix in {".pyc", ".nbi", ".nbc"}


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _written is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writing = set(mode or "") & set("wax+") or (isinstance(flags, int) and flags & WRITING)
    elif event in ("os.mkdir", "sqlite3.connect"):
        path, writing = arguments[0], True
    elif event in ("os.rename", "os.link", "os.symlink"):
        path, writing = arguments[1], True
    else:
        return
    if writing and isinstance(path, str | bytes | os.PathLike):
        _written.add(str(Path(os.fsdecode(path)).absolute()))
