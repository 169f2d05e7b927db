"""Entropy, diversity and novelty of point clouds under a Gaussian kernel, in nats.

With ``K(x, y) = exp(-|x - y|^2 / 2 h^2)``, not normalised, and ``s_i = sum_j K(x_i, x_j)``, where j
includes i::

    H = -(1/n) sum_i ln(s_i / n)         dataset entropy, 0 <= H <= ln n
    D = ln sum_i 1/s_i                   diversity, H <= D <= ln n; exp(D) counts distinct points
    dH(y | X) = -ln sum_j K(y, x_j)      novelty of y, from -ln n up; at most 0 where X covers y

D. Schwalbe-Koda et al., Nat. Commun. 16, 4014 (2025); B. Yu et al., arXiv:2511.10561. These are
entropies of a discrete kind, with the ceiling ln n: no kernel volume enters, and a point counts
itself.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Environments, Estimate, Floats, Incompatible, Ints, Samples
from harness_msc import approximate, cloud
from harness_msc.bandwidth import choose
from harness_msc.compiled import Compiled
from harness_msc.settings import Comparison, Measure

Points = Environments | Samples
Facts = dict[str, float | int | str]


def entropy_of(sums: Floats) -> float:
    """H in nats from the kernel sums s_i ``(n,)``."""
    return float(-np.log(sums / len(sums)).mean())


def diversity_of(sums: Floats) -> float:
    """D in nats from the kernel sums s_i ``(n,)``."""
    return math.log(float((len(sums) / sums).mean()))


class _Cloud(Measure, Compiled):
    def _sums(self, data: Points) -> tuple[Floats, float]:
        h = choose(data.x, self.h, self.bandwidth)
        return cloud.self_sums(data.x, h), h


class Entropy(_Cloud):
    """Dataset entropy H of all points, in nats; ``local`` holds -ln(s_i/n), whose mean it is."""

    def estimate(self, data: Points, *, rng: np.random.Generator | None = None) -> Estimate:
        """H, with n, ln n, the efficiency H/ln n and the bandwidth as diagnostics."""
        sums, h = self._sums(data)
        n, value = len(sums), entropy_of(sums)
        facts = {"n": n, "ln_n": math.log(n), "h": h}
        if n > 1:
            facts["efficiency"] = value / math.log(n)
        return Estimate(value, local=-np.log(sums / n), diagnostics=facts)


class Diversity(_Cloud):
    """Diversity D of all points, in nats."""

    def estimate(self, data: Points, *, rng: np.random.Generator | None = None) -> Estimate:
        """D; the diagnostics give exp(D), the effective number of distinct points."""
        sums, h = self._sums(data)
        value = diversity_of(sums)
        facts = {"n": len(sums), "ln_n": math.log(len(sums)), "h": h, "distinct": math.exp(value)}
        return Estimate(value, diagnostics=facts)


class Efficiency(_Cloud):
    """H / ln n: the share of the greatest possible entropy, 0 to 1."""

    def estimate(self, data: Points, *, rng: np.random.Generator | None = None) -> Estimate:
        """H / ln n. Raises `Incompatible` for a single point, where ln n = 0."""
        if len(data.x) < 2:
            raise Incompatible(
                "the efficiency H/ln n of a single environment is undefined; needs at least two"
            )
        sums, h = self._sums(data)
        value, ceiling = entropy_of(sums), math.log(len(sums))
        # All points far apart: the quotient of two logarithms may round to just above 1.
        return Estimate(
            min(value / ceiling, 1.0),
            diagnostics={"n": len(sums), "ln_n": ceiling, "h": h, "entropy": value},
        )


class _Against(Comparison, Compiled):
    """Points given others: the test part given the training part, or each unit given the others."""

    def _novelties(self, data: Points) -> tuple[Floats, Facts]:
        if data.split is not None:
            known, new = _points(data, data.split.train), _points(data, data.split.test)
            h = choose(known, self.h, self.bandwidth)
            facts: Facts = {"h": h, "n": len(new), "given": len(known), "of": "test given train"}
            return self._log_sums(new, known, h), facts
        if data.n < 2:
            raise Incompatible(
                "novelty without a train/test split compares units, and needs at least two"
            )
        h = choose(data.x, self.h, self.bandwidth)
        unit = _units(data)
        values = self._log_sums(data.x, data.x, h, unit, unit)
        n = len(data.x)
        return values, {"h": h, "n": n, "given": n, "of": "each unit given all others"}

    def _log_sums(
        self, y: Floats, x: Floats, h: float, owner: Ints | None = None, owners: Ints | None = None
    ) -> Floats:
        if self.cells:
            return approximate.log_sums(y, x, h, self.cells, owner, owners)
        return cloud.log_sums(y, x, h, owner, owners)


class Novelty(_Against):
    """Differential entropy dH, in nats: mean over the new points, ``local`` per point.

    New is the test part given the training part, where the data carry a split; without one, each
    unit (structure, sample) given all other units.
    """

    def estimate(self, data: Points, *, rng: np.random.Generator | None = None) -> Estimate:
        """Mean dH; the diagnostics give the overlap, the share of points with dH < eps."""
        values, facts = self._novelties(data)
        facts |= {"overlap": float((values < self.eps).mean()), "eps": self.eps}
        return Estimate(float(values.mean()), local=values, diagnostics=facts)


class Overlap(_Against):
    """The share of new points (see `Novelty`) that the others cover: dH < eps, 0 to 1."""

    def estimate(self, data: Points, *, rng: np.random.Generator | None = None) -> Estimate:
        """The overlap; ``local`` is 1 where covered, else 0."""
        values, facts = self._novelties(data)
        covered = (values < self.eps).astype(np.float64)
        return Estimate(float(covered.mean()), local=covered, diagnostics=facts | {"eps": self.eps})


def _points(data: Points, units: Ints) -> Floats:
    """The points of some units ``(m, p)``."""
    points: Floats = data.x[units] if isinstance(data, Samples) else data.take(units).x
    return points


def _units(data: Points) -> Ints:
    """The unit that each point belongs to ``(items,)``."""
    if isinstance(data, Samples):
        return np.arange(data.n)
    return np.repeat(np.arange(data.n), np.diff(data.offsets))
