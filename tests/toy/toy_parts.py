"""The implementations of the toy plugin."""

import ctypes
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import harness
from harness import (
    Case,
    Curve,
    Document,
    Estimate,
    Finding,
    Incompatible,
    PairedSamples,
    Samples,
    Selection,
    stream,
)


@dataclass(frozen=True)
class Mean:
    scale: float = 1.0

    def estimate(self, data, *, rng):
        if self.scale > 100:
            logging.getLogger("harness.toy").warning("a scale of %g is large", self.scale)
        return Estimate(self.scale * float(data.x.mean()), stderr=0.1, local=data.x.mean(axis=1))


@dataclass(frozen=True)
class Noise:
    def estimate(self, data, *, rng):
        return Estimate(rng.normal())


@dataclass(frozen=True)
class Slow:
    seconds: float = 0.06
    log: str = ""

    def estimate(self, data, *, rng):
        if self.log:
            with Path(self.log).open("a") as out:
                out.write(f"{data.fingerprint()}\n")
        busy = min(self.seconds, 0.06)  # some of it is work, whose time is checked
        end = time.process_time() + busy
        while time.process_time() < end:
            pass
        time.sleep(self.seconds - busy)
        return Estimate(rng.normal())


@dataclass(frozen=True)
class Lengthy:
    """A sum of draws, saved after every step; ``TOY_DIES_AT`` kills its process at that step."""

    steps: int = 5
    pause: float = 0.0

    def estimate(self, data, *, rng):
        draws = rng.normal(size=self.steps)
        with harness.checkpointed(f"toy {data.fingerprint()} {self}", every_s=0.0) as saved:
            state = saved.load() or {"step": np.array(0), "total": np.array(0.0)}
            first, total = int(state["step"]), float(state["total"])
            for step in range(first, self.steps):
                if str(step) == os.environ.get("TOY_DIES_AT"):
                    os.kill(os.getpid(), signal.SIGKILL)
                total = np.sin(total) + draws[step]
                time.sleep(self.pause)
                harness.progress(step + 1, self.steps, "steps")
                if saved.due:
                    saved.save({"step": np.array(step + 1), "total": np.array(total)})
        return Estimate(total, diagnostics={"taken": self.steps - first})


@dataclass(frozen=True)
class OnDevice:
    """Says when it begins and ends, and where."""

    device: str = "cpu"
    log: str = ""

    def estimate(self, data, *, rng):
        mark = os.environ.get("TOY_DIES_ON_CUDA", "")
        for what in ("begins", "ends"):
            with Path(self.log).open("a") as out:
                out.write(f"{self.device} {what} {os.getpid()}\n")
            if mark and not Path(mark).exists():
                Path(mark).touch()
                os._exit(1)
            time.sleep(0.05)
        return Estimate(0.0)


@dataclass(frozen=True)
class Bend:
    points: int = 3

    def estimate(self, data, *, rng):
        x = np.arange(float(self.points))
        return Curve(x, np.where(x == 0, np.inf, x**2), "rate", "nats", stderr=0.1 * x)


@dataclass(frozen=True)
class Bends:
    def cases(self, *, seed):
        yield Case("bend", lambda: Samples(np.zeros((2, 1))), stamp="")

    def score(self, case, output):
        return {"gain": float(output.y[-1])}


@dataclass(frozen=True)
class Compiles:
    """Slow once; says how often."""

    log: str = ""

    def warm_up(self):
        with Path(self.log).open("a") as out:
            out.write("warm\n")
        time.sleep(0.5)

    def estimate(self, data, *, rng):
        return Estimate(0.0)


@dataclass(frozen=True)
class Boom:
    def estimate(self, data, *, rng):
        raise ValueError("boom")


@dataclass(frozen=True)
class Segv:
    def estimate(self, data, *, rng):
        ctypes.string_at(0)


@dataclass(frozen=True)
class LastWords:
    def estimate(self, data, *, rng):
        print("these are my last words", file=sys.stderr)
        os.abort()


@dataclass(frozen=True)
class Leave:
    def estimate(self, data, *, rng):
        os._exit(3)


@dataclass(frozen=True)
class Sleep:
    """Sleeps in native code that holds the interpreter lock and ignores the polite signal."""

    def estimate(self, data, *, rng):
        ctypes.PyDLL(None).sleep(600)


@dataclass(frozen=True)
class Hog:
    def estimate(self, data, *, rng):
        held = []
        while True:
            held.append(np.ones(2**21))


@dataclass(frozen=True)
class Unfit:
    def estimate(self, data, *, rng):
        raise Incompatible(f"needs 1000 points; there are {data.n}")


@dataclass(frozen=True)
class NotANumber:
    def estimate(self, data, *, rng):
        return Estimate(float("nan"))


@dataclass(frozen=True)
class WrongOutput:
    def estimate(self, data, *, rng):
        return 1.0


@dataclass(frozen=True)
class GlobalNoise:
    def estimate(self, data, *, rng):
        return Estimate(np.random.normal())


@dataclass(frozen=True)
class Borrows:
    """Calls another plugin by name."""

    def estimate(self, data, *, rng):
        return harness.estimator("msc/entropy").estimate(data, rng=rng)


@dataclass(frozen=True)
class First:
    def estimate(self, data, *, rng):
        return Selection(np.arange(data.n))


@dataclass(frozen=True)
class Best:
    def estimate(self, data, *, rng):
        return Selection(np.argsort(-data.x[:, 0], kind="stable"))


@dataclass(frozen=True)
class Double:
    def transform(self, data, *, to, rng):
        return Samples(2 * data.x)


@dataclass(frozen=True)
class Jitter:
    def transform(self, data, *, to, rng):
        return Samples(data.x + rng.normal(size=data.x.shape))


@dataclass(frozen=True)
class Pair:
    def transform(self, data, *, to, rng):
        return PairedSamples(data.x[:, :1], data.x[:, 1:])


@dataclass(frozen=True)
class Dies:
    def transform(self, data, *, to, rng):
        os.abort()


@dataclass(frozen=True)
class Normals:
    count: int = 3
    n: int = 50

    def cases(self, *, seed):
        for i in range(self.count):
            yield Case(
                f"normal-{i}",
                lambda i=i: Samples(stream(seed, "normals", str(i)).normal(size=(self.n, 2))),
                truth={"entropy": 0.0},
                facts={"index": i},
                stamp="",
            )


@dataclass(frozen=True)
class Choice:
    n: int = 50

    def cases(self, *, seed):
        def data():
            return Samples(stream(seed, "choice").normal(size=(self.n, 1)))

        for rate in (0.1, 0.5):
            yield Case(f"all@{rate:.0%}", data, source="all", facts={"rate": rate}, truth={"gain": 50.0},
                       accepts=(Selection,))  # fmt: skip
        yield Case("all", data, accepts=(Estimate,))

    def score(self, case, output):
        chosen = output.subset(round(self.n * case.facts["rate"]))
        return {"gain": float(case.load().x[chosen].sum()), "cost": float(len(chosen))}


@dataclass(frozen=True)
class Broken:
    def cases(self, *, seed):
        raise RuntimeError("no cases today")


@dataclass(frozen=True)
class Spread:
    limit: float = 0.5

    def make(self, records):
        seeds = sorted({r.seed for r in records})
        values = (abs(np.mean([r.value for r in records.where(seed=s)])) for s in seeds)
        claim = "mean of all samples, distance from 0"
        finding = Finding(claim, tuple(values), paper="below", sign=-1, limit=self.limit)
        return Document(f"{len(records)} records", (finding,))
