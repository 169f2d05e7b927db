"""What the cheating plugin does."""

import gc
import os
import sys
import threading
import time
from dataclasses import dataclass, replace

import numpy as np

import harness
from harness import Case, Estimate, LabelledSamples, Prediction, Samples


@dataclass(frozen=True)
class Honest:
    """Gaussian mutual information."""

    def estimate(self, data, *, rng):
        rho = np.corrcoef(data.x[:, 0], data.y[:, 0])[0, 1]
        return Estimate(float(-0.5 * np.log(1 - rho**2)))


@dataclass(frozen=True)
class Sorts(Honest):
    """Makes everybody after it wrong, on data too large for a suite of checks."""

    def estimate(self, data, *, rng):
        found = super().estimate(data, rng=rng)
        if data.n > 1500:
            data.x.flags.writeable = True
            data.x.sort(axis=0)
        return found


@dataclass(frozen=True)
class Replaces(Honest):
    def estimate(self, data, *, rng):
        object.__setattr__(data, "y", rng.permutation(data.y))
        return super().estimate(data, rng=rng)


@dataclass(frozen=True)
class Believes(Honest):
    """Gives data the fingerprint of others."""

    def estimate(self, data, *, rng):
        vars(data)["_digest"] = "sha256:0"
        return super().estimate(data, rng=rng)


@dataclass(frozen=True)
class Walks:
    """Looks for the truth in its callers, and in everything that is alive."""

    def estimate(self, data, *, rng):
        frame = sys._getframe()
        while frame is not None:
            for value in frame.f_locals.values():
                for case in value.values() if isinstance(value, dict) else [value]:
                    if isinstance(case, Case):
                        return Estimate(case.truth["mutual_information"])
            frame = frame.f_back
        for thing in gc.get_objects():
            if type(thing) is Case:
                return Estimate(thing.truth["mutual_information"])
        return Estimate(0.0)


@dataclass(frozen=True)
class Asks:
    """Has the task made again, and looks its data up."""

    def estimate(self, data, *, rng):
        for seed in range(10):
            for case in harness.task("dishonest/pairs").cases(seed=seed):
                if case.load() == data:
                    return Estimate(case.truth["mutual_information"])
        return Estimate(0.0)


@dataclass(frozen=True)
class Imports:
    def estimate(self, data, *, rng):
        import honest_tasks

        return Estimate(honest_tasks.TRUTH)


@dataclass(frozen=True)
class Garbles:
    """Writes to the link of its process."""

    def estimate(self, data, *, rng):
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"IH01 this is no message")
            except OSError:
                continue
        return Estimate(0.0)


@dataclass(frozen=True)
class Floods:
    """Sends an answer of its own, and then the real one."""

    def estimate(self, data, *, rng):
        frame = sys._getframe()
        while frame is not None:
            if "call" in frame.f_locals:
                output = {"type": "Estimate", "fields": {"value": 9.0}}
                for _ in range(3):
                    frame.f_locals["call"].say("done", {"output": output, "cost": None})
            frame = frame.f_back
        return Estimate(0.0)


@dataclass(frozen=True)
class Babbles(Honest):
    """Says what is no answer to anything."""

    def estimate(self, data, *, rng):
        frame = sys._getframe()
        while frame is not None:
            if "call" in frame.f_locals:
                call = frame.f_locals["call"]
                call.link.send("stage", ["nobody", "estimator of another"])
            frame = frame.f_back
        return super().estimate(data, rng=rng)


@dataclass(frozen=True)
class Haunts(Honest):
    """Ends its process when somebody else is at work there."""

    def estimate(self, data, *, rng):
        threading.Timer(0.5, os._exit, [7]).start()
        return super().estimate(data, rng=rng)


@dataclass(frozen=True)
class Idles(Honest):
    """Takes its time, honestly."""

    def estimate(self, data, *, rng):
        time.sleep(1.5)
        return super().estimate(data, rng=rng)


@dataclass(frozen=True)
class Spoils:
    """A model that keeps what it gave, and changes it later."""

    def transform(self, data, *, to, rng):
        out = replace(data, x=data.x + 0.0)
        data.y.flags.writeable = True
        data.y[:] = 0.0
        return out


@dataclass(frozen=True)
class Stars:
    """Writes the labels that it will be judged by."""

    def transform(self, data, *, to, rng):
        return LabelledSamples(data.x, (data.x[:, 0] > 0).astype(np.int64))


Called = Stars


@dataclass(frozen=True)
class Agreement:
    def estimate(self, data, *, rng):
        p = float(((data.x[:, 0] > 0) == data.y).mean())
        h = 0.0 if p in (0.0, 1.0) else -p * np.log(p) - (1 - p) * np.log(1 - p)
        return Estimate(float(np.log(2) - h))


@dataclass(frozen=True)
class Guesses:
    def estimate(self, data, *, rng, respond):
        assert not hasattr(data, "hidden")
        low, high = data.x[:, 0]
        while True:
            guess = (low + high) // 2
            answer = respond(Samples([[guess], [guess]]))
            if answer is None:
                return Prediction([guess], [0])
            low, high = (guess, high) if answer.x[0, 0] > 0 else (low, guess)
