"""Clouds about prototypes, with planted categories and planted typicality."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

import numpy as np

from harness import Case, ConceptItems, Ints, Split, UsageError, stream
from harness_concepts.scores import Categories
from harness_concepts.settings import Planted


class PlantedPrototypes(Categories, Planted):
    """Items e_i = mu_c + tau_i eps_i with prototypes mu_c ~ N(0, separation^2) and eps_i ~ N(0, 1).

    The spreads tau_i are uniform, and -tau_i is the typicality. The vectors of the categories'
    names are the prototypes. With ``skew`` 0 all categories are of one size, and I(X;C) is the
    logarithm of their number.
    """

    task: ClassVar[str] = "planted-prototypes"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per skew and separation.

        Raises `UsageError` where ``spread`` is not two increasing numbers.
        """
        if len(self.spread) != 2 or not self.spread[0] < self.spread[1]:
            raise UsageError(
                f"planted-prototypes.spread: {self.spread}; wanted the least and the greatest"
            )
        for skew in self.skew:
            y = np.repeat(np.arange(self.categories), sizes(self.categories, self.items, skew))
            for separation in self.separation:
                name = f"separation{separation:g}-skew{skew:g}"
                yield self.case(
                    name,
                    y,
                    partial(self._draw, name, y, separation, seed),
                    {"separation": separation, "skew": skew, "dim": self.dim},
                    seed=seed,
                    stamp="",
                )

    def _draw(self, name: str, y: Ints, separation: float, seed: int, split: Split) -> ConceptItems:
        rng = stream(seed, self.task, name)
        mu = separation * rng.normal(size=(self.categories, self.dim))
        tau = rng.uniform(self.spread[0], self.spread[1], size=len(y))
        x = mu[y] + tau[:, None] * rng.normal(size=(len(y), self.dim))
        items = tuple(f"item {i} of prototype {c}" for i, c in enumerate(y))
        classes = tuple(f"prototype {c}" for c in range(self.categories))
        return ConceptItems(items, y, classes, -tau, "high", x, mu, np.arange(len(y)), split=split)


def sizes(categories: int, mean: int, skew: float) -> Ints:
    """Sizes of categories by Zipf's law with exponent ``skew``, at least three each."""
    share = np.arange(1, categories + 1.0) ** -skew
    found: Ints = np.maximum(3, np.rint(categories * mean * share / share.sum())).astype(np.int64)
    return found
