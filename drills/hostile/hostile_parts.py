"""A plugin that misbehaves in every way that was thought of: one class, one behaviour.

It breaks things on purpose: `python -m drills hostile` runs it in a folder of its own.
"""

import atexit
import ctypes
import gc
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
from dataclasses import dataclass

import numpy as np

from harness import Case, Estimate, Samples, stream


@dataclass(frozen=True)
class Plain:
    count: int = 2

    def cases(self, *, seed):
        for i in range(self.count):
            yield Case(
                f"c-{i}",
                lambda i=i: Samples(stream(seed, "g", str(i)).normal(size=(50, 2))),
                truth={"entropy": 0.0},
                stamp="",
            )


@dataclass(frozen=True)
class Good:
    def estimate(self, data, *, rng):
        # depends on global state that others might have changed
        with warnings.catch_warnings(record=True) as w:
            v = float(np.mean(data.x)) + float(np.random.normal()) * 1e-3 + rng.normal() * 1e-3
        d = {
            "cwd": os.getcwd() == os.environ["DRILL_FOLDER"],
            "umask": oct(_um()),
            "sigusr1": str(signal.getsignal(signal.SIGUSR1)),
            "errstate": str(np.geterr()),
            "filters": len(warnings.filters),
            "evilenv": os.environ.get("EVIL", ""),
            "reclimit": sys.getrecursionlimit(),
            "mean": np.mean.__module__,
            "threads": threading.active_count(),
            "gc": gc.isenabled(),
        }
        return Estimate(v, diagnostics=d)


def _um():
    u = os.umask(0o77)
    os.umask(u)
    return u


@dataclass(frozen=True)
class Brief:
    """Takes some milliseconds, honestly."""

    def estimate(self, data, *, rng):
        time.sleep(0.003)
        return Estimate(float(rng.normal()))


class Bad:
    """Base of all that misbehave."""


@dataclass(frozen=True)
class Segv(Bad):
    def estimate(self, data, *, rng):
        ctypes.string_at(0)


@dataclass(frozen=True)
class LoopPy(Bad):
    def estimate(self, data, *, rng):
        while True:
            pass


@dataclass(frozen=True)
class LoopC(Bad):
    def estimate(self, data, *, rng):
        a = np.ones((1500, 1500))
        for _ in iter(int, 1):
            a @ a


@dataclass(frozen=True)
class LoopNumba(Bad):
    def estimate(self, data, *, rng):
        import numba

        @numba.njit
        def f(x):
            while x > 0:
                x += 1.0
            return x

        return Estimate(f(1.0))


@dataclass(frozen=True)
class LoopHoldGil(Bad):
    def estimate(self, data, *, rng):
        ctypes.PyDLL(None).sleep(600)


@dataclass(frozen=True)
class SigIgnore(Bad):
    def estimate(self, data, *, rng):
        for number in range(1, 64):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            pass


@dataclass(frozen=True)
class Hog(Bad):
    def estimate(self, data, *, rng):
        held = []
        for _ in range(2700):
            held.append(np.ones(2**17))  # 1 MiB each
        time.sleep(30)


@dataclass(frozen=True)
class HogFast(Bad):
    def estimate(self, data, *, rng):
        a = np.ones(2500 * 2**17)
        return Estimate(float(a[0]))


@dataclass(frozen=True)
class HogChild(Bad):
    """The memory is a child's."""

    def estimate(self, data, *, rng):
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import time\na=bytearray(2400*2**20)\nfor i in range(0,len(a),4096): a[i]=1\ntime.sleep(4)",
            ]
        )
        return Estimate(0.0)


@dataclass(frozen=True)
class HogShm(Bad):
    """shared memory file, mapped"""

    def estimate(self, data, *, rng):
        m = mmap.mmap(-1, 2300 * 2**20)
        for i in range(0, len(m), 4096):
            m[i] = 1
        time.sleep(1)
        return Estimate(0.0)


@dataclass(frozen=True)
class MemoryErr(Bad):
    def estimate(self, data, *, rng):
        np.ones(10**14)


@dataclass(frozen=True)
class ForkBomb(Bad):
    def estimate(self, data, *, rng):
        for i in range(50):
            if os.fork() == 0:
                time.sleep(40)
                os._exit(0)
        time.sleep(0.5)
        return Estimate(0.0)


@dataclass(frozen=True)
class ForkBombSetsid(Bad):
    def estimate(self, data, *, rng):
        for i in range(50):
            if os.fork() == 0:
                os.setsid()
                time.sleep(40)
                os._exit(0)
        time.sleep(0.5)
        return Estimate(0.0)


@dataclass(frozen=True)
class ForkBombTimeout(Bad):
    """children in other sessions; parent then times out"""

    def estimate(self, data, *, rng):
        for i in range(20):
            subprocess.Popen(["sleep", "40"], start_new_session=True)
        time.sleep(100)


@dataclass(frozen=True)
class ForkReturns(Bad):
    """A forked child that goes on as if it were the worker."""

    def estimate(self, data, *, rng):
        os.fork()
        return Estimate(1.0)


@dataclass(frozen=True)
class ChildOutlives(Bad):
    def estimate(self, data, *, rng):
        subprocess.Popen(["sleep", "40"])
        return Estimate(0.0)


@dataclass(frozen=True)
class ChildDaemon(Bad):
    def estimate(self, data, *, rng):
        subprocess.Popen(["sleep", "40"], start_new_session=True)
        return Estimate(0.0)


@dataclass(frozen=True)
class ThreadOutlives(Bad):
    def estimate(self, data, *, rng):
        def spin():
            while True:
                time.sleep(0.001)

        threading.Thread(target=spin).start()
        return Estimate(0.0)


@dataclass(frozen=True)
class ThreadExits(Bad):
    """A thread ends the process later, in another path."""

    def estimate(self, data, *, rng):
        def bye():
            time.sleep(0.02)
            os._exit(9)

        threading.Thread(target=bye).start()
        return Estimate(0.0)


@dataclass(frozen=True)
class StdoutFlood(Bad):
    def estimate(self, data, *, rng):
        block = b"x" * 99 + b"\n"
        block *= 10000
        end = time.time() + 5
        n = 0
        while time.time() < end and n < 5000:
            os.write(1, block)
            n += 1  # at most 5 GB
        return Estimate(float(n))


@dataclass(frozen=True)
class StderrFloodDies(Bad):
    """1.2 GB on stderr, then death: what does the parent read?"""

    def estimate(self, data, *, rng):
        block = b"x" * 99 + b"\n"
        block *= 10000
        for n in range(1200):
            os.write(2, block)
        os.abort()


@dataclass(frozen=True)
class StderrOneLineDies(Bad):
    """300 MB in one line"""

    def estimate(self, data, *, rng):
        for n in range(300):
            os.write(2, b"x" * 10**6)
        os.abort()


@dataclass(frozen=True)
class Exit(Bad):
    def estimate(self, data, *, rng):
        sys.exit(0)


@dataclass(frozen=True)
class ExitText(Bad):
    def estimate(self, data, *, rng):
        sys.exit("text")


@dataclass(frozen=True)
class OsExit(Bad):
    def estimate(self, data, *, rng):
        os._exit(0)


@dataclass(frozen=True)
class KeyboardInt(Bad):
    def estimate(self, data, *, rng):
        raise KeyboardInterrupt


@dataclass(frozen=True)
class GenExit(Bad):
    def estimate(self, data, *, rng):
        raise GeneratorExit("x")


@dataclass(frozen=True)
class State(Bad):
    def estimate(self, data, *, rng):
        os.chdir("/")
        os.environ["EVIL"] = "1"
        os.umask(0o777)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        warnings.simplefilter("error")
        np.random.seed(0)
        random.seed(0)
        np.seterr(all="raise")
        sys.setrecursionlimit(200)
        gc.disable()
        return Estimate(0.0)


@dataclass(frozen=True)
class Patch(Bad):
    def estimate(self, data, *, rng):
        np.mean = lambda *a, **k: 42.0
        return Estimate(0.0)


@dataclass(frozen=True)
class PatchTime(Bad):
    def estimate(self, data, *, rng):
        time.perf_counter = lambda: -1.0
        time.process_time = lambda: float("nan")
        return Estimate(0.0)


@dataclass(frozen=True)
class CloseFds(Bad):
    def estimate(self, data, *, rng):
        for fd in range(3, 256):
            try:
                os.close(fd)
            except OSError:
                pass
        return Estimate(0.0)


@dataclass(frozen=True)
class CloseStd(Bad):
    def estimate(self, data, *, rng):
        for fd in range(3):
            os.close(fd)
        return Estimate(0.0)


@dataclass(frozen=True)
class Garbage(Bad):
    """Writes garbage to the link."""

    def estimate(self, data, *, rng):
        for fd in os.listdir("/proc/self/fd"):
            try:
                if os.readlink(f"/proc/self/fd/{fd}").startswith("socket"):
                    os.write(int(fd), b"\0\0\0\x05hello")
            except OSError:
                pass
        return Estimate(0.0)


@dataclass(frozen=True)
class GarbagePartial(Bad):
    """A length without the bytes: does the parent wait for ever?"""

    def estimate(self, data, *, rng):
        for fd in os.listdir("/proc/self/fd"):
            try:
                if os.readlink(f"/proc/self/fd/{fd}").startswith("socket"):
                    os.write(int(fd), b"\0\x10\0\0hello")
            except OSError:
                pass
        time.sleep(300)


@dataclass(frozen=True)
class StopSelf(Bad):
    def estimate(self, data, *, rng):
        os.kill(os.getpid(), signal.SIGSTOP)
        return Estimate(0.0)


@dataclass(frozen=True)
class KillParent(Bad):
    """(SIGINT to the parent)"""

    def estimate(self, data, *, rng):
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(0.3)
        os.kill(os.getppid(), signal.SIGCONT)
        return Estimate(0.0)


@dataclass(frozen=True)
class StoreWrite(Bad):
    def estimate(self, data, *, rng):
        with open(os.environ["DRILL_STORE"], "r+b") as f:
            f.seek(0)
            f.write(os.urandom(8192))
        return Estimate(0.0)


@dataclass(frozen=True)
class StoreDelete(Bad):
    def estimate(self, data, *, rng):
        for s in ("", "-wal", "-shm", ".lock"):
            if os.path.exists(os.environ["DRILL_STORE"] + s):
                os.unlink(os.environ["DRILL_STORE"] + s)
        return Estimate(0.0)


@dataclass(frozen=True)
class HugeLocal(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, local=np.zeros(10**8, np.float64))


@dataclass(frozen=True)
class HugeDiagnostics(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={f"k{i}": "v" * 1000 for i in range(100_000)})


@dataclass(frozen=True)
class DeepDiagnostics(Bad):
    def estimate(self, data, *, rng):
        d = {}
        top = d
        for _ in range(900):
            d["x"] = {}
            d = d["x"]
        return Estimate(0.0, diagnostics=top)


@dataclass(frozen=True)
class CycleDiagnostics(Bad):
    def estimate(self, data, *, rng):
        d = {}
        d["me"] = d
        return Estimate(0.0, diagnostics=d)


@dataclass(frozen=True)
class ObjectDiagnostics(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": {1, 2}})


@dataclass(frozen=True)
class BytesDiagnostics(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": b"abc"})


@dataclass(frozen=True)
class ArrayDiagnostics(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": np.arange(3.0)})


@dataclass(frozen=True)
class LambdaDiagnostics(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": lambda: 1})


@dataclass(frozen=True)
class SurrogateDiagnostics(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"file": os.fsdecode(b"caf\xe9.txt")})


@dataclass(frozen=True)
class ForeignDiagnostics(Bad):
    """A value whose class the parent cannot import."""

    def estimate(self, data, *, rng):
        m = types.ModuleType("only_here")
        exec("class T:\n    pass", m.__dict__)
        m.T.__module__ = "only_here"
        sys.modules["only_here"] = m
        return Estimate(0.0, diagnostics={"o": m.T()})


@dataclass(frozen=True)
class ReduceDiagnostics(Bad):
    """Code in the parent by unpickling."""

    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": _Red()})


class _Red:
    def __reduce__(self):
        return (os.system, ("touch pwned",))


@dataclass(frozen=True)
class Complex(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": 1j})


@dataclass(frozen=True)
class BigInt(Bad):
    def estimate(self, data, *, rng):
        return Estimate(0.0, diagnostics={"o": 10**5000})


@dataclass(frozen=True)
class MsgSurrogate(Bad):
    def estimate(self, data, *, rng):
        open(os.fsdecode(b"/nope/caf\xe9.txt"))


@dataclass(frozen=True)
class MsgAnsi(Bad):
    def estimate(self, data, *, rng):
        raise ValueError("\x1b[2J\x1b]0;owned\x07 red \x1b[31m\x00nul\r\n two")


@dataclass(frozen=True)
class MsgHuge(Bad):
    def estimate(self, data, *, rng):
        raise ValueError("m" * 10**7)


@dataclass(frozen=True)
class MsgRaises(Bad):
    def estimate(self, data, *, rng):
        class E(Exception):
            def __str__(self):
                raise RuntimeError("no str")

        raise E


@dataclass(frozen=True)
class MsgBytes(Bad):
    def estimate(self, data, *, rng):
        raise ValueError(b"\xff\xfe")


@dataclass(frozen=True)
class StderrSurrogateDies(Bad):
    def estimate(self, data, *, rng):
        os.write(2, b"\xff\xfe\x00 last\n")
        os.abort()


@dataclass(frozen=True)
class NoteSurrogate(Bad):
    def estimate(self, data, *, rng):
        logging.getLogger("harness.evil").warning("file %s", os.fsdecode(b"caf\xe9"))
        return Estimate(0.0)


@dataclass(frozen=True)
class NoteFlood(Bad):
    def estimate(self, data, *, rng):
        for i in range(20000):
            logging.getLogger("harness.evil").warning("warn %d %s", i, "x" * 100)
        return Estimate(0.0)


@dataclass(frozen=True)
class NoteFormat(Bad):
    def estimate(self, data, *, rng):
        logging.getLogger("harness.evil").warning("bad %d", "text")
        return Estimate(0.0)


@dataclass(frozen=True)
class Recursion(Bad):
    def estimate(self, data, *, rng):
        return self.estimate(data, rng=rng)


@dataclass(frozen=True)
class RecursionC(Bad):
    def estimate(self, data, *, rng):
        sys.setrecursionlimit(10**9)

        def f(n):
            return f(n + 1)

        f(0)


@dataclass(frozen=True)
class Group(Bad):
    def estimate(self, data, *, rng):
        raise ExceptionGroup("many", [ValueError("a"), ValueError("c")])


@dataclass(frozen=True)
class Inf(Bad):
    def estimate(self, data, *, rng):
        return Estimate(float("inf"), stderr=float("inf"))


@dataclass(frozen=True)
class BoolValue(Bad):
    def estimate(self, data, *, rng):
        return Estimate(True)


@dataclass(frozen=True)
class StrValue(Bad):
    def estimate(self, data, *, rng):
        return Estimate("1e3")


@dataclass(frozen=True)
class SubEstimate(Bad):
    def estimate(self, data, *, rng):
        class Sub(Estimate):
            pass

        return Sub(1.0)


@dataclass(frozen=True)
class LocalNan(Bad):
    def estimate(self, data, *, rng):
        return Estimate(1.0, local=np.full(50, np.nan))


@dataclass(frozen=True)
class WriteData(Bad):
    """Writes into the shared data through flags."""

    def estimate(self, data, *, rng):
        try:
            data.x.flags.writeable = True
        except ValueError:
            pass
        ctypes.memset(data.x.ctypes.data, 0, data.x.nbytes)
        return Estimate(0.0)


@dataclass(frozen=True)
class ChangeRegistry(Bad):
    def estimate(self, data, *, rng):
        for o in gc.get_objects():
            if type(o).__name__ == "Bench":
                o._data.clear()
                o._registry.components["estimator"].clear()
        return Estimate(0.0)


@dataclass(frozen=True)
class Rlimit(Bad):
    def estimate(self, data, *, rng):
        resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        return Estimate(0.0)


@dataclass(frozen=True)
class FaultOff(Bad):
    def estimate(self, data, *, rng):
        atexit.register(lambda: time.sleep(600))
        raise SystemExit


@dataclass(frozen=True)
class PeakMalloc(Bad):
    """300 MiB by malloc, touched and freed."""

    def estimate(self, data, *, rng):
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        libc.malloc.argtypes = [ctypes.c_size_t]
        libc.free.argtypes = [ctypes.c_void_p]
        p = libc.malloc(300 * 2**20)
        ctypes.memset(p, 1, 300 * 2**20)
        libc.free(p)
        return Estimate(0.0)


@dataclass(frozen=True)
class PeakMmap(Bad):
    def estimate(self, data, *, rng):
        m = mmap.mmap(-1, 300 * 2**20)
        for i in range(0, len(m), 4096):
            m[i] = 1
        m.close()
        return Estimate(0.0)


@dataclass(frozen=True)
class PeakNumpy(Bad):
    def estimate(self, data, *, rng):
        a = np.ones(300 * 2**17)
        del a
        return Estimate(0.0)


@dataclass(frozen=True)
class PeakShort(Bad):
    """for some 30 ms only, untouched reservation besides"""

    def estimate(self, data, *, rng):
        b = np.empty(2**30)
        a = np.ones(100 * 2**17)
        del a, b
        return Estimate(0.0)


@dataclass(frozen=True)
class PeakChild(Bad):
    def estimate(self, data, *, rng):
        subprocess.run([sys.executable, "-c", "a=b'1'*(300*2**20)"])
        return Estimate(0.0)


@dataclass(frozen=True)
class PeakThread(Bad):
    def estimate(self, data, *, rng):
        t = threading.Thread(target=lambda: np.ones(300 * 2**17))
        t.start()
        t.join()
        return Estimate(0.0)


@dataclass(frozen=True)
class CpuChild(Bad):
    """one second of CPU in a child, one in a thread"""

    def estimate(self, data, *, rng):
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import time\nt=time.process_time()\nwhile time.process_time()-t<1: pass",
            ]
        )
        return Estimate(0.0)


@dataclass(frozen=True)
class Steady(Bad):
    """about 200 MiB per second"""

    def estimate(self, data, *, rng):
        held = []
        for _ in range(2000):
            held.append(np.ones(2**17))
            time.sleep(0.005)
        return Estimate(0.0)


@dataclass(frozen=True)
class Spawner(Bad):
    def estimate(self, data, *, rng):
        subprocess.Popen(["sleep", "41"])
        time.sleep(60)


@dataclass(frozen=True)
class Nap(Bad):
    def estimate(self, data, *, rng):
        time.sleep(60)
