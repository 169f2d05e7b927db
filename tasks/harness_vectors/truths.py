"""Mutual information of pairs that are not Gaussian, in nats. Sources at each function."""

from __future__ import annotations

import math

from harness_vectors.special import digamma


def student(dof: float, dx: int, dy: int) -> float:
    """I of the two parts of a multivariate Student-t with identity dispersion: nonzero, because
    they share their scale.

    With f(x) = ln Gamma(x/2) - (x/2) psi(x/2): f(v) + f(v + dx + dy) - f(v + dx) - f(v + dy).
    Arellano-Valle, Contreras-Reyes, Genton, Scand. J. Stat. 40 (2013).
    """

    def f(x: float) -> float:
        return math.lgamma(0.5 * x) - 0.5 * x * digamma(0.5 * x)

    return f(dof) + f(dof + dx + dy) - f(dof + dx) - f(dof + dy)


def additive(epsilon: float) -> float:
    """I(X; X + N), X uniform on [0, 1] and N uniform on [-epsilon, epsilon]: h(Y) - ln(2 epsilon).

    Y is a trapezium; Czyz et al., NeurIPS 2023.
    """
    return epsilon - math.log(2.0 * epsilon) if epsilon <= 0.5 else 0.25 / epsilon


def smoothed_uniform(q: float) -> float:
    """I(X; X min(1, q) + U / max(1, q)) with X and U uniform on [0, 1]: q/2 up to q = 1, then
    ln q + 1/(2q).
    """
    return 0.5 * q if q <= 1.0 else math.log(q) + 0.5 / q


def smoothness(information: float) -> float:
    """The q of `smoothed_uniform` with this information, by bisection in ln q (the information
    increases with q, without bound).
    """
    low, high = -60.0, information + 1.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if smoothed_uniform(math.exp(middle)) < information:
            low = middle
        else:
            high = middle
    return math.exp(0.5 * (low + high)) if information else 0.0
