"""Random patterns, of which a linear threshold unit can store two per dimension."""

from __future__ import annotations

from collections.abc import Iterable

from harness import Case, Samples, stream
from harness_sequences.settings import Patterns


class RandomPatterns(Patterns):
    """A case per number of dimensions: standard normal patterns.

    T. Cover (IEEE Trans. Electron. Comput. 14, 326, 1965): P patterns in general position in N
    dimensions with random labels are separable with probability 2^(1 - P) times the sum over
    k < N of C(P - 1, k). Added one by one, 2N are separable in the mean, whatever N.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by number of dimensions."""
        for d in self.dims:
            x = stream(seed, "random-patterns", str(d)).normal(size=(self.n, d))
            yield Case(
                id=f"dimensions-{d}",
                data=Samples(x),
                truth={"memory_capacity": 2.0},
                facts={"d": d, "n": self.n},
            )
