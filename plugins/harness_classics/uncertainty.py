"""Standard errors.

The terms that a nearest-neighbour estimate averages are not independent, because neighbours share
neighbours: their standard deviation over the root of n is too small, by a tenth to a half. The
jackknife gives too much, and the ordinary bootstrap repeats points, which puts neighbours at
distance 0. What holds is subsampling without replacement: the variance of the estimate among
disjoint parts of m points, times m/n. The plugin's page has the coverage.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from harness import Estimate, Floats, HarnessError, Ints, Kind
from harness_classics.prepare import Diagnostics

K = TypeVar("K", bound=Kind)
LOG = logging.getLogger("harness.classics")
NEAR = 0.98
"""Share of its ceiling from which on an estimate is said to be at it."""
FREEDOM, FEW = 21, 7
"""Degrees of freedom of the variance: its root is known to 1/sqrt(2 * 21) = 15 %; and of estimates
that take long, to 27 %."""
STUDENT = {6: 2.447 / 1.960, 7: 2.365 / 1.960, 21: 2.080 / 1.960}
"""Width of Student's 95 % interval over that of the normal one at these degrees of freedom: with
it, 1.96 standard errors are Student's interval."""


def measured(
    way: str, data: K, local_values: Callable[[K], tuple[Floats, Diagnostics]]
) -> Estimate:
    """The estimate that is the mean of ``local_values(data)``, with its standard error by ``way``:
    ``subsamples``, ``local`` or ``none``.

    ``local_values`` gives the terms ``(n,)`` and notes. Where the parts are too small for it, the
    error is that of independent local values, and a note says so. Terms that leave units out are
    not returned as local values.
    """
    local, notes = local_values(data)
    error: float | None = None
    if way == "subsamples":
        try:
            error = _from_parts(data, lambda part: float(local_values(part)[0].mean()))
        except HarnessError:
            way = "local"
            notes["stderr_from"] = "local values (too small): the data are too few for subsamples"
    if way == "local":
        error = Estimate.from_local(local).stderr
    return Estimate(local.mean(), error, local if len(local) == data.n else None, notes)


def with_error(way: str, data: K, value: Callable[[K], tuple[float, Diagnostics]]) -> Estimate:
    """The estimate ``value(data)``, which is no mean of local values, with its notes and its
    standard error by ``way``: ``subsamples`` or ``none``.

    Where the parts are too small for it there is none, and a note says so.
    """
    found, notes = value(data)
    error: float | None = None
    if way == "subsamples":
        try:
            error = _from_parts(data, lambda part: value(part)[0], FEW)
        except HarnessError:
            notes["stderr_from"] = "nothing: the data are too few for subsamples"
    return Estimate(found, error, diagnostics=notes)


def _from_parts(data: K, value: Callable[[K], float], freedom: int = FREEDOM) -> float:
    """From halves below 2,000 points, quarters below 4,000, else eighths: large parts extrapolate
    less, small ones cost less.
    """
    parts = 2 if data.n < 2_000 else 4 if data.n < 4_000 else 8
    size, deals = data.n // parts, freedom // (parts - 1)
    places = dealt(data, parts, deals)
    values = np.array([value(data.take(place)) for place in places]).reshape(deals, parts)
    variances = values.var(1, ddof=1)
    width = STUDENT[deals * (parts - 1)]
    return width * math.sqrt(float(np.mean(variances)) * size / data.n)


def dealt(data: Kind, parts: int, deals: int = 1) -> list[Ints]:
    """Positions of disjoint parts of ``n // parts`` points each, for every deal.

    A fixed generator assigns ranks, not rows, to the parts: they depend on the points, not on their
    order.
    """
    size, order, deal = data.n // parts, _ranked(data), np.random.default_rng(0)
    out = []
    for _ in range(deals):
        places = order[deal.permutation(data.n)]
        out += [np.sort(places[i * size : (i + 1) * size]) for i in range(parts)]
    return out


def _ranked(data: Kind) -> Ints:
    """Positions of the points in ascending order ``(n,)`` of their first coordinate, and of all
    others where it repeats.
    """
    fields: list[Any] = [getattr(data, f.name) for f in dataclasses.fields(data)]
    columns = np.hstack([f.reshape(data.n, -1) for f in fields if isinstance(f, np.ndarray)])
    order = np.argsort(columns[:, 0], kind="stable")
    first = columns[order, 0]
    return np.lexsort(columns.T[::-1]) if (first[1:] == first[:-1]).any() else order


def at_ceiling(found: Estimate) -> Estimate:
    """An estimate that can hardly be larger, whatever the data, says so; at the ceiling itself its
    spread says nothing.

    So it is where a variable is compared with itself.
    """
    ceiling = float(found.diagnostics["ceiling"])
    if found.value < NEAR * ceiling:
        return found
    LOG.warning(
        "%.4g nats are at the ceiling of the estimator, %.4g: the truth may be any larger value",
        found.value,
        ceiling,
    )
    exact = found.value >= ceiling - 1e-9 * abs(ceiling)
    return dataclasses.replace(
        found,
        stderr=None if exact else found.stderr,
        diagnostics={**found.diagnostics, "at_ceiling": True},
    )
