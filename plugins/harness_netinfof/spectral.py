"""Singular vectors of operators, and principal components of tables, in single precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.linalg

from harness import Floats, Singles, mapped

Apply = Callable[[Singles], Singles]

OVERSAMPLING = 10
POWERS = 2
"""Power iterations of the randomised method, as in torch.svd_lowrank, which the authors use."""
TABLE_POWERS = 4
"""The same for principal components: their spectra fall slowly."""
EXACT = 512
"""Up to this many columns, principal components come from the covariance matrix."""
DEAD = 1e-5
"""Share of the greatest singular value below which a direction is rounding and left out."""
CHUNK = 65536


def left_vectors(
    apply: Apply, transposed: Apply, n: int, d: int, powers: int, rng: np.random.Generator
) -> Singles:
    """``U sqrt(S)``, (n, at most d), of an operator; randomised (Halko et al. 2011).

    Parameters
    ----------
    apply, transposed : the operator and its transpose on tables (columns, q); the operator gives n
        rows.
    powers : power iterations; each applies both once.
    """
    basis = _span(apply, transposed, n, d, powers, rng)
    triangle: Singles = np.linalg.qr(transposed(basis), mode="r")  # type: ignore[assignment]
    left, scales, _ = scipy.linalg.svd(triangle.T, check_finite=False)
    alive = min(d, int((scales > DEAD * scales[0]).sum())) if scales[0] > 0 else 0
    return np.ascontiguousarray(basis @ (left[:, :alive] * np.sqrt(scales[:alive])))


def _span(
    apply: Apply, transposed: Apply, n: int, d: int, powers: int, rng: np.random.Generator
) -> Singles:
    """An orthonormal basis (n, q) that nearly holds the leading d left singular vectors."""
    columns = min(n, d + OVERSAMPLING)
    basis = _orthonormal(apply(rng.standard_normal((n, columns), dtype=np.float32)))
    for _ in range(powers):
        basis = _orthonormal(apply(_orthonormal(transposed(basis))))
    return basis


def _orthonormal(x: Singles) -> Singles:
    q: Singles = scipy.linalg.qr(x, mode="economic", check_finite=False, overwrite_a=True)[0]
    return q


def components(x: Singles, d: int, rng: np.random.Generator) -> Singles:
    """Coordinates (n, at most d) of the rows of ``x (n, f)`` on their principal axes."""
    centred: Singles = mapped.zeros(x.shape, np.float32)
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    for part in mapped.blocks_of(x):
        np.subtract(x[part], mean, out=centred[part])
    x = centred
    axes = _axes(x, d) if x.shape[1] <= EXACT else _random_axes(x, d, rng)
    return np.ascontiguousarray(x @ axes)


def _axes(x: Singles, d: int) -> Singles:
    covariance: Floats = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), CHUNK):
        block = x[start : start + CHUNK].astype(np.float64)
        covariance += block.T @ block
    variances, axes = scipy.linalg.eigh(covariance)
    variances, axes = variances[::-1], axes[:, ::-1]
    alive = int((variances > DEAD**2 * variances[0]).sum()) if variances[0] > 0 else 0
    found: Singles = axes[:, : min(d, alive)].astype(np.float32)
    return found


def _random_axes(x: Singles, d: int, rng: np.random.Generator) -> Singles:
    n, f = x.shape
    columns = min(n, f, d + OVERSAMPLING)
    basis = _orthonormal(x @ rng.standard_normal((f, columns), dtype=np.float32))
    for _ in range(TABLE_POWERS):
        basis = _orthonormal(x @ _orthonormal(x.T @ basis))
    _, scales, axes = scipy.linalg.svd(basis.T @ x, full_matrices=False, check_finite=False)
    alive = int((scales > DEAD * scales[0]).sum()) if scales[0] > 0 else 0
    found: Singles = axes[: min(d, alive)].T
    return found
