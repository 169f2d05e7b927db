"""Environments on a map of few dimensions, for what such a map hides: principal axes or t-SNE."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from harness import Environments, Floats, Incompatible, Kind
from harness_msc import cloud, settings
from harness_msc.measures import diversity_of

CLOSE = 1e-3
"""Nats between the diversity on the map and that of the descriptors, when scales are matched."""


class FlatMap(settings.Flat):
    """The same structures with the coordinates of their environments on the map.

    A projection onto principal axes keeps the unit of the data and brings points nearer to each
    other, so that H and D only fall. With ``match`` the map is then magnified until its diversity D
    at bandwidth ``h`` equals that of the descriptors: the scale that serves the map best.
    """

    def transform(
        self, data: Environments, *, to: type[Kind], rng: np.random.Generator
    ) -> Environments:
        """Coordinates ``(items, dimensions)``.

        Raises `Incompatible` where the descriptors have no more dimensions than the map, t-SNE is
        asked for too few points, and no scale gives the map the diversity of the descriptors.
        """
        _n, p = data.x.shape
        if p <= self.dimensions:
            raise Incompatible(f"descriptors of {p} dimensions; wanted more than {self.dimensions}")
        place = self._neighbours if self.method == "t-sne" else self._axes
        flat = place(data.x)
        if self.match:
            flat = flat * self._scale(flat, diversity_of(cloud.self_sums(data.x, self.h)))
        return dataclasses.replace(data, x=flat)

    def _axes(self, x: Floats) -> Floats:
        centred = x - x.mean(axis=0)
        axes: Floats = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, : self.dimensions]
        flat: Floats = centred @ axes
        return flat

    def _neighbours(self, x: Floats) -> Floats:
        from sklearn.manifold import TSNE

        if len(x) <= 3 * self.perplexity:
            raise Incompatible(
                f"t-SNE of {len(x)} environments; wanted more than {3 * self.perplexity:g}, three "
                "times the perplexity"
            )
        # It starts from the principal axes, so that no seed tells.
        found = TSNE(self.dimensions, perplexity=self.perplexity, init="pca", random_state=0)
        flat: Floats = np.asarray(found.fit_transform(x), np.float64)
        return flat

    def _scale(self, flat: Floats, wanted: float) -> float:
        """The factor at which the map has the diversity that is wanted; D rises with it."""

        def diversity(factor: float) -> float:
            return diversity_of(cloud.self_sums(flat, self.h / factor))

        low, high = 1.0, 1.0
        while diversity(low) > wanted:
            low /= 4.0
        while diversity(high) < wanted - CLOSE:
            high *= 4.0
            if high > 1e12:
                raise Incompatible(
                    f"at no scale the map has the diversity of the descriptors, {wanted:.4f} nats: "
                    "different environments lie on one point; wanted map.match=false"
                )
        while high / low > 1 + 1e-9:
            middle = math.sqrt(low * high)
            found = diversity(middle)
            if abs(found - wanted) < CLOSE:
                return middle
            low, high = (middle, high) if found < wanted else (low, middle)
        return high
