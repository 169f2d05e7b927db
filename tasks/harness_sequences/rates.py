"""Rate-distortion problems whose curve is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from harness import Case, Curve, Floats, Incompatible, RateProblem, UsageError, unknown_name
from harness_sequences.channels import either, entropy
from harness_sequences.settings import Rates

ONES, FLIP, LETTERS = 0.3, 0.2, 8
EXTENT, POINTS = 5.0, 201
"""Of the grid for Gaussian letters."""
DECAY, REACH, SPACING = 0.9, 9.0, 0.5
"""Of `gauss-markov`: how a letter follows the one before it, and the grid."""
REFERENCE, REWARD = (0.5, 0.3, 0.2), (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Known:
    """A source with a distortion; ``rate`` (nats) of distortions from ``least`` to ``most``."""

    p: Floats
    d: Floats
    rate: Callable[[float], float]
    least: float
    most: float
    law: Floats | None = None
    reference: Floats | None = None


def divergence(reward: float) -> float:
    """Least divergence (nats) from `REFERENCE` of a law with this mean `REWARD`: that of the
    exponential tilt, found by bisection of its slope.
    """
    p, r = np.array(REFERENCE), np.array(REWARD)
    low, high = -60.0, 60.0
    for _ in range(200):
        slope = (low + high) / 2
        weight = p * np.exp(slope * (r - r.max() * (slope > 0)))
        mean = float(weight @ r / weight.sum())
        low, high = (slope, high) if mean < reward else (low, slope)
    weight = p * np.exp(slope * r - np.max(slope * r))
    q = weight / weight.sum()
    return float((q * np.log(np.where(q > 0, q, 1.0) / p)).sum())


def gauss_markov(distortion: float, decay: float = DECAY) -> float:
    """Directed rate (nats per step) of x_t = decay x_(t-1) + noise of variance 1, squared error.

    The error of the last step, D, and the noise leave decay^2 D + 1 to be told down to D (T.
    Berger, Rate Distortion Theory (1971); S. Tatikonda (2000)): 1/2 ln(decay^2 + 1/D).
    """
    return max(0.0, 0.5 * math.log(decay**2 + 1 / distortion))


def problems() -> dict[str, Known]:
    """By name."""
    x = np.linspace(-EXTENT, EXTENT, POINTS)
    normal = np.exp(-(x**2) / 2)
    level = np.arange(-REACH, REACH + SPACING / 2, SPACING)
    variance = 1 / (1 - DECAY**2)
    stationary = np.exp(-(level**2) / (2 * variance))
    moves = np.exp(-((level - DECAY * level[:, None]) ** 2) / 2)
    hamming = 1.0 - np.eye(2)
    step = np.array([[1 - FLIP, FLIP], [FLIP, 1 - FLIP]])
    half = np.full(2, 0.5)
    return {
        "bernoulli": Known(
            np.array([1 - ONES, ONES]),
            hamming,
            lambda d: entropy(ONES) - entropy(d),
            0.0,
            ONES,
        ),
        "uniform": Known(
            np.full(LETTERS, 1 / LETTERS),
            1.0 - np.eye(LETTERS),
            lambda d: math.log(LETTERS) - entropy(d) - d * math.log(LETTERS - 1),
            0.0,
            1 - 1 / LETTERS,
        ),
        "gaussian": Known(
            normal / normal.sum(),
            (x[:, None] - x) ** 2,
            lambda d: 0.5 * math.log(1 / d),
            1e-9,
            1.0,
        ),
        "erasure": Known(
            half,
            np.array([[0.0, np.inf, 1.0], [np.inf, 0.0, 1.0]]),
            lambda d: (1 - d) * math.log(2),
            0.0,
            1.0,
        ),
        "markov": Known(
            half, hamming, lambda d: entropy(either(FLIP, d)) - entropy(d), 0.0, 0.5, step
        ),
        "gauss-markov": Known(
            stationary / stationary.sum(),
            (level[:, None] - level) ** 2,
            gauss_markov,
            1e-9,
            variance,
            moves / moves.sum(1, keepdims=True),
        ),
        "bandit": Known(
            np.ones(1),
            -np.array([REWARD]),
            lambda d: divergence(-d),
            -max(REWARD),
            -float(np.dot(REFERENCE, REWARD)),
            reference=np.array(REFERENCE),
        ),
    }


GOLDEN, SECTIONS = (math.sqrt(5) - 1) / 2, 60
NEVER = 1e6
"""Distortion of what must not happen (the wrong letter in `erasure`): kinds hold no infinity."""


class KnownRates(Rates):
    """A case per problem. A curve is scored by its largest distance from the known rate, in nats,
    over its points; a curve over rewards is read as one over negative distortions.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by name. Raises `UsageError` for unknown names."""
        known = problems()
        for name in self.only or known:
            if name not in known:
                raise UsageError(unknown_name("known-rates.only", name, known))
            one = known[name]
            d = np.minimum(one.d, NEVER)
            yield Case(
                id=name,
                data=RateProblem(one.p, d, np.sort(self.slopes), one.law, one.reference),
                facts={"problem": name, "letters": len(one.p)},
                accepts=(Curve,),
            )

    def score(self, case: Case, output: Curve) -> dict[str, float]:
        """The rate error. Distortions beyond the ends of the known curve count as its ends."""
        one = problems()[str(case.facts["problem"])]
        distortion = -output.x if output.name_x.startswith("reward") else output.x
        known = [one.rate(d) for d in np.clip(distortion, one.least, one.most)]
        if one.reference is not None and not output.name_y.startswith("divergence"):
            known = [0.0] * len(known)  # one context: no information is needed to do what is best
        return {"rate_error": float(np.abs(output.y - known).max())}


@dataclass(frozen=True)
class KnownRate:
    """The closed form itself, for curves to be drawn beside."""

    def estimate(self, data: RateProblem, *, rng: np.random.Generator | None = None) -> Curve:
        """The point of each slope; over rewards where the problem has a reference.

        Raises `Incompatible` for problems that are none of `problems`.
        """
        for one in problems().values():
            if _same(one, data):
                break
        else:
            raise Incompatible("no closed form is known; wants a problem of known-rates")
        d = np.unique([_nearest(one, float(slope)) for slope in data.slopes])
        rate = np.array([one.rate(v) for v in d])
        if one.reference is None:
            return Curve(d, rate, "distortion", "rate, nats")
        return Curve(-d[::-1], rate[::-1], "reward", "divergence from the reference, nats")


def _nearest(one: Known, slope: float) -> float:
    """The distortion of least rate + slope x distortion, by golden sections: it is convex."""

    def cost(d: float) -> float:
        return one.rate(d) + slope * d

    low, high = one.least, one.most
    for _ in range(SECTIONS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if cost(left) <= cost(right) else (left, high)
    return min((one.least, (low + high) / 2, one.most), key=cost)


def _same(one: Known, data: RateProblem) -> bool:
    pairs = (
        (one.p, data.p),
        (np.minimum(one.d, NEVER), data.d),
        (one.law, data.law),
        (one.reference, data.reference),
    )
    return all(
        a is None and b is None
        if a is None or b is None
        else a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=0))
        for a, b in pairs
    )
