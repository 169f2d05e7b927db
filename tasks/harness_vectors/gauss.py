"""Gaussian pairs with a given mutual information, and what covariances say, in nats."""

from __future__ import annotations

import math

import numpy as np

from harness import Floats
from harness_vectors.arrays import Pair


def correlation(information: float) -> float:
    """rho of a Gaussian pair of numbers with this information: I = -ln(1 - rho^2) / 2."""
    return math.sqrt(-math.expm1(-2.0 * information))


def pair(rng: np.random.Generator, n: int, d: int, information: float) -> Pair:
    """Standard normal ``x (n, d)``, ``y (n, d)``, I(X;Y) spread evenly over the d pairs of
    coordinates.
    """
    rho = correlation(information / d)
    x, noise = rng.normal(size=(2, n, d))
    return x, rho * x + math.sqrt(1.0 - rho * rho) * noise


def joint(rng: np.random.Generator, n: int, covariance: Floats) -> Floats:
    """n draws of a centred Gaussian, ``(n, d)``."""
    return np.asarray(rng.normal(size=(n, len(covariance))) @ np.linalg.cholesky(covariance).T)


def mutual_information(covariance: Floats, dx: int) -> float:
    """I of the first dx coordinates and the others: half ln(det Sx det Sy / det S)."""
    return 0.5 * (
        log_det(covariance[:dx, :dx]) + log_det(covariance[dx:, dx:]) - log_det(covariance)
    )


def conditional_mutual_information(covariance: Floats, dx: int, dy: int) -> float:
    """I(X;Y|Z) of the first dx coordinates and the next dy, given the rest."""
    x, y = list(range(dx)), list(range(dx, dx + dy))
    z = list(range(dx + dy, len(covariance)))
    xz, yz = np.ix_(x + z, x + z), np.ix_(y + z, y + z)
    return 0.5 * (
        log_det(covariance[xz])
        + log_det(covariance[yz])
        - log_det(covariance[np.ix_(z, z)])
        - log_det(covariance)
    )


def log_det(covariance: Floats) -> float:
    """ln det of a positive definite matrix."""
    return float(2.0 * np.log(np.diag(np.linalg.cholesky(covariance))).sum())


def rotation(rng: np.random.Generator, d: int) -> Floats:
    """A uniformly random orthogonal matrix ``(d, d)``: Q of a Gaussian matrix, with R positive."""
    q, r = np.linalg.qr(rng.normal(size=(d, d)))
    return np.asarray(q * np.sign(np.diag(r)))
