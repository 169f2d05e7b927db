"""What a path leaves behind in the process that others use after it: looked for after every path.

Settings of the process, live threads, child processes, and functions of shared libraries that were
replaced. All of it takes a tenth of a millisecond, because most of it is comparing identities.
"""

from __future__ import annotations

import gc
import locale
import os
import resource
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

FINDERS = ("_distutils_hack", "six", "transformers")
"""Libraries that add a finder of modules of their own when they are imported."""
SHARED = (
    "builtins", "math", "os", "random", "time", "numpy", "numpy.fft", "numpy.linalg",
    "numpy.random", "scipy", "scipy.integrate", "scipy.linalg", "scipy.optimize", "scipy.sparse",
    "scipy.spatial", "scipy.spatial.distance", "scipy.special", "scipy.stats", "torch",
    "torch.linalg", "torch.nn.functional",
)  # fmt: skip
"""Modules whose functions and classes everybody uses."""
HOST = tuple(
    f"harness.{name}"
    for name in (
        "arrays", "components", "errors", "executors.messages", "executors.worker", "keeper",
        "kinds.base", "kinds.fields", "kinds.split", "leftovers", "cost", "outputs", "registry",
        "seals", "seeds", "stages", "threads", "units", "wire", "work",
    )
)  # fmt: skip
"""Modules of the host that compute, judge or send; the methods of their classes, too."""
ITSELF = {"torch.manual_seed": "torch._dynamo"}
"""Functions that a library wraps itself, and the module that does so as it is imported."""
GRACE_S = 0.05
"""Seconds that threads and children, which have been told to end, have to do so."""
_SIGNALS = sorted(s for s in signal.Signals if s not in (signal.SIGKILL, signal.SIGSTOP))
_LIMITS = {n: getattr(resource, n) for n in dir(resource) if n.startswith("RLIMIT_")}


def umask() -> int:
    """The mask of this process, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "a directory that is gone"


def _package(finder: object) -> str:
    """The package that defines a finder of modules."""
    return str(getattr(finder, "__module__", "")).partition(".")[0]


def _outputs() -> list[Any]:
    found: list[Any] = []
    for descriptor in (0, 1, 2):
        try:
            found.append(os.fstat(descriptor).st_ino)
        except OSError:
            found.append("closed")
    return found


def _torch() -> Any:
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "get_default_dtype"):
        return None
    return (
        str(torch.get_default_dtype()),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
    )


_SETTINGS: dict[str, Callable[[], Any]] = {
    "the working directory": _directory,
    "the umask": umask,
    "numpy.seterr": np.geterr,
    "the handler of a signal": lambda: [signal.getsignal(s) for s in _SIGNALS],
    "a timer": lambda: signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    "a resource limit": lambda: [resource.getrlimit(limit) for limit in _LIMITS.values()],
    "the recursion limit": sys.getrecursionlimit,
    "the garbage collector": lambda: (gc.isenabled(), gc.get_threshold()),
    "sys.path": lambda: list(sys.path),
    "sys.meta_path": lambda: [f for f in sys.meta_path if _package(f) not in FINDERS],
    "the locale": lambda: locale.setlocale(locale.LC_ALL),
    "a trace function": lambda: (sys.gettrace(), sys.getprofile()),
    "the standard descriptors": _outputs,
    "a setting of torch": _torch,
}


class Leftovers:
    """Compares this process with what it was when this was made, or last asked."""

    def __init__(self) -> None:
        self._modules = len(sys.modules)
        self._wrapping = _wrapping()
        self._settings = {name: read() for name, read in _SETTINGS.items()}
        self._environment, self._bytes = dict(os.environ), dict(vars(os.environ)["_data"])
        self._filters = list(warnings.filters)
        self._threads = set(threading.enumerate())
        self._seen: dict[str, tuple[ModuleType | type, tuple[Any, ...], dict[str, Any]]] = {}
        self._watch()

    def found(self) -> list[str]:
        """What has changed since, in words; what has changed is then taken for granted.

        Variables, filters of warnings and settings that a library makes as it is imported are its
        own, and not counted: only what was there before and is another now.
        """
        imported = len(sys.modules) != self._modules
        left = [*self._changed(imported), *self._replaced(), *self._alive()]
        if imported:
            self._modules = len(sys.modules)
            self._watch()
        return left

    def _changed(self, imported: bool) -> Iterator[str]:
        for name, read in _SETTINGS.items():
            now, was = read(), self._settings[name]
            if now != was:
                self._settings[name] = now
                if was is not None:
                    yield name
        if vars(os.environ)["_data"] != self._bytes:  # a tenth of the time that os.environ takes
            was, environment = self._environment, dict(os.environ)
            self._bytes = dict(vars(os.environ)["_data"])
            names = sorted(set(was) | set(environment))
            self._environment = environment
            changed = [n for n in names if was.get(n) != environment.get(n)]
            yield from (
                f"the environment variable {n}" for n in changed if n in was or not imported
            )
        if warnings.filters != self._filters:
            added = [f for f in warnings.filters if f not in self._filters]
            lost = [f for f in self._filters if f not in warnings.filters]
            self._filters = list(warnings.filters)
            # A filter of a library names a message, a module or a category.
            if lost or not imported or any(f[1:4] == (None, Warning, None) for f in added):
                yield "the filters of warnings"

    def _watch(self) -> None:
        """Remember the functions of modules that were imported since."""
        for name in (*SHARED, *HOST):
            module = sys.modules.get(name)
            if name in self._seen or module is None:
                continue
            self._remember(name, module)
            for inner in list(vars(module).values()) if name in HOST else ():
                if isinstance(inner, type) and inner.__module__ == name:
                    self._remember(f"{name}.{inner.__qualname__}", inner)

    def _remember(self, name: str, holder: ModuleType | type) -> None:
        names = dict(vars(holder))
        functions = {k: v for k, v in names.items() if callable(v)}
        self._seen[name] = holder, tuple(names.values()), functions

    def _replaced(self) -> Iterator[str]:
        """Functions that are not what they were: ``numpy.mean`` set to something else."""
        new = _wrapping() - self._wrapping
        self._wrapping |= new
        for name, (holder, values, functions) in list(self._seen.items()):
            if _equal(tuple(vars(holder).values()), values):
                continue
            self._remember(name, holder)
            for function, was in functions.items():
                full = f"{name}.{function}"
                if vars(holder).get(function) is not was and ITSELF.get(full) not in new:
                    yield full

    def _alive(self) -> list[str]:
        """Threads and children that are still there, after some time if need be."""
        until = time.monotonic() + GRACE_S
        while (left := [*self._live_threads(), *_children()]) and time.monotonic() < until:
            time.sleep(0.005)
        return left

    def _live_threads(self) -> list[str]:
        if threading.active_count() == len(self._threads):
            return []
        return [
            f"a live thread ({t.name})" for t in threading.enumerate() if t not in self._threads
        ]


def _equal(now: tuple[Any, ...], was: tuple[Any, ...]) -> bool:
    """Whether all values are what they were: Python compares identities first, which is quick."""
    try:
        return now == was
    except Exception:  # arrays, and whatever else does not like to be compared
        return False


def _wrapping() -> set[str]:
    """The modules of `ITSELF` that are imported."""
    return set(ITSELF.values()) & sys.modules.keys()


def _children() -> list[str]:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return []
    return ["a child process"]
