"""The tasks that the cheats are tried on; in a module of their own, as in another package."""

from dataclasses import dataclass

import numpy as np

from harness import Case, LabelledSamples, PairedSamples, stream

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
