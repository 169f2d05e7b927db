"""Triples with known conditional mutual information I(X;Y|Z), in nats."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, ConditionedSamples, Floats, stream
from harness_vectors import gauss, settings

# Rows: how X, Y and Z are made from four independent normal numbers.
_SHAPES: dict[str, list[list[float]]] = {
    # X -> Z -> Y: nothing is left once Z is known.
    "chain": [[1.0, 0.0, 0.0, 0.0], [0.8, 0.6, 0.5, 0.0], [0.8, 0.6, 0.0, 0.0]],
    # X <- Z -> Y: a common cause explains all.
    "fork": [[0.8, 0.6, 0.0, 0.0], [0.8, 0.0, 0.6, 0.0], [1.0, 0.0, 0.0, 0.0]],
    # X -> Z <- Y: independent, and dependent once the common effect is known.
    "collider": [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.6, 0.6, 0.5, 0.0]],
    # A direct link beside the common cause.
    "link": [[0.6, 0.8, 0.0, 0.0], [0.6, 0.64, 0.48, 0.0], [1.0, 0.0, 0.0, 0.0]],
    # Z has nothing to do with the pair: I(X;Y|Z) = I(X;Y).
    "apart": [[1.0, 0.0, 0.0, 0.0], [0.8, 0.6, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
}


class Conditional(settings.Dimensions):
    """Gaussian chains, forks and colliders, d independent copies of each, with exact truths: zero
    where Z explains the dependence.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per shape and dimension of each of the three variables."""
        for (shape, rows), d in itertools.product(_SHAPES.items(), self.dims):
            loadings = np.array(rows)
            truth = d * gauss.conditional_mutual_information(loadings @ loadings.T, 1, 1)
            yield Case(
                id=f"{shape}-{d}",
                data=self._draw(shape, loadings, d, seed),
                truth={"conditional_mutual_information": truth},
                facts={"shape": shape, "d": d, "n": self.n},
                stamp="",
            )

    def _draw(
        self, shape: str, loadings: Floats, d: int, seed: int
    ) -> Callable[[], ConditionedSamples]:
        def draw() -> ConditionedSamples:
            sources = stream(seed, "conditional", shape, str(d)).normal(size=(4, self.n, d))
            x, y, z = np.tensordot(loadings, sources, axes=1)
            return ConditionedSamples(x, y, z, "continuous", "continuous", "continuous")

        return draw
