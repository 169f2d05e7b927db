"""Standard errors.

The terms that a nearest-neighbour estimate averages are not independent, for neighbours share neighbours: their spread
over the root of n is too small, by a tenth to a half. Leaving out one point at a time gives too much, and the ordinary
bootstrap repeats points, which puts neighbours at distance 0. What holds is subsampling without replacement: the
variance of the estimate among disjoint parts of m points, times m/n. The plugin's page has the coverage.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from harness import Estimate, Floats, HarnessError, Ints, Kind
from harness_classics.prepare import Diagnostics

K = TypeVar("K", bound=Kind)
FREEDOM = 21
"""Degrees of freedom of the variance: its root is known to 1/sqrt(2 * 21) = 15 %."""
STUDENT = 2.080 / 1.960
"""By so much is Student's 95 % interval wider than the normal one at these degrees of freedom: who takes 1.96 standard
errors gets the former."""


def from_local(local: Floats) -> float:
    """Standard error of the mean of independent local values ``(n,)``: their spread over the root of n."""
    return float(local.std(ddof=1)) / math.sqrt(len(local))


def measured(
    way: str, data: K, local_values: Callable[[K], tuple[Floats, Diagnostics]]
) -> Estimate:
    """The estimate that is the mean of ``local_values(data)``, with its standard error by ``way``.

    ``local_values`` gives the terms ``(n,)`` and notes. Where parts are too small for it, the local values have to do
    for the error, and a note says so. Terms that leave units out are not handed on.
    """
    local, notes = local_values(data)
    error: float | None = None
    if way == "local":
        error = from_local(local)
    elif way == "subsamples":
        try:
            error = _from_parts(data, lambda part: float(local_values(part)[0].mean()))
        except HarnessError:
            error = from_local(local)
            notes["stderr_from"] = (
                "local values, which is too small: parts are too few for subsamples"
            )
    return Estimate(local.mean(), error, local if len(local) == data.n else None, notes)


def _from_parts(data: K, value: Callable[[K], float]) -> float:
    """From halves below 2,000 points, quarters below 4,000, else eighths: large parts extrapolate less, small ones
    cost less.
    """
    parts = 2 if data.n < 2_000 else 4 if data.n < 4_000 else 8
    size, order = data.n // parts, _ranked(data)
    # A fixed generator deals ranks, not rows, to the parts: the error depends on the points, not on their order.
    deal = np.random.default_rng(0)
    variances = []
    for _ in range(FREEDOM // (parts - 1)):
        dealt = order[deal.permutation(data.n)]
        values = [value(data.take(np.sort(dealt[i * size : (i + 1) * size]))) for i in range(parts)]
        variances.append(np.var(values, ddof=1))
    return STUDENT * math.sqrt(float(np.mean(variances)) * size / data.n)


def _ranked(data: Kind) -> Ints:
    """The points in ascending order of their first coordinate, and of all others where it repeats ``(n,)``."""
    fields: list[Any] = [getattr(data, f.name) for f in dataclasses.fields(data)]
    columns = np.hstack([f.reshape(data.n, -1) for f in fields if isinstance(f, np.ndarray)])
    order = np.argsort(columns[:, 0], kind="stable")
    first = columns[order, 0]
    return np.lexsort(columns.T[::-1]) if (first[1:] == first[:-1]).any() else order
