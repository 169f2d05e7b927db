"""Sliced mutual information, in nats: the mean over random lines of what they show.

Goldfeld, Greenewald, Sliced Mutual Information: A Scalable Measure of Statistical Dependence,
NeurIPS 2021::

    SI(X;Y) = E I(u . X; v . Y),   u and v uniform on the unit spheres, independent of each other

It is zero for independent variables only, and at most I(X;Y), since a projection creates no
information; where both variables have one coordinate the two are equal. In many dimensions it is
far smaller, and comparable between data of equal dimensions alone. Unlike I it depends on the
coordinates: here they are those of the data, not standardized.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from harness import Estimate, Floats, PairedSamples
from harness_classics import ksg, neighbours, prepare, settings
from harness_classics.prepare import Diagnostics
from harness_classics.uncertainty import with_error


class SlicedKSG(neighbours.Compiled, settings.Slices):
    """Sliced mutual information of ``x (n, dx)`` and ``y (n, dy)``, both continuous, by `KSG`."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """SI in nats. Its standard error is the root of the squares of that of repetitions of the
        data (``sampling`` in the diagnostics) and of that of the directions (``slicing``).

        Raises
        ------
        Incompatible : a variable that is discrete or mixed, or no more than k samples.
        DataError : a variable that is constant, or a point that equals k others along a direction.
        """
        prepare.refuse_codes(data, "xy", prepare.advice(data))
        data = data.evaluated()
        for side in "xy":
            prepare.standardized(getattr(data, side), f"PairedSamples.{side}")
        u, v = (directions(rng, self.directions, side.shape[1]) for side in (data.x, data.y))
        found = with_error(self.stderr, data, lambda pair: self._information(pair, u, v))
        if found.stderr is None:
            return found
        notes = found.diagnostics | {"sampling": found.stderr}
        error = math.hypot(found.stderr, float(notes["slicing"]))
        return dataclasses.replace(found, stderr=error, diagnostics=notes)

    def _information(self, pair: PairedSamples, u: Floats, v: Floats) -> tuple[float, Diagnostics]:
        near = ksg.KSG(k=self.k, stderr="none")
        values = np.array(
            [
                near.estimate(PairedSamples(along(pair.x, a), along(pair.y, b))).value
                for a, b in zip(u, v, strict=True)
            ]
        )
        slicing = float(values.std(ddof=1)) / math.sqrt(len(values))
        return float(values.mean()), {"slicing": slicing, "largest": float(values.max())}


def directions(rng: np.random.Generator, count: int, d: int) -> Floats:
    """Points of the unit sphere in d dimensions, uniform ``(count, d)``."""
    drawn = rng.normal(size=(count, d))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def along(x: Floats, direction: Floats) -> Floats:
    """The coordinate of each point along a direction ``(n, 1)``.

    Column by column, so that equal points stay equal.
    """
    return np.asarray(sum(x[:, j, None] * direction[j] for j in range(x.shape[1])))
