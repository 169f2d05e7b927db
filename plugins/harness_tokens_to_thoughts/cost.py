"""Complexity, distortion, their sum, and how far the categories are from the clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import ConceptVectors, Curve, Estimate, Incompatible, Ints, Partitions
from harness_tokens_to_thoughts.partitions import Scatter, best, complexity
from harness_tokens_to_thoughts.settings import CostByClusters, Weight


def judged(data: ConceptVectors | Partitions, scatter: Scatter) -> Ints:
    """The partition that is judged: the categories of vectors, or the best clusters."""
    return data.y if isinstance(data, ConceptVectors) else best(data, scatter)


@dataclass(frozen=True)
class Complexity:
    """I(X;C) of the categories, or of the clusters of least distortion."""

    def estimate(self, data: ConceptVectors | Partitions, *, rng: np.random.Generator) -> Estimate:
        """The entropy of the sizes in nats."""
        labels = judged(data, Scatter(data.x))
        value = complexity(labels)
        return Estimate(value, None, None, {"bits": value / math.log(2), "n": data.n})


@dataclass(frozen=True)
class Distortion:
    """D(X, C): squared units of the vectors; compare partitions of the same vectors only."""

    def estimate(self, data: ConceptVectors | Partitions, *, rng: np.random.Generator) -> Estimate:
        """The mean squared distance of items to the mean of their category or cluster."""
        scatter = Scatter(data.x)
        value = scatter.distortion(judged(data, scatter))
        share = value / scatter.variance if scatter.variance else 0.0
        return Estimate(value, None, None, {"share": share, "variance": scatter.variance})


class _Weighs(Weight):
    """L = I(X;C) in bits + beta D, equation 3."""

    normalized: ClassVar[bool] = False

    def _cost(self, labels: Ints, scatter: Scatter) -> tuple[float, dict[str, float]]:
        """L, and its two terms. Raises `Incompatible` where there is no variance to divide by."""
        bits, distortion = complexity(labels) / math.log(2), scatter.distortion(labels)
        if self.normalized:
            distortion /= divisor(scatter)
        value = bits + self.beta * distortion
        return value, {"bits": bits, "distortion": distortion}


class Cost(_Weighs):
    """L as published: bits and squared units of the vectors are added."""

    def estimate(self, data: ConceptVectors | Partitions, *, rng: np.random.Generator) -> Estimate:
        """The cost of the categories, or of the clusters."""
        scatter = Scatter(data.x)
        value, about = self._cost(judged(data, scatter), scatter)
        return Estimate(value, None, None, about)


class NormalizedCost(Cost):
    """L with D as a share of the total variance: the scale of the vectors does not count."""

    normalized: ClassVar[bool] = True


class CostGap(_Weighs):
    """L of the categories less L of the clusters, on the vectors that were clustered.

    The clusters are those of least distortion, the informed start among them: D of the clusters is
    then never above D of the categories, so that a positive gap says little; a negative one needs
    clusters that are more even in size than the categories.
    """

    def estimate(self, data: Partitions, *, rng: np.random.Generator) -> Estimate:
        """The gap, with both terms of both sides."""
        scatter = Scatter(data.x)
        human, theirs = self._cost(data.y, scatter)
        found, ours = self._cost(best(data, scatter), scatter)
        about = {f"{k}_categories": v for k, v in theirs.items()}
        return Estimate(
            human - found, None, None, about | {f"{k}_clusters": v for k, v in ours.items()}
        )


class NormalizedCostGap(CostGap):
    """The same with D as a share of the total variance."""

    normalized: ClassVar[bool] = True


class CostCurve(CostByClusters):
    """L against the number of clusters, the best partition of each."""

    def estimate(self, data: Partitions, *, rng: np.random.Generator) -> Curve:
        """L of every number of clusters that was tried; the categories stand in the diagnostics."""
        scatter = Scatter(data.x)
        scale = divisor(scatter) if self.normalize else 1.0
        costs: dict[int, tuple[float, float]] = {}
        for k, labels in zip(data.k.tolist(), data.labels.T, strict=True):
            d = scatter.distortion(labels)
            if k not in costs or d < costs[k][0]:
                costs[k] = d, complexity(labels) / math.log(2) + self.beta * d / scale
        human = complexity(data.y) / math.log(2) + self.beta * scatter.distortion(data.y) / scale
        ks = sorted(costs)
        return Curve(
            np.array(ks, float),
            np.array([costs[k][1] for k in ks]),
            "clusters",
            "cost",
            diagnostics={"categories": data.n_classes, "cost_categories": human},
        )


def divisor(scatter: Scatter) -> float:
    """The total variance. Raises `Incompatible` where it is zero."""
    if scatter.variance == 0:
        raise Incompatible("all vectors are equal; wanted some variance to divide by")
    return scatter.variance
