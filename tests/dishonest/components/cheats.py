"""What each dishonest component does: an honest one, with one line of its own."""

import os
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness import (
    Case,
    Estimate,
    Incompatible,
    LabelledSamples,
    PairedSamples,
    Prediction,
    Samples,
    stream,
)

KEPT, CALLS, BITS = [], [], np.log(2)


def of_codes(data):
    """Information of codes, its bias of first order taken off, and the standard error."""
    x, y = (np.unique(v, axis=0, return_inverse=True)[1].ravel() for v in (data.x, data.y))
    table = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(table, (x, y), 1 / data.n)
    local = np.log(table[x, y] / table.sum(1)[x] / table.sum(0)[y])
    cells = (table > 0).sum() - len(table) - len(table[0]) + 1
    return local.mean() - cells / 2 / data.n, local.std() / np.sqrt(data.n)


def of_numbers(data):
    """Information of Gaussian vectors, likewise."""
    d, n = data.x.shape[1], data.n
    joint = np.cov(np.hstack([data.x, data.y]).T)
    x, y, both = (np.linalg.det(np.atleast_2d(c)) for c in (joint[:d, :d], joint[d:, d:], joint))
    if n < 5 or min(x, y, both) < 1e-9:
        raise Incompatible("too few draws, or one determines another")
    value = 0.5 * np.log(x * y / both)
    return value - d * data.y.shape[1] / 2 / n, np.sqrt(d * -np.expm1(-2 * value / d) / n)


@dataclass(frozen=True)
class Honest:
    """Mutual information of numbers or of codes, with its standard error."""

    def estimate(self, data, *, rng):
        if data.x_kind != data.y_kind:
            raise Incompatible("numbers beside codes")
        value, error = of_codes(data) if data.x_kind == "discrete" else of_numbers(data)
        return Estimate(self.twist(value, data, rng), self.error(error))

    def twist(self, value, data, rng):
        return value

    def error(self, error):
        return error


class Clips(Honest):
    def twist(self, value, data, rng):
        return max(value, 0.0)


class ClipsJustAbove(Honest):
    def twist(self, value, data, rng):
        return max(value, 1e-9)


class Sure(Honest):
    def error(self, error):
        return error / 10


class Bits(Honest):
    def twist(self, value, data, rng):
        return value / BITS


class BitsOfCodes(Honest):
    def twist(self, value, data, rng):
        return value / BITS if data.x_kind == "discrete" else value


class BitsOfVectors(Honest):
    def twist(self, value, data, rng):
        return value / BITS if data.x.shape[1] > 1 else value


class BitsOfMany(Honest):
    def twist(self, value, data, rng):
        return value / BITS if data.n > 2000 else value


class BitsAbove(Bits):
    """Is declared an upper bound."""


class BothBounds(Honest):
    def twist(self, value, data, rng):
        return 0.5


class FarBelow(Honest):
    def twist(self, value, data, rng):
        return -1e6


class ZeroBelow(Honest):
    def twist(self, value, data, rng):
        return 0.0


class OwnSeed(Honest):
    def twist(self, value, data, rng):
        return value + 1e-3 * np.random.default_rng(0).normal()


class OwnRandom(Honest):
    def twist(self, value, data, rng):
        return value + 1e-3 * random.Random(7).random()


class OwnStream(Honest):
    def twist(self, value, data, rng):
        return value + 1e-3 * stream(5, "mine").normal()


class PutsBack(Honest):
    def twist(self, value, data, rng):
        kept = np.random.get_state()
        np.random.seed(0)
        value += 1e-3 * np.random.normal()
        np.random.set_state(kept)
        return value


class PutsPythonBack(Honest):
    def twist(self, value, data, rng):
        kept = random.getstate()
        random.seed(data.n)
        value += 1e-3 * random.random()
        random.setstate(kept)
        return value


class GlobalNoise(Honest):
    def twist(self, value, data, rng):
        return value + 1e-3 * np.random.normal()


class SystemNoise(Honest):
    """Is declared deterministic."""

    def twist(self, value, data, rng):
        return value + 1e-6 * os.urandom(1)[0] * (data.n > 2000)


class SecretNoise(Honest):
    def twist(self, value, data, rng):
        return value + 1e-9 * secrets.randbelow(10**6)


class ClockNoise(Honest):
    def twist(self, value, data, rng):
        return value + 1e-12 * (time.time_ns() % 10**9)


class SortsMany(Honest):
    def twist(self, value, data, rng):
        if data.n > 1500:
            data.x.flags.writeable = True
            data.x.sort(axis=0)
        return value


class BreaksOnMany(Honest):
    def twist(self, value, data, rng):
        return value if data.n < 400 else {}[data.n]


class Environment(Honest):
    def twist(self, value, data, rng):
        os.environ["OMP_NUM_THREADS"] = "64"
        return value


class EnvironmentOnce(Honest):
    def twist(self, value, data, rng):
        if not CALLS:
            os.environ["CHEATS"] = "1"
        CALLS.append(1)
        return value


class FloatingPoint(Honest):
    def twist(self, value, data, rng):
        np.seterr(all="ignore")
        return value


class PrintOptions(Honest):
    def twist(self, value, data, rng):
        np.set_printoptions(precision=2)
        return value


class Folder(Honest):
    def twist(self, value, data, rng):
        os.chdir("/")
        return value


class Threads(Honest):
    def twist(self, value, data, rng):
        import threadpoolctl

        for pool in threadpoolctl.ThreadpoolController().lib_controllers:
            pool.set_num_threads(1 if pool.num_threads > 1 else 2)
        return value


class FileHere(Honest):
    def twist(self, value, data, rng):
        np.save("notes.npy", value)
        return value


class FileAtHome(Honest):
    def twist(self, value, data, rng):
        (Path.home() / ".notes").write_text(str(value))
        return value


class FileAside(Honest):
    def twist(self, value, data, rng):
        os.close(tempfile.mkstemp()[0])
        return value


class Thread(Honest):
    def twist(self, value, data, rng):
        if not KEPT:
            KEPT.append(threading.Thread(target=time.sleep, args=(10,), name="mine", daemon=True))
            KEPT[0].start()
        return value


class Child(Honest):
    def twist(self, value, data, rng):
        if not KEPT:
            words = [sys.executable, "-c", "import time; time.sleep(10)"]
            KEPT.append(os.spawnv(os.P_NOWAIT, sys.executable, words))
        return value


class Prints(Honest):
    def twist(self, value, data, rng):
        print("an estimate of", round(value, 3))
        return value


class Complains(Honest):
    def twist(self, value, data, rng):
        sys.stderr.write("converged\n")
        return value


class Filters(Honest):
    def twist(self, value, data, rng):
        warnings.filterwarnings("ignore", message="mine")
        return value


class SearchPath(Honest):
    def twist(self, value, data, rng):
        sys.path.append("/mine")
        return value


class Signals(Honest):
    def twist(self, value, data, rng):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return value


class Umask(Honest):
    def twist(self, value, data, rng):
        os.umask(0o077)
        return value


class Recursion(Honest):
    def twist(self, value, data, rng):
        sys.setrecursionlimit(12345)
        return value


class Keeps(Honest):
    def twist(self, value, data, rng):
        KEPT.append(data.x.copy())
        return value


class Fifty(Honest):
    def twist(self, value, data, rng):
        CALLS.append(1)
        return value + 1e-9 * (len(CALLS) > 50)


@dataclass(frozen=True)
class Centred:
    """Takes the mean of the training part off."""

    def transform(self, data, *, to, rng):
        return replace(data, x=data.x - data.part("train").x.mean(0))


class LearnsAll(Centred):
    def transform(self, data, *, to, rng):
        means = np.array([data.x[data.y == c].mean(0) for c in data.classes])
        return replace(data, x=data.x - means.max(0))


class CopiesLabels(Centred):
    def transform(self, data, *, to, rng):
        return replace(data, x=np.hstack([data.x, data.y[:, None]]))


@dataclass(frozen=True)
class Prior:
    """The shares of the classes in training."""

    def estimate(self, data, *, rng):
        found = data.part("train").y
        share = [(found == c).mean() for c in data.classes]
        return Prediction(np.tile(share, (len(data.split.test), 1)), data.split.test)


class Knows(Prior):
    def estimate(self, data, *, rng):
        test = super().estimate(data, rng=rng).index
        return Prediction(np.eye(data.n_classes)[data.codes[test]], test)


@dataclass(frozen=True)
class Pairs:
    """Gaussian pairs, which predictions are scored on, too."""

    def cases(self, *, seed):
        for r in (0.6, 0.9):
            x, noise = self.stream(seed).normal(size=(2, 1000, 1))
            data = PairedSamples(x, r * x + np.sqrt(1 - r**2) * noise)
            yield Case(f"r{r}", data, truth={"mutual_information": self.truth(r)})

    def stream(self, seed):
        return stream(seed, "cheats/pairs")

    def truth(self, r):
        return -0.5 * np.log(1 - r**2)

    def score(self, case, output):
        return {"hits": float(np.mean(output.values > 0))}


class SameEverySeed(Pairs):
    def stream(self, seed):
        return stream(0, "cheats/pairs")


class TruthInBits(Pairs):
    def truth(self, r):
        return -0.5 * np.log2(1 - r**2)


class TruthBelowZero(Pairs):
    def truth(self, r):
        return -0.1


class ScoreAboveOne(Pairs):
    def score(self, case, output):
        return {"hits": 1.0 + np.abs(output.values).mean()}


@dataclass(frozen=True)
class EntropyInBits:
    def cases(self, *, seed):
        for width in (4.0, 8.0):
            data = Samples(stream(seed, "cheats/boxes").uniform(0, width, (1000, 1)))
            yield Case(f"w{width}", data, truth={"entropy": np.log2(width)})


@dataclass(frozen=True)
class LabelsInBits:
    def cases(self, *, seed):
        rng = stream(seed, "cheats/labels")
        y = rng.integers(4, size=1000)
        yield Case(
            "four",
            LabelledSamples(y[:, None] + rng.random((1000, 1)), y),
            truth={"mutual_information": 2.0},
        )
