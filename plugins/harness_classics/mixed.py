"""Mutual information of a continuous and a discrete variable, in nats."""

from __future__ import annotations

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, LabelledSamples, PairedSamples
from harness_classics import neighbours, prepare, settings
from harness_classics.prepare import Diagnostics
from harness_classics.special import digamma, digammas
from harness_classics.uncertainty import measured


class Ross(neighbours.Compiled, settings.Joint):
    """Estimator of Ross (PLoS ONE 9, 2014, eq. 6): continuous x ``(n, d)``, codes or classes y.

    ::

        I = psi(n) + < psi(k_i) - psi(n_i) - psi(m_i) >

    n_i is the size of point i's class, k_i the smaller of k and n_i - 1, d_i the distance to the
    k_i-th neighbour in that class, and m_i the number of points of any class nearer than d_i, plus
    one. Classes of a single point have no neighbours and are left out, with a note.
    """

    def estimate(
        self, data: PairedSamples | LabelledSamples, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """I(X;Y) in nats, with pointwise values and a standard error; either variable may be the
        discrete one.

        Raises
        ------
        Incompatible : both variables continuous or both discrete, or no class of two points.
        DataError : a point that equals k others of its class, or a constant variable.
        """
        return measured(self.stderr, data.evaluated(), self._information)

    def _information(self, part: PairedSamples | LabelledSamples) -> tuple[Floats, Diagnostics]:
        x, codes, where = _sides(part)
        scaled, constant = prepare.standardized(x, where)
        points = scaled if self.standardize else x
        sizes = np.bincount(codes)
        kept = np.flatnonzero(sizes[codes] > 1)
        if np.count_nonzero(np.bincount(codes[kept])) < 2:
            raise Incompatible(
                "fewer than two classes have two points; wants classes of several points each"
            )
        points, codes = points[kept], codes[kept]
        radii, ks, nearest = np.empty(len(kept)), np.empty(len(kept), np.int64), np.empty(len(kept))
        for code in np.unique(codes):
            own = codes == code
            ks[own] = k = min(self.k, sizes[code] - 1)
            r = neighbours.distances(points[own], k)
            radii[own], nearest[own] = r[:, -1], r[:, 0]
        notes = prepare.refuse_ties(radii == 0.0, nearest == 0.0, where)
        if len(kept) < part.n:
            notes["single_points_left_out"] = part.n - len(kept)
        if constant:
            notes["constant_columns"] = constant
        inside = neighbours.counts(points, radii, strict=True) + 1
        local = digamma(len(kept)) + digammas(ks) - digammas(sizes[codes]) - digammas(inside)
        return local, notes


def _sides(data: PairedSamples | LabelledSamples) -> tuple[Floats, Ints, str]:
    """The continuous variable, the codes of the other from 0 up, and the name of the former."""
    if isinstance(data, LabelledSamples):
        return data.x, np.unique(data.y, return_inverse=True)[1], "LabelledSamples.x"
    kinds = data.x_kind, data.y_kind
    if sorted(kinds) != ["continuous", "discrete"]:
        raise Incompatible(
            f"x is {kinds[0]} and y is {kinds[1]}; wants one continuous and one discrete variable: "
            f"{prepare.advice(data)}{prepare.declared(data, 'xy')}"
        )
    if kinds[1] == "discrete":
        x, y, where = data.x, data.y, "PairedSamples.x"
    else:
        x, y, where = data.y, data.x, "PairedSamples.y"
    return x, np.unique(y, axis=0, return_inverse=True)[1].ravel(), where
