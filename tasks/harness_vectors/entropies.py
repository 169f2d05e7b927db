"""Samples of one variable with known entropy, in nats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np

from harness import Case, Floats, Samples, UsageError, stream
from harness_vectors import gauss, settings
from harness_vectors.special import digamma

Draw: TypeAlias = Callable[[np.random.Generator, int, int], Floats]
"""From a generator, n and d to points ``(n, d)``."""

CORRELATION, SCALE, RATE, GAP = 0.5, 0.5, 2.0, 3.0


def _normal(rng: np.random.Generator, n: int, d: int) -> Floats:
    return rng.normal(size=(n, d))


def _correlated(rng: np.random.Generator, n: int, d: int) -> Floats:
    return gauss.joint(rng, n, _equicorrelated(d))


def _uniform(rng: np.random.Generator, n: int, d: int) -> Floats:
    return rng.uniform(size=(n, d))


def _laplace(rng: np.random.Generator, n: int, d: int) -> Floats:
    return rng.laplace(scale=SCALE, size=(n, d))


def _exponential(rng: np.random.Generator, n: int, d: int) -> Floats:
    return rng.exponential(1.0 / RATE, size=(n, d))


def _student(dof: int) -> Draw:
    def draw(rng: np.random.Generator, n: int, d: int) -> Floats:
        normal = rng.normal(size=(n, d))
        return normal * np.sqrt(dof / rng.chisquare(dof, size=(n, 1)))

    return draw


def _mixture(rng: np.random.Generator, n: int, d: int) -> Floats:
    x = rng.normal(size=(n, d))
    x[:, 0] += np.where(rng.random(n) < 0.3, -GAP, GAP)
    return x @ gauss.rotation(rng, d)


def _equicorrelated(d: int) -> Floats:
    return CORRELATION * np.ones((d, d)) + (1.0 - CORRELATION) * np.eye(d)


def student_entropy(dof: float, d: int) -> float:
    """Entropy of the d-dimensional Student-t with unit dispersion."""
    half, whole = 0.5 * dof, 0.5 * (dof + d)
    volume = math.lgamma(half) - math.lgamma(whole) + 0.5 * d * math.log(dof * math.pi)
    return volume + whole * (digamma(whole) - digamma(half))


def mixture_entropy(d: int) -> float:
    """Entropy of 0.3 N(-GAP, 1) + 0.7 N(GAP, 1) along one axis, and of d - 1 normal axes.

    By the trapezium rule, whose error for so smooth a function is far below 1e-12 at this step.
    """
    t = np.linspace(-GAP - 12.0, GAP + 12.0, 20_001)
    low, high = (np.log(w) - 0.5 * (t - c) ** 2 for w, c in ((0.3, -GAP), (0.7, GAP)))
    log_p = np.logaddexp(low, high) - 0.5 * math.log(2.0 * math.pi)
    return float(-(np.exp(log_p) * log_p).sum() * (t[1] - t[0])) + (d - 1) * _NORMAL


_NORMAL = 0.5 * math.log(2.0 * math.pi * math.e)

_LAWS: dict[str, tuple[Draw, Callable[[int], float]]] = {
    "normal": (_normal, lambda d: d * _NORMAL),
    "correlated-normal": (
        _correlated,
        lambda d: d * _NORMAL + 0.5 * gauss.log_det(_equicorrelated(d)),
    ),
    "uniform": (_uniform, lambda d: 0.0),
    "laplace": (_laplace, lambda d: d * (1.0 + math.log(2.0 * SCALE))),
    "exponential": (_exponential, lambda d: d * (1.0 - math.log(RATE))),
    "student-3": (_student(3), lambda d: student_entropy(3.0, d)),
    "mixture": (_mixture, mixture_entropy),
}


class Entropies(settings.Laws):
    """Differential entropies of the normal, correlated normal, uniform, Laplace, exponential and
    Student-t distributions in closed form, and of a mixture of two normals by quadrature.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per law and dimension. Raises `UsageError` for an unknown law."""
        for law in self.laws:
            if law not in _LAWS:
                raise UsageError(f"entropies.laws: {law!r}; wanted some of {', '.join(_LAWS)}")
        for law, d in itertools.product(self.laws or _LAWS, self.dims):
            if law == "correlated-normal" and d == 1:
                continue
            yield Case(
                id=f"{law}-{d}",
                data=self._draw(law, d, seed),
                truth={"entropy": _LAWS[law][1](d)},
                facts={"law": law, "d": d, "n": self.n},
                stamp="",
            )

    def _draw(self, law: str, d: int, seed: int) -> Callable[[], Samples]:
        return lambda: Samples(_LAWS[law][0](stream(seed, "entropies", law, str(d)), self.n, d))


class DiscreteEntropies(settings.Codes):
    """Entropies of integer codes: equally likely ones, and ones in proportion to 1/rank (Zipf)."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per law and number of codes."""
        for law, codes in itertools.product(("uniform", "zipf"), self.codes):
            shares = np.full(codes, 1.0) if law == "uniform" else 1.0 / np.arange(1, codes + 1)
            shares /= shares.sum()
            yield Case(
                id=f"{law}-{codes}",
                data=self._draw(law, shares, seed),
                truth={"entropy": float(-(shares * np.log(shares)).sum())},
                facts={"law": law, "codes": codes, "n": self.n},
                stamp="",
            )

    def _draw(self, law: str, shares: Floats, seed: int) -> Callable[[], Samples]:
        def draw() -> Samples:
            rng = stream(seed, "discrete-entropies", law, str(len(shares)))
            codes = rng.choice(len(shares), size=self.n, p=shares)
            return Samples(codes[:, None].astype(np.float64))

        return draw
