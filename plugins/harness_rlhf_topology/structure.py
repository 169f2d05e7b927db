"""The structural function F(M): how similar the rewards are in the best partition into M parts."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness import Curve, Estimate, Floats, Incompatible, Ints, PreferenceSource
from harness_rlhf_topology import settings
from harness_rlhf_topology.forest import Forest

STEP = 0.05
"""Smallest growth of M, as a share, between two points of F."""


def within(forest: Forest, leaves: Ints) -> tuple[Floats, Ints]:
    """Mean prior distance (v,) between two leaves under each node, and their number.

    A leaf and itself count as a pair. An edge of variance v above l of s leaves lies between
    2 l (s - l) of s^2 pairs.
    """
    here = np.bincount(leaves, minlength=len(forest.parent))
    count = forest.below(here)
    linear = forest.variance * count
    square = linear * count
    # Sums over the edges strictly below each node.
    total, total2 = forest.below(linear) - linear, forest.below(square) - square
    size = np.maximum(count, 1)
    return 2.0 * np.maximum(total * size - total2, 0.0) / size**2, count


class Partitions(NamedTuple):
    """F against the number of parts; all (k,).

    ``distinct`` is F over pairs of distinct leaves, and ``balanced`` the share of parts within a
    factor of 2 of the mean size.
    """

    parts: Ints
    value: Floats
    distinct: Floats
    balanced: Floats


def partitions(forest: Forest, leaves: Ints) -> Partitions:
    """F(M) for growing M.

    Parts are subtrees: the one with the most leaves is divided into its children, until all are
    leaves. F is the largest of the mean distances within the parts, an upper bound of the best
    partition. Divisions of equal size count as one step, so that a balanced tree gives its levels;
    M grows by at least `STEP` from one point to the next.
    """
    spread, count = within(forest, leaves)
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for child in np.flatnonzero(count).tolist():
        up = int(forest.parent[child])
        (children.setdefault(up, []) if up >= 0 else roots).append(child)
    heap = [(-int(count[r]), r) for r in roots]
    heapq.heapify(heap)
    final: list[int] = []
    sizes: list[int] = []
    found: list[tuple[float, float, float]] = []

    def note() -> None:
        parts = [node for _, node in heap] + final
        share = count[parts] * len(parts) / count[roots].sum()
        even = float(((share >= 0.5) & (share <= 2.0)).mean())
        apart = spread[parts] * count[parts] / np.maximum(count[parts] - 1, 1)
        sizes.append(len(parts))
        found.append((float(spread[parts].max()), float(apart.max()), even))

    note()
    while heap:
        largest = heap[0][0]
        before = len(heap) + len(final)
        while heap and heap[0][0] == largest:
            node = heapq.heappop(heap)[1]
            below = children.get(node, [])
            if not below:
                final.append(node)
            for child in below:
                heapq.heappush(heap, (-int(count[child]), child))
        if len(heap) + len(final) > max(before, (1.0 + STEP) * sizes[-1]):
            note()
    if len(final) > sizes[-1]:
        note()
    return Partitions(np.array(sizes), *np.array(found).T)


@dataclass(frozen=True)
class StructuralFunction:
    """F(M) of the responses of a source, against the number of parts."""

    def estimate(self, data: PreferenceSource, *, rng: np.random.Generator) -> Curve:
        """A point for each M; ``balanced`` is the least share of parts of about the mean size."""
        forest = Forest(data.parent, data.variance)
        found = partitions(forest, data.leaves)
        about = {"balanced": float(found.balanced.min())}
        name = "F, mean prior distance within a part"
        return Curve(found.parts.astype(float), found.value, "M, parts", name, diagnostics=about)


class StructuralExponent(settings.Structure):
    """alpha of F ~ I M^-alpha, I (log M)^-alpha or I (log log M)^-alpha, by least squares.

    The paper's three cases, with logarithms to the base of the branching and 1 added so that they
    hold from M = 1. Distances are those of distinct leaves: that a leaf is like itself bends F
    where parts are small, and hides the law. Alpha of a logarithmic law is still found too low, by
    10 to 25 % at heights from 8 to 16.
    """

    def estimate(self, data: PreferenceSource, *, rng: np.random.Generator) -> Estimate:
        """The slope with its standard error; I and the residual of each law in the diagnostics.

        Raises `Incompatible` where fewer than three values of M are left.
        """
        forest = Forest(data.parent, data.variance)
        found = partitions(forest, data.leaves)
        sizes, values = found.parts, found.distinct
        # Of a complete tree, its branching.
        base = float(sizes[-1] ** (1.0 / max(1.0, forest.depth[data.leaves].mean())))
        depth = np.log(sizes / sizes[0]) / np.log(max(base, 1.0 + STEP))
        kept = (sizes <= sizes[-1] / 2.0**self.skip) & (values > 0)
        if kept.sum() < 3:
            raise Incompatible(f"F at {int(kept.sum())} numbers of parts; wanted at least 3 to fit")
        y = np.log(values[kept])
        scales = {
            "polynomial": np.log(sizes[kept]),
            "logarithmic": np.log1p(depth[kept]),
            "sub-logarithmic": np.log1p(np.log1p(depth[kept])),
        }
        fits = {law: _line(x, y) for law, x in scales.items()}
        law = min(fits, key=lambda k: fits[k][3]) if self.law == "auto" else self.law
        slope, error, start, _ = fits[law]
        about: dict[str, float | str] = {"law": law, "scale": float(np.exp(start))}
        about |= {f"residual_{name}": fit[3] for name, fit in fits.items()}
        return Estimate(-slope, error, diagnostics=about)


def _line(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """Slope, its standard error, intercept, and root mean square of the residuals."""
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    start = float(y.mean() - slope * x.mean())
    left = y - start - slope * x
    error = float(np.sqrt(left @ left / max(1, len(x) - 2) / (centred @ centred)))
    return slope, error, start, float(np.sqrt((left**2).mean()))
