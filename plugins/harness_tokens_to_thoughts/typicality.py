"""Do items that people find typical lie near their category?"""

from __future__ import annotations

import math

import numpy as np

from harness import Bools, ConceptVectors, Estimate, Floats, Incompatible, spearman
from harness_tokens_to_thoughts.settings import Typical

FEWEST = 3
"""Items below which a rank correlation says nothing."""


class Typicality(Typical):
    """Spearman's correlation of typicality and the cosine to the category, high being typical.

    Pooled over categories, as published, offsets between categories enter; ``within`` takes the
    mean over categories. The mean of a category as reference leaves the item itself out.
    """

    def estimate(self, data: ConceptVectors, *, rng: np.random.Generator) -> Estimate:
        """The correlation of all items, whatever their split.

        Raises `Incompatible` for data without typicality, or without vectors of the names where
        they are the reference, for a zero vector, and where typicality or cosines are constant.
        """
        if data.typicality is None:
            raise Incompatible("items without typicality")
        cosine, known = self._cosines(data)
        inner = {
            c: self._rho(cosine, data.typicality, known & (data.y == c)) for c in np.unique(data.y)
        }
        rhos = np.array([rho for rho in inner.values() if not math.isnan(rho)])
        pooled = self._rho(cosine, data.typicality, known)
        about: dict[str, float | int] = {"items": int(known.sum()), "categories": len(rhos)}
        about["categories_left_out"] = len(inner) - len(rhos)
        if not math.isnan(pooled):
            about |= {"pooled": pooled, "p_pooled": p_value(pooled, int(known.sum()))}
        if rhos.size:
            about["within"] = float(rhos.mean())
        if self.over == "pooled":
            if math.isnan(pooled):
                raise Incompatible(_constant("the items"))
            n = int(known.sum())
            stderr = (
                (1 - pooled**2) * math.sqrt((1 + pooled**2 / 2) / (n - 3)) if n > FEWEST else None
            )
            return Estimate(pooled, stderr, None, about)
        if not rhos.size:
            raise Incompatible(_constant("any category"))
        error = float(rhos.std(ddof=1) / math.sqrt(len(rhos))) if len(rhos) > 1 else None
        return Estimate(float(rhos.mean()), error, None, about)

    def _cosines(self, data: ConceptVectors) -> tuple[Floats, Bools]:
        """The cosine of every item to its category, and where there is one."""
        x = data.x
        if self.reference == "name":
            if data.centres is None:
                raise Incompatible("no vectors of the categories' names; wanted reference=centroid")
            target, known = data.centres[data.y], np.ones(data.n, bool)
        else:
            one = (data.y[:, None] == np.arange(len(data.classes))).astype(float)
            counts = one.sum(0)[data.y]
            known = counts > 1
            target = ((one.T @ x)[data.y] - x) / np.maximum(counts - 1, 1)[:, None]
        norms = np.linalg.norm(x, axis=1) * np.linalg.norm(target, axis=1)
        if (bad := np.flatnonzero(known & (norms == 0))).size:
            raise Incompatible(
                f"item {bad[0]}: a vector of length zero, or that of its category "
                f"({data.classes[data.y[bad[0]]]}); wanted vectors with a direction"
            )
        cosine = np.einsum("nd,nd->n", x, target) / np.where(norms > 0, norms, 1.0)
        return np.round(cosine, 12), known  # so that equal directions tie on every machine

    @staticmethod
    def _rho(cosine: Floats, typicality: Floats, rows: Bools) -> float:
        """NaN for too few items, or where one side is constant."""
        if rows.sum() < FEWEST:
            return math.nan
        return float(spearman(cosine[rows], typicality[rows]))


def p_value(rho: float, n: int) -> float:
    """The two-sided p value of a rank correlation of n pairs, by Student's t."""
    from scipy.stats import t

    if abs(rho) >= 1 - 1e-15:
        return 0.0
    return float(2 * t.sf(abs(rho) * math.sqrt((n - 2) / (1 - rho**2)), n - 2))


def _constant(where: str) -> str:
    return (
        f"typicality or cosine is constant within {where}, or there are fewer than {FEWEST} items; "
        "there is no rank correlation"
    )
