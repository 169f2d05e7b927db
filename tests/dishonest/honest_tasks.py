"""The tasks that the cheats are tried on; in a module of their own, as in another package."""

from dataclasses import dataclass

import numpy as np

from harness import Case, LabelledSamples, PairedSamples, Samples, stream

TRUTH = 0.5108256237659907  # rho = 0.8


@dataclass(frozen=True)
class Pairs:
    def cases(self, *, seed):
        rng = stream(seed, "pairs")
        z = rng.normal(size=(2, 2000, 1))
        data = PairedSamples(z[0], 0.8 * z[0] + 0.6 * z[1])
        yield Case("one", data, truth={"mutual_information": TRUTH})


@dataclass(frozen=True)
class Labels:
    def cases(self, *, seed):
        x = stream(seed, "labels").normal(size=(200, 1))
        y = (x[:, 0] > 0).astype(np.int64)
        y[::4] = 1 - y[::4]
        yield Case("one", LabelledSamples(x, y), truth={"mutual_information": 0.13})


@dataclass(frozen=True)
class Hidden:
    """A whole number below 64: a question is a guess, the answer -1, or 1, or none where it is right."""

    def cases(self, *, seed):
        for name, number in (("low", 3.0), ("high", 60.0)):
            hidden = lambda number=number: Samples([[number], [number]])  # noqa: E731
            yield Case(name, Samples([[0.0], [64.0]]), hidden=hidden)

    def respond(self, case, transcript, question, *, rng):
        if len(transcript) > 20:
            raise RuntimeError("too many questions")
        below = case.reveal().x[0, 0] - question.x[0, 0]
        return None if below == 0 else Samples([[np.sign(below)]] * 2)

    def score(self, case, output):
        assert case.transcript[-1][1] is None
        assert output.values[0] == case.reveal().x[0, 0]
        return {"questions": len(case.transcript)}
