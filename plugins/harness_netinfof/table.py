"""The score of a table of counts: conditional entropy, the accuracy it bounds, their errors.

For a table of bins and classes, ``2^-H(Y|B) <= sum_b max_y p(b, y)``: Jensen's inequality for the
logarithm gives ``log sum_b p(b) max_y p(y|b) >= sum_b p(b) log max_y p(y|b) >= -H(Y|B)``. It holds
for every table, and says nothing of other data than those counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Floats, Ints


@dataclass(frozen=True)
class Score:
    """A table's figures.

    Attributes
    ----------
    value : ``exp(-H(Y|B))`` with H in nats, the same as 2 to the minus H in bits.
    entropy : H(Y|B), nats, corrected where asked for.
    accuracy : ``sum_b max_y p(b, y)``: that of the best guess per bin, on the pairs counted.
    stderr : of the value, by the delta method.
    bias : the Miller-Madow estimate of how much the plain entropy is too small, nats.
    """

    value: float
    entropy: float
    accuracy: float
    stderr: float
    bias: float


def counted(bins: Ints, y: Ints, n_bins: int, classes: int) -> Ints:
    """How often each bin meets each class: (n_bins, classes)."""
    table = np.bincount(bins * classes + y, minlength=n_bins * classes)
    return table.reshape(n_bins, classes)


def score(table: Ints, correction: str = "none") -> Score:
    """The score of counts ``(bins, classes)``; ``correction`` is ``none`` or ``miller-madow``."""
    n = int(table.sum())
    joint = table / n
    share = joint.sum(1, keepdims=True)
    given = np.divide(joint, share, out=np.ones_like(joint), where=joint > 0)
    surprise = -np.log(given)
    plain = float((joint * surprise).sum())
    bias = (int((table > 0).sum()) - int((table.sum(1) > 0).sum())) / (2 * n)
    entropy = plain + bias if correction == "miller-madow" else plain
    spread = float((joint * (surprise - plain) ** 2).sum())
    value = math.exp(-entropy)
    return Score(value, entropy, float(joint.max(1).sum()), value * math.sqrt(spread / n), bias)


def quantile_edges(values: Floats, bins: int) -> Floats:
    """Inner edges, from ``values``, of at most ``bins`` bins of equal share; equal ones merge."""
    edges = np.quantile(values, np.arange(1, bins) / bins, method="higher")
    return np.unique(edges[edges > values.min()])


def binned(values: Floats, edges: Floats) -> Ints:
    """The bin of each value: ``len(edges) + 1`` bins, each closed on its left."""
    found: Ints = np.searchsorted(edges, values, side="right")
    return found


def null_score(table: Ints, trials: int, correction: str, rng: np.random.Generator) -> float:
    """The mean score of shuffled labels in the same bins, that of no information at this size."""
    bins = np.repeat(np.arange(len(table)), table.sum(1))
    y = np.repeat(np.arange(table.shape[1]), table.sum(0))
    shuffled = (counted(bins, rng.permutation(y), *table.shape) for _ in range(trials))
    return float(np.mean([score(t, correction).value for t in shuffled]))
