"""Information from counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness import Estimate, Incompatible, PairedSamples
from harness_hello.kinds import SpinChains
from harness_hello.settings import Counting


def entropy(codes: Any, correct: bool) -> float:
    """Entropy in nats of the rows of ``codes (n, d)`` by their shares.

    With ``correct``, (cells seen - 1) / 2n is added: the first order of the bias (Miller 1955).
    """
    counts = np.unique(codes, axis=0, return_counts=True)[1]
    shares = counts / counts.sum()
    bias = (len(counts) - 1) / (2 * counts.sum()) if correct else 0.0
    return float(bias - (shares * np.log(shares)).sum())


class Neighbours(Counting):
    """Entropy per spin of chains in which a spin depends on its left neighbour alone.

    (H(first) + (L - 1) [H(pair) - H(left)]) / L, all from the counts over every chain and place.
    """

    def estimate(self, data: SpinChains, *, rng: np.random.Generator) -> Estimate:
        """The entropy in nats per spin; ``rng`` is not needed."""
        length = data.spins.shape[1]
        left, right = data.spins[:, :-1].reshape(-1, 1), data.spins[:, 1:].reshape(-1, 1)
        rate = entropy(np.hstack([left, right]), self.correct) - entropy(left, self.correct)
        first = entropy(data.spins[:, :1], self.correct)
        return Estimate((first + (length - 1) * rate) / length, diagnostics={"rate": rate})


class Counts(Counting):
    """I(X;Y) = H(X) + H(Y) - H(X,Y) of discrete variables.

    Raises
    ------
    Incompatible : a variable is not discrete; counts of what never repeats say nothing.
    """

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """The information in nats; ``rng`` is not needed."""
        if (data.x_kind, data.y_kind) != ("discrete", "discrete"):
            raise Incompatible(
                f"counts discrete variables; these are {data.x_kind} and {data.y_kind}"
            )
        joint = entropy(np.hstack([data.x, data.y]), self.correct)
        return Estimate(entropy(data.x, self.correct) + entropy(data.y, self.correct) - joint)
