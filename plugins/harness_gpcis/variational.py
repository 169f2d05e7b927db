"""The evidence lower bound of clicks under a Gaussian process with a logistic likelihood, in nats::

    ELBO = sum_c E_q log s(y_c f_c) - 1/2 [m^T K^-1 m + tr K^-1 S + ln |K| - n - ln |S|]

with q = N(m, S).

The paper trains with the part that depends on m (its L_VI, equation S1); this is the whole of it.
"""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np

from harness import Floats
from harness_gpcis.posterior import solved

Family = Literal["given", "pinned", "mean-field", "full"]
TOLERANCE, MOST = 1e-10, 200


@functools.lru_cache(maxsize=4)
def nodes(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the expectation over N(0, 1), by Gauss and Hermite."""
    z, weights = np.polynomial.hermite_e.hermegauss(count)
    return z, weights / weights.sum()


def expected(
    mean: Floats, var: Floats, y: Floats, count: int = 64
) -> tuple[Floats, Floats, Floats]:
    """E log s(y f), its derivative by the mean, and minus its second one, f ~ N(mean, var)."""
    z, weights = nodes(count)
    f = y[:, None] * (mean[:, None] + np.sqrt(var)[:, None] * z)
    against = np.exp(-np.logaddexp(0.0, f))
    return (
        -np.logaddexp(0.0, -f) @ weights,
        y * (against @ weights),
        (against * (1.0 - against)) @ weights,
    )


def elbo(k: Floats, y: Floats, m: Floats, s: Floats, count: int = 64) -> float:
    """The bound for q = N(m, s), ``s (n, n)``; of a kernel matrix that is singular, with the least
    jitter that makes it positive definite."""
    inverse, jitter = solved(k, 0.0, np.eye(len(k)))
    fit, _, _ = expected(m, np.diag(s).copy(), y, count)
    volume = np.linalg.slogdet(k + jitter * np.eye(len(k)))[1]
    terms = m @ inverse @ m + np.trace(inverse @ s) + volume - len(k)
    return float(fit.sum() - 0.5 * (terms - np.linalg.slogdet(s)[1]))


def best(
    k: Floats, y: Floats, family: Family, m: Floats, sigma: float, count: int = 64
) -> tuple[Floats, Floats]:
    """Mean and covariance of the best q of a family: ``given`` is N(m, sigma^2 I), ``pinned`` has
    that covariance and a free mean; ``mean-field`` and ``full`` are free.

    Newton steps on the mean, and the fixed point of the covariance, turn by turn: S^-1 is
    K^-1 + diag(E s'), or the diagonal of that.
    """
    n = len(k)
    s = sigma**2 * np.eye(n)
    if family == "given":
        return m, s
    inverse, _ = solved(k, 0.0, np.eye(n))
    m, value = np.zeros(n), -np.inf
    if family != "pinned":
        s = np.diag(1.0 / (np.diag(inverse) + 0.25))
    for _ in range(MOST):
        _, slope, bend = expected(m, np.diag(s).copy(), y, count)
        step = np.linalg.solve(inverse + np.diag(bend), slope - inverse @ m)
        m = m + step
        if family != "pinned":
            bend = expected(m, np.diag(s).copy(), y, count)[2]
            precision: Floats = inverse + np.diag(bend)
            if family == "mean-field":
                precision = precision * np.eye(n)
            s, _ = solved(precision, 0.0, np.eye(n))
        before, value = value, elbo(k, y, m, s, count)
        if abs(value - before) < TOLERANCE:
            break
    return m, s
