"""What a plugin can do wrong, by name: functions that an estimator calls instead of estimating.

They break things on purpose: `python -m drills hostile` runs each in a folder of its own. What a
function returns is the estimate; None is an ordinary one.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import itertools
import logging
import mmap
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, Estimate, Samples, stream

MIB = 2**20
NOT_UTF8 = os.fsdecode(b"na\xefve")
"""A file name of another encoding: as text it has a lone surrogate."""
BEHAVIOURS: dict[str, Callable[[Any], Any]] = {}
LOG = logging.getLogger("harness.hostile")


def hostile(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a function a behaviour, under its name with dashes."""
    BEHAVIOURS[act.__name__.strip("_").replace("_", "-")] = act
    return act


@dataclass(frozen=True)
class Hostile:
    how: str

    def estimate(self, data, *, rng):
        found = BEHAVIOURS[self.how](data)
        return Estimate(0.0) if found is None else found


@dataclass(frozen=True)
class Good:
    """Honest, and a witness: its value depends on what all share, its diagnostics say how it is."""

    def estimate(self, data, *, rng):
        with warnings.catch_warnings():
            shared = float(np.random.normal()) + rng.normal()
        mask = os.umask(0o077)
        os.umask(mask)
        about = {
            "at home": os.getcwd() == os.environ["DRILL_FOLDER"],
            "umask": mask,
            "signal": str(signal.getsignal(signal.SIGUSR1)),
            "numpy errors": str(np.geterr()),
            "filters": len(warnings.filters),
            "variable": os.environ.get("HOSTILE", ""),
            "recursion": sys.getrecursionlimit(),
            "mean": np.mean.__module__,
            "threads": threading.active_count(),
            "collects": gc.isenabled(),
        }
        return Estimate(float(np.mean(data.x)) + shared / 1000, diagnostics=about)


@dataclass(frozen=True)
class Brief:
    """Honest, and takes some milliseconds: runs of it are killed at random moments."""

    def estimate(self, data, *, rng):
        time.sleep(0.003)
        return Estimate(float(rng.normal()))


@dataclass(frozen=True)
class Plain:
    count: int = 2

    def cases(self, *, seed):
        for number in range(self.count):
            draw = partial(_normal, seed, number)
            yield Case(f"c-{number}", draw, truth={"entropy": 0.0}, stamp="")


def _normal(seed: int, number: int) -> Samples:
    return Samples(stream(seed, "drill", str(number)).normal(size=(50, 2)))


def _touched(mib: int) -> np.ndarray:
    """An array whose every page is in memory."""
    return np.full(mib * MIB // 8, 1.0)


def _mapped(mib: int) -> mmap.mmap:
    """A shared mapping whose every page is in memory."""
    pages = mmap.mmap(-1, mib * MIB)
    pages[:: mmap.PAGESIZE] = bytes(len(range(0, len(pages), mmap.PAGESIZE)))
    return pages


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=False)


def _flood(descriptor: int, block: bytes, times: int) -> None:
    for _ in range(times):
        os.write(descriptor, block)


def _sockets() -> Iterator[int]:
    """The links of this process to others."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):
            if os.readlink(entry).startswith("socket:"):
                yield int(entry.name)


# It never comes back.


@hostile
def loop_py(data):
    while True:
        pass


@hostile
def loop_c(data):
    square = np.eye(1500)
    while True:
        square = square @ square


@hostile
def loop_numba(data):
    import numba

    @numba.njit
    def climb(x):
        while x >= 0.0:
            x += 1.0
        return x

    climb(0.0)


@hostile
def loop_hold_gil(data):
    ctypes.PyDLL(None).sleep(900)


@hostile
def sig_ignore(data):
    for number in signal.valid_signals():
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    loop_py(data)


@hostile
def stop_self(data):
    os.kill(os.getpid(), signal.SIGSTOP)


@hostile
def nap(data):
    time.sleep(90)


@hostile
def garbage_partial(data):
    """A long message is announced, and does not come."""
    for link in _sockets():
        with suppress(OSError):
            os.write(link, (2**20).to_bytes(4, "big") + b"half")
    time.sleep(300)


# It dies.


@hostile
def segv(data):
    ctypes.memmove(0, b"x", 1)


@hostile
def os_exit(data):
    os._exit(0)


@hostile
def _exit(data):
    sys.exit(0)


@hostile
def exit_text(data):
    sys.exit("a text")


@hostile
def keyboard_int(data):
    raise KeyboardInterrupt


@hostile
def gen_exit(data):
    raise GeneratorExit("early")


@hostile
def fault_off(data):
    """What is registered for the end of the process hangs there."""
    atexit.register(time.sleep, 900)
    raise SystemExit


@hostile
def thread_exits(data):
    """The process ends a little later, when it may be another's turn."""
    threading.Timer(0.02, os._exit, [9]).start()


@hostile
def recursion(data):
    return recursion(data)


@hostile
def recursion_c(data):
    sys.setrecursionlimit(2**30)
    return recursion(data)


# It fills memory.


@hostile
def hog(data):
    held = [_touched(1) for _ in range(2700)]
    time.sleep(len(held))


@hostile
def hog_fast(data):
    _touched(2500)


@hostile
def hog_child(data):
    _python(f"import time; held = b'x' * (2400 * {MIB}); time.sleep(4)")


@hostile
def hog_shm(data):
    pages = _mapped(2300)
    time.sleep(1)
    pages.close()


@hostile
def memory_err(data):
    np.zeros((10**7, 10**7)).sum()


@hostile
def steady(data):
    """Some 200 MiB a second: the bound or the deadline ends it."""
    held = []
    for _ in range(2000):
        held.append(_touched(1))
        time.sleep(0.005)


@hostile
def peak_malloc(data):
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(300 * MIB)
    ctypes.memset(block, 1, 300 * MIB)
    libc.free(block)


@hostile
def peak_mmap(data):
    _mapped(300).close()


@hostile
def peak_numpy(data):
    _touched(300)


@hostile
def peak_short(data):
    """For some milliseconds, beside a gibibyte that is reserved and never touched."""
    reserved = np.empty(2**30 // 8)
    _touched(100)
    del reserved


@hostile
def peak_child(data):
    _python(f"held = b'x' * (300 * {MIB})")


@hostile
def peak_thread(data):
    worker = threading.Thread(target=_touched, args=[300])
    worker.start()
    worker.join()


@hostile
def cpu_child(data):
    _python("import time\nwhile time.process_time() < 1: pass")


# It starts others.


def _fork(count: int, before: Callable[[], object] = lambda: None) -> None:
    for _ in range(count):
        if os.fork() == 0:
            before()
            time.sleep(40)
            os._exit(0)
    time.sleep(0.5)


@hostile
def fork_bomb(data):
    _fork(50)


@hostile
def fork_bomb_setsid(data):
    _fork(50, os.setsid)


@hostile
def fork_bomb_timeout(data):
    for _ in range(20):
        subprocess.Popen(["sleep", "40"], start_new_session=True)
    nap(data)


@hostile
def fork_returns(data):
    """Two processes answer, as if each were the worker."""
    os.fork()
    return Estimate(1.0)


@hostile
def child_outlives(data):
    subprocess.Popen(["sleep", "40"])


@hostile
def child_daemon(data):
    subprocess.Popen(["sleep", "40"], start_new_session=True)


@hostile
def spawner(data):
    child_outlives(data)
    nap(data)


@hostile
def thread_outlives(data):
    threading.Thread(target=lambda: [time.sleep(0.001) for _ in itertools.count()]).start()


# It changes what others use.


@hostile
def state(data):
    os.chdir("/")
    os.environ["HOSTILE"] = "1"
    os.umask(0o777)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    warnings.simplefilter("error")
    np.random.seed(0)
    random.seed(0)
    np.seterr(all="raise")
    sys.setrecursionlimit(200)
    gc.disable()


@hostile
def patch(data):
    np.mean = lambda *given, **named: 42.0


@hostile
def patch_time(data):
    time.perf_counter = lambda: -1.0
    time.process_time = lambda: float("nan")


@hostile
def close_fds(data):
    os.closerange(3, 256)


@hostile
def close_std(data):
    os.closerange(0, 3)


@hostile
def rlimit(data):
    for limit, most in ((resource.RLIMIT_AS, 256 * MIB), (resource.RLIMIT_NOFILE, 3)):
        resource.setrlimit(limit, (most, most))


@hostile
def write_data(data):
    """Through the flag that forbids it, and past it."""
    with suppress(ValueError):
        data.x.flags.writeable = True
    ctypes.memset(data.x.ctypes.data, 0, data.x.nbytes)


@hostile
def change_registry(data):
    """What works here is looked for among all objects, and emptied."""
    for found in gc.get_objects():
        if type(found).__name__ == "Bench":
            found._registry.components["estimator"].clear()
            found._data.clear()


@hostile
def garbage(data):
    for link in _sockets():
        with suppress(OSError):
            os.write(link, (5).to_bytes(4, "big") + b"bytes")


@hostile
def kill_parent(data):
    """It only pauses it: the run has to come to an end afterwards."""
    for number in (signal.SIGSTOP, signal.SIGCONT):
        os.kill(os.getppid(), number)
        time.sleep(0.3)


@hostile
def store_write(data):
    with Path(os.environ["DRILL_STORE"]).open("r+b") as file:
        file.write(os.urandom(2 * 4096))


@hostile
def store_delete(data):
    for ending in ("", "-wal", "-shm", ".lock"):
        Path(os.environ["DRILL_STORE"] + ending).unlink(missing_ok=True)


# It says too much, or what nobody can write down.


@hostile
def stdout_flood(data):
    until, block = time.time() + 5, b"flood\n" * 150_000
    for _ in range(5000):
        os.write(1, block)
        if time.time() > until:
            return


@hostile
def stderr_flood_dies(data):
    _flood(2, b"flood\n" * 150_000, 1300)
    os.abort()


@hostile
def stderr_one_line_dies(data):
    _flood(2, b"x" * MIB, 300)
    os.abort()


@hostile
def stderr_surrogate_dies(data):
    os.write(2, b"\xff\xfe\x00 the last words\n")
    os.abort()


@hostile
def msg_surrogate(data):
    Path("/nowhere", NOT_UTF8).read_text()


@hostile
def msg_ansi(data):
    raise ValueError("\x1b[2J\x1b]0;title\x07 \x1b[31mred\x1b[0m \x00 nothing\r\nanother line")


@hostile
def msg_huge(data):
    raise ValueError("long " * 2_000_000)


@hostile
def msg_raises(data):
    class Silent(Exception):
        def __str__(self):
            raise RuntimeError("it does not say")

    raise Silent


@hostile
def msg_bytes(data):
    raise ValueError(b"\xff\xfe")


@hostile
def group(data):
    raise ExceptionGroup("several", [ValueError("one"), ValueError("two")])


@hostile
def note_surrogate(data):
    LOG.warning("the file %s", NOT_UTF8)


@hostile
def note_flood(data):
    for number in range(20_000):
        LOG.warning("note %d %s", number, 100 * "x")


@hostile
def note_format(data):
    LOG.warning("a number: %d", "no number")


# It gives what is no estimate.


@hostile
def inf(data):
    return Estimate(float("inf"), stderr=float("inf"))


@hostile
def bool_value(data):
    return Estimate(True)


@hostile
def str_value(data):
    return Estimate("1e3")


@hostile
def sub_estimate(data):
    return type("Own", (Estimate,), {})(1.0)


@hostile
def local_nan(data):
    return Estimate(1.0, local=np.full(data.n, np.nan))


@hostile
def huge_local(data):
    return Estimate(0.0, local=np.zeros(800 * MIB // 8))


class Reduced:
    """Unpickling it would run a command."""

    def __reduce__(self):
        return os.system, ("touch unpickled",)


def _nested() -> dict:
    found: dict = {}
    for _ in range(900):
        found = {"inner": found}
    return found


def _cycle() -> dict:
    found: dict = {}
    found["itself"] = found
    return found


def _foreign() -> object:
    """An instance of a class that only this process has."""
    module = types.ModuleType("nowhere_else")
    module.Thing = type("Thing", (), {"__module__": "nowhere_else"})
    sys.modules["nowhere_else"] = module
    return module.Thing()


DIAGNOSTICS: dict[str, Callable[[], Any]] = {
    "huge-diagnostics": lambda: {f"name {i}": 1000 * "v" for i in range(100_000)},
    "deep-diagnostics": _nested,
    "cycle-diagnostics": _cycle,
    "object-diagnostics": lambda: {"set": {1, 2}},
    "bytes-diagnostics": lambda: {"bytes": b"abc"},
    "array-diagnostics": lambda: {"array": np.arange(3.0)},
    "lambda-diagnostics": lambda: {"function": lambda: 1},
    "surrogate-diagnostics": lambda: {"file": NOT_UTF8},
    "foreign-diagnostics": lambda: {"foreign": _foreign()},
    "reduce-diagnostics": lambda: {"reduced": Reduced()},
    "complex": lambda: {"complex": 1j},
    "big-int": lambda: {"digits": 10**5000},
}
BEHAVIOURS |= {
    name: lambda data, make=make: Estimate(0.0, diagnostics=make())
    for name, make in DIAGNOSTICS.items()
}
