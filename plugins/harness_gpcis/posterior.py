"""Gaussian processes that are conditioned on clicks: kernels, and a posterior that grows click by
click at a cost that is linear in the pixels."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from harness import DataError, Floats, Singles

LARGEST_JITTER = 1e-2
"""What is added to the diagonal, at most, where a kernel matrix is not positive definite."""
SAME = 1e-12
"""Relative difference of two features below which two clicks are on the same thing."""
_logger = logging.getLogger("harness.gpcis")


@dataclass(frozen=True)
class Part:
    """weight exp(-|scale (x - x')|^2 / 2), over the features ``first`` to ``last``."""

    weight: float
    first: int
    last: int
    scale: Floats

    def of(self, x: Floats) -> Floats:
        """The features of this part, scaled."""
        return x[:, self.first : self.last] * self.scale


@dataclass(frozen=True)
class Kernel:
    """A sum of Gaussian kernels; the paper's has a part for deep features and one for colour."""

    parts: tuple[Part, ...]

    @classmethod
    def isotropic(cls, d: int, length: float) -> Kernel:
        """exp(-|x - x'|^2 / (2 length^2)). Raises `DataError` for a length that is not above 0."""
        if not length > 0:
            raise DataError("Kernel.length", f"{length}", "a length above 0")
        return cls((Part(1.0, 0, d, np.full(d, 1.0 / length)),))

    @classmethod
    def deep(cls, eta: Floats, colour: float) -> Kernel:
        """exp(-sum eta_t (x_t - x'_t)^2 / 2) + colour exp(-|rgb - rgb'|^2 / 2); the colours are
        the last three features."""
        d = len(eta)
        return cls((Part(1.0, 0, d, np.sqrt(eta)), Part(colour, d, d + 3, np.ones(3))))

    @property
    def variance(self) -> float:
        """k(x, x)."""
        return sum(part.weight for part in self.parts)

    def between(self, a: Floats, b: Floats) -> Floats:
        """The kernel matrix ``(len(a), len(b))``, from differences."""
        total = np.zeros((len(a), len(b)))
        for part in self.parts:
            apart = part.of(a)[:, None] - part.of(b)[None]
            total += part.weight * np.exp(-0.5 * (apart**2).sum(-1))
        return total


def solved(k: Floats, jitter: float, right: Floats) -> tuple[Floats, float]:
    """(k + jitter I)^-1 right by Cholesky, and the jitter that it took.

    Raises `DataError` where the matrix is not positive definite with `LARGEST_JITTER` either.
    """
    own = jitter
    while True:
        try:
            root = np.linalg.cholesky(k + own * np.eye(len(k)))
        except np.linalg.LinAlgError:
            own = max(10.0 * own, 1e-12)
            if own > LARGEST_JITTER:
                found = "a kernel matrix that is not positive definite"
                raise DataError(
                    "Posterior", found, "finite features, and a larger jitter"
                ) from None
            continue
        half = np.linalg.solve(root, right)
        found_solution: Floats = np.linalg.solve(root.T, half)
        return found_solution, own


class Posterior:
    """f at all pixels, given values at clicked ones: equation 11 with given values and prior.

    ``prior (pixels, paths)`` are values of the prior mean, or of draws from the prior; 0 where not
    given. One column of the kernel is kept for each click, in float32; what concerns clicks alone
    is in float64.
    """

    def __init__(
        self, features: Singles, kernel: Kernel, jitter: float, prior: Singles | None = None
    ) -> None:
        if not np.isfinite(features).all():
            row = int(np.argwhere(~np.isfinite(features))[0][0])
            raise DataError("Posterior.features", "NaN or infinity", "finite features", row)
        self._kernel, self._jitter, self._x = kernel, jitter, features
        middle = features.mean(0, dtype=np.float64).astype(np.float32)
        self._parts = []
        for part in kernel.parts:
            # Transposed: a click reads the features of one kind in a row.
            z = np.ascontiguousarray(part.of(features - middle).astype(np.float32).T)
            self._parts.append((np.float32(part.weight), z, np.float32(0.5) * (z * z).sum(0)))
        self._prior = prior
        self._columns = np.empty((8, len(features)), np.float32)
        self._clicked = np.empty((0, features.shape[1]))
        self.places: list[int] = []
        self.values: list[Floats] = []

    @property
    def n(self) -> int:
        """Number of clicks."""
        return len(self.places)

    def add(self, place: int, value: float | Floats) -> None:
        """Condition on a value at a pixel (or on one for each path).

        A click with the features of an earlier one of the opposite sign is logged: nothing but the
        larger value decides there.

        Raises `DataError` for a pixel outside of the picture.
        """
        if not 0 <= place < len(self._x):
            wanted = f"0 to {len(self._x) - 1}"
            raise DataError("Posterior.add", f"a click on pixel {place}, outside", wanted)
        if self.n == len(self._columns):
            more = np.empty((2 * self.n, len(self._x)), np.float32)
            more[: self.n] = self._columns
            self._columns = more
        row, own = self._columns[self.n], self._x[place].astype(np.float64)
        row[:] = 0.0
        for weight, z, half in self._parts:
            power = z[:, place] @ z
            power -= half
            power -= half[place]
            np.exp(power, out=power)
            power *= weight
            row += power
        value = np.atleast_1d(np.asarray(value, np.float64))
        self._warn_of_conflict(own, value)
        self._clicked = np.vstack([self._clicked, own])
        self.places.append(place)
        self.values.append(value)

    def _warn_of_conflict(self, own: Floats, value: Floats) -> None:
        if not self.n:
            return
        alike = np.abs(self._clicked - own).max(1) <= SAME * (1.0 + np.abs(own).max())
        for before in np.flatnonzero(alike):
            if (self.values[before] * value).mean() < 0:
                _logger.warning("conflicting clicks: equal features, opposite signs")

    def field(self) -> Singles:
        """The posterior ``(pixels, paths)``; at clicked pixels to the last digit.

        Raises `DataError` where nothing was clicked.
        """
        if not self.n:
            raise DataError("Posterior", "no click", "at least one")
        k, values = self.of_clicks(), np.array(self.values)
        before = 0.0 if self._prior is None else self._prior[self.places].astype(np.float64)
        alpha, _ = solved(k, self._jitter, values - before)
        single = alpha.astype(np.float32)
        if self._prior is None and single.shape[1] == 1:
            found = (single[:, 0] @ self._columns[: self.n])[:, None]
        else:
            found = self._columns[: self.n].T @ single
            if self._prior is not None:
                found += self._prior
        # Where clicks are nearly alike, alpha is large and float32 cannot tell them apart.
        found[self.places] = k @ alpha + before
        return found

    def of_clicks(self) -> Floats:
        """The kernel matrix of the clicks."""
        return self._kernel.between(self._clicked, self._clicked)

    def variance(self, sigma: float) -> Floats:
        """Diagonal of equation 10 ``(pixels,)``: the clicks have N(values, sigma^2)."""
        k = self.of_clicks()
        columns = self._columns[: self.n].astype(np.float64)
        inner, own = solved(k, self._jitter, np.eye(self.n))
        drop = inner @ (np.eye(self.n) - (sigma**2 - own) * inner)
        spared: Floats = self._kernel.variance - np.einsum("ip,ij,jp->p", columns, drop, columns)
        return np.maximum(spared, 0.0)
