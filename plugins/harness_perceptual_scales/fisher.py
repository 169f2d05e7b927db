"""Fisher information along paths of Gaussian laws, in units of 1 / s^2, and scales from it.

For N(mu(s), Sigma(s)), with a dash for the derivative by s (equation 6 of the paper)::

    I = mu'^T Sigma^-1 mu' + 1/2 tr(Sigma^-1 Sigma' Sigma^-1 Sigma')

and for a stationary field on an N x M torus with variances S of orthonormal Fourier coefficients::

    I = N M level'^2 / S(0) + 1/2 sum_w (d ln S(w) / ds)^2

A scale is the integral of the root of I, divided by the whole integral (its length).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from harness import DataError, Floats, Incompatible, StimulusPath


def factor(cov: Floats, ridge: float, where: str) -> Floats:
    """The Cholesky factor of a covariance ``(d, d)`` plus ``ridge`` on its diagonal.

    Raises `DataError` that names the ridge where the matrix is singular.
    """
    lifted = cov + ridge * np.eye(len(cov))
    try:
        root: Floats = np.asarray(np.linalg.cholesky(lifted), np.float64)
    except np.linalg.LinAlgError:
        root = np.zeros_like(cov)
    diagonal = np.diag(root)
    if diagonal.min() <= 1e-7 * diagonal.max() or diagonal.max() == 0.0:
        found = f"a singular covariance with ridge={ridge:g}"
        raise DataError(where, found, f"a larger ridge, such as {1e-6 * np.trace(cov) + 1e-12:.1g}")
    return root


def gaussian(mean_slope: Floats, cov: Floats, cov_slope: Floats, ridge: float, where: str) -> float:
    """I of one Gaussian law: ``(d,)``, ``(d, d)``, ``(d, d)``."""
    root = factor(cov, ridge, where)
    shift = np.linalg.solve(root, mean_slope)
    turned = np.linalg.solve(root, np.linalg.solve(root, cov_slope).T)
    return float(shift @ shift + 0.5 * (turned**2).sum())


def derivative(s: Floats) -> Floats:
    """The matrix ``(n, n)`` that takes values at the steps to their derivatives by s there.

    Second order, at the ends too (first order for two steps).
    """
    order: Literal[1, 2] = 2 if len(s) > 2 else 1
    return np.asarray(np.gradient(np.eye(len(s)), s, axis=0, edge_order=order))


def noisy(spectrum: Floats, noise: float) -> Floats:
    """The spectra ``(n, rows, columns)`` with white noise of ``noise`` times their mean power.

    Raises `DataError` where a bin without power is left.
    """
    lifted: Floats = spectrum + noise * spectrum.mean()
    if lifted.min() <= 0.0:
        row = int(np.argwhere(lifted <= 0)[0][0])
        found = f"a bin without power, with q={noise:g}"
        raise DataError("StimulusPath.spectrum", found, "white noise q above 0", row)
    return lifted


def along(path: StimulusPath, ridge: float, noise: float) -> Floats:
    """I at every step ``(n,)``, by differences between the steps.

    It is that of the covariances where the path has them, else that of the spectra.

    Raises `Incompatible` where it has neither, and `DataError` for singular laws.
    """
    slopes = derivative(path.s)
    if path.cov is not None:
        mean = np.zeros(path.cov.shape[:2]) if path.mean is None else path.mean
        up, turn = slopes @ mean, np.tensordot(slopes, path.cov, 1)
        laws = zip(up, path.cov, turn, strict=True)
        return np.array([gaussian(*law, ridge, "StimulusPath.cov") for law in laws])
    if path.spectrum is None:
        raise Incompatible("reads covariances or spectra at the steps; this path has neither")
    power = noisy(path.spectrum, noise)
    rates = np.tensordot(slopes, np.log(power), 1)
    information: Floats = 0.5 * (rates**2).sum((1, 2))
    if path.level is not None:
        information += power[0].size * (slopes @ path.level) ** 2 / power[:, 0, 0]
    return information


def covariance_steps(path: StimulusPath, ridge: float) -> Floats:
    """Lengths of the steps of a path of covariances ``(n - 1,)``.

    Two laws are joined by the geodesic of covariances, whose length is exact, and the mean moves
    over their middle: so the lengths do not depend on how the path is parametrized.
    """
    if path.cov is None:
        raise Incompatible("reads a covariance at every step; this path has none")
    mean = np.zeros(path.cov.shape[:2]) if path.mean is None else path.mean
    found = []
    for a, b, shift in zip(path.cov, path.cov[1:], np.diff(mean, axis=0), strict=False):
        root = factor(a, ridge, "StimulusPath.cov")
        factor(b, ridge, "StimulusPath.cov")
        eye = ridge * np.eye(len(a))
        ratio = np.linalg.solve(root, np.linalg.solve(root, b + eye).T)
        turn = 0.5 * (np.log(np.linalg.eigvalsh(ratio)) ** 2).sum()
        middle = factor(0.5 * (a + b), ridge, "StimulusPath.cov")
        found.append(math.sqrt(turn + (np.linalg.solve(middle, shift) ** 2).sum()))
    return np.array(found)


def spectral_steps(path: StimulusPath, noise: float, dc_mean: bool) -> Floats:
    """Lengths of the steps of a path of spectra ``(n - 1,)``, as `covariance_steps`."""
    if path.spectrum is None:
        raise Incompatible("reads a spectrum at every step; this path has none")
    power = noisy(path.spectrum, noise)
    squares = 0.5 * (np.diff(np.log(power), axis=0) ** 2).sum((1, 2))
    if dc_mean and path.level is not None:
        middle = 0.5 * (power[1:, 0, 0] + power[:-1, 0, 0])
        squares += power[0].size * np.diff(path.level) ** 2 / middle
    roots: Floats = np.sqrt(squares)
    return roots


def integrated(information: Callable[[Floats], Floats], s: Floats, nodes: int) -> Floats:
    """Integrals of the root of I over each step ``(n - 1,)``, by Gauss and Legendre."""
    x, weights = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * np.diff(s)
    points = (s[:-1] + half)[:, None] + half[:, None] * x
    roots = np.sqrt(information(points.ravel())).reshape(points.shape)
    lengths: Floats = half * (roots @ weights)
    return lengths


def normalized(steps: Floats) -> tuple[Floats, float]:
    """The scale ``(n,)`` and the length from the lengths of the steps.

    Raises `Incompatible` where nothing changes along the path.
    """
    length = float(steps.sum())
    if not length > 0.0 or not math.isfinite(length):
        raise Incompatible(f"the length of this path is {length:g}: nothing changes along it")
    psi = np.concatenate([[0.0], np.cumsum(steps)])
    return psi / psi[-1], length


def bessel_ratio(kappa: Floats) -> Floats:
    """A = I1(kappa) / I0(kappa), without overflow."""
    from scipy.special import i0e, i1e

    ratio: Floats = i1e(kappa) / i0e(kappa)
    return ratio


def octave_variance(octaves: Floats | float) -> Floats | float:
    """tau^2, the variance of ln z, of a bandwidth in octaves."""
    return math.log(2.0) / 8.0 * octaves * octaves


def frequency(z: Floats, octaves: float) -> Floats:
    """I(z0) = 1 / (z0^2 tau^2) of the mode of a log-normal spatial frequency."""
    return 1.0 / (z * z * octave_variance(octaves))


def bandwidth(b: Floats) -> Floats:
    """I(b) = ln 2 / 2 + 2 / b^2 of a bandwidth in octaves: it moves the mean of ln z, too."""
    return 0.5 * math.log(2.0) + 2.0 / (b * b)


def orientation(spread: float) -> float:
    """I(theta0) = 4 kappa A of a direction: p ~ exp(kappa cos 2(theta - theta0))."""
    kappa = 0.25 / spread**2
    return float(4.0 * kappa * bessel_ratio(np.array(kappa)))


def spread(sigma: Floats) -> Floats:
    """I(sigma) = (1 - A / kappa - A^2) / (4 sigma^6) of the spread in radians.

    The bracket is a difference of near numbers where kappa is large; its series is used there.
    """
    kappa = 0.25 / sigma**2
    a = bessel_ratio(kappa)
    exact = 1.0 - a / kappa - a * a
    # Var cos = 1/(2 k^2) + 1/(4 k^3) + 3/(8 k^4) + ..., from the series of I1/I0 at large k.
    series = 0.5 / kappa**2 + 0.25 / kappa**3 + 0.375 / kappa**4
    wide: Floats = np.where(kappa < 500.0, exact, series) / (4.0 * sigma**6)
    return wide
