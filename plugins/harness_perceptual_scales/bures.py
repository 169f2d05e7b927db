"""The path of optimal transport between two Gaussian laws, and the Fisher information along it.

With T the symmetric matrix that takes N(0, A) to N(0, B), W = (1 - t) 1 + t T gives
Sigma_t = W A W and mu_t = (1 - t) a + t b. In the basis U of the eigenvectors of T (eigenvalues l),
with k_i = (l_i - 1) / (1 - t + t l_i), C = U^T A U and y_i = (U^T (b - a))_i / (1 - t + t l_i)::

    I(t) = k^T (1 + C^-1 * C) k + y^T C^-1 y           (* by elements)

so one eigendecomposition serves all t. The authors' code has two errors here: it forms M_t^T M_t,
which is not A at t = 0 unless A and B commute, and it takes the derivative of the reversed path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_perceptual_scales.fisher import factor


def square_root(matrix: Floats) -> Floats:
    """The symmetric root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    root: Floats = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


@dataclass(frozen=True)
class Bures:
    """The path from N(a, A) at t = 0 to N(b, B) at t = 1; made by `between`."""

    start: Floats
    shift: Floats
    cov: Floats
    transport: Floats

    @classmethod
    def between(cls, a: Floats, cov_a: Floats, b: Floats, cov_b: Floats, ridge: float) -> Bures:
        """From means ``(d,)`` and covariances ``(d, d)``, with ``ridge`` on both diagonals.

        Raises `DataError` for covariances that are singular even so.
        """
        eye = ridge * np.eye(len(cov_a))
        cov_a, cov_b = cov_a + eye, cov_b + eye
        for cov in (cov_a, cov_b):
            factor(cov, 0.0, "covariance at an end of the path")
        root = square_root(cov_a)
        inverse = np.linalg.inv(root)
        transport = inverse @ square_root(root @ cov_b @ root) @ inverse
        return cls(np.asarray(a), np.asarray(b) - a, cov_a, 0.5 * (transport + transport.T))

    def mean(self, t: float) -> Floats:
        """mu_t ``(d,)``."""
        mean: Floats = self.start + t * self.shift
        return mean

    def covariance(self, t: float) -> Floats:
        """Sigma_t ``(d, d)``."""
        w = (1.0 - t) * np.eye(len(self.cov)) + t * self.transport
        covariance: Floats = w @ self.cov @ w
        return covariance

    def slope(self, t: float) -> Floats:
        """The derivative of Sigma_t ``(d, d)``."""
        eye = np.eye(len(self.cov))
        half = (self.transport - eye) @ self.cov @ ((1.0 - t) * eye + t * self.transport)
        slope: Floats = half + half.T
        return slope

    def information(self, t: Floats) -> Floats:
        """I ``(m,)`` at several t ``(m,)``."""
        values, basis = np.linalg.eigh(self.transport)
        c = basis.T @ self.cov @ basis
        inverse = np.linalg.inv(c)
        weight = np.eye(len(c)) + inverse * c
        scale = (1.0 - t)[:, None] + t[:, None] * values
        k, y = (values - 1.0) / scale, (basis.T @ self.shift) / scale
        information: Floats = ((k @ weight) * k).sum(1) + ((y @ inverse) * y).sum(1)
        return information
