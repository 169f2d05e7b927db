"""Layers made of a known dictionary, whose features may depend on each other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from statistics import NormalDist

import numpy as np

from harness import Activations, Bools, Case, Floats, stream
from harness_networks import settings
from harness_networks.shares import effective

LAWS = ("independent", "correlated", "hierarchical")


class KnownDictionaries(settings.KnownDictionaries):
    """Layers x = z A with random directions A of length one, and uniform sizes of active features.

    ``independent``: each feature is active with one probability. ``correlated``: the same, and
    features of one family are active together, by normal variables that share a factor.
    ``hierarchical``: the first of a family is active with that probability, and each of the others
    in half of the cases in which the first is. The truth is exp of the entropy of the features'
    shares of the expected mass.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each law."""
        for law in LAWS:
            rates = self._rates(law)
            yield Case(
                id=law,
                data=partial(self._draw, law, seed),
                truth={"effective_features": effective(rates)},
                facts={
                    "law": law,
                    "units": self.units,
                    "active": round(float(rates.sum()), 4),
                    "n": self.n,
                },
                stamp="",
            )

    def _first(self) -> Bools:
        return np.asarray(np.arange(self.features) % self.family == 0)

    def _rates(self, law: str) -> Floats:
        """How often each feature is active ``(features,)``."""
        rates = np.full(self.features, self.rate)
        return rates if law != "hierarchical" else np.where(self._first(), rates, rates / 2)

    def _draw(self, law: str, seed: int) -> Activations:
        rng = stream(seed, "known-dictionaries", law)
        directions = rng.normal(size=(self.features, self.units))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        family = np.arange(self.features) // self.family
        normal = rng.normal(size=(self.n, self.features))
        if law == "correlated":
            shared = rng.normal(size=(self.n, family[-1] + 1))[:, family]
            normal = np.sqrt(self.correlation) * shared + np.sqrt(1 - self.correlation) * normal
        if law == "hierarchical":
            first = self._first()
            # A child is active where the first of its family is, in half of the cases.
            active = normal < np.where(first, NormalDist().inv_cdf(self.rate), 0.0)
            active &= active[:, family * self.family]
        else:
            active = normal < NormalDist().inv_cdf(self.rate)
        codes = active * rng.random((self.n, self.features))
        return Activations(codes @ directions, layer="dictionary", directions=directions)
