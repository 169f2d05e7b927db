"""Gaussian series of which one drives the other, with exact transfer entropy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, Floats, PairedSequences, UsageError, stream
from harness_sequences.settings import Series

MEMORIES = 40
"""How many times the memory of a system passes before its series begins."""


def transfer_entropy(a: float, c: float, noise_x: float, noise_y: float) -> float:
    """Of x to y in nats per step, 1/2 ln(se / sv), whatever b.

    y_t - b y_(t-1) = c x_(t-1) + v_t is the sum of an AR(1) and noise, an ARMA(1, 1): times
    (1 - a L) it is an MA(1) with autocovariances g0 = c^2 su + (1 + a^2) sv and g1 = -a sv, whose
    innovation variance se is the larger root of se^2 - g0 se + g1^2 = 0.
    """
    g0, g1 = c**2 * noise_x + (1 + a**2) * noise_y, a * noise_y
    innovation = (g0 + math.sqrt((g0 - 2 * g1) * (g0 + 2 * g1))) / 2
    return 0.5 * math.log(innovation / noise_y)


def same_step(a: float, b: float, c: float, noise_x: float, noise_y: float) -> float:
    """Mutual information (nats) of x_t and y_t, -1/2 ln(1 - r^2) of their stationary covariance."""
    x = noise_x / (1 - a**2)
    shared = a * c * x / (1 - a * b)
    y = (c**2 * x + 2 * b * c * shared + noise_y) / (1 - b**2)
    return -0.5 * math.log1p(-(shared**2) / (x * y))


class GaussianSeries(Series):
    """A case per system: x_t = a x_(t-1) + u_t, y_t = b y_(t-1) + c x_(t-1) + v_t, in its
    stationary state.

    ``mutual_information`` is that of x and y at the same step. The truth of
    ``conditional_mutual_information``, which `lagged` leads to, is given where one
    lag is all of the past that matters: for a = 0.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by number. Raises `UsageError` for systems that are not stationary, and for
        parameters that differ in length.
        """
        given = (self.a, self.b, self.c, self.noise_x, self.noise_y)
        if len(set(map(len, given))) > 1:
            raise UsageError(
                f"gaussian-series: {', '.join(str(len(g)) for g in given)} values of a, b, c, "
                "noise_x, noise_y; wanted as many of each"
            )
        for number, system in enumerate(zip(*given, strict=True)):
            a, b, c, noise_x, noise_y = system
            if max(abs(a), abs(b)) >= 1:
                raise UsageError(
                    f"gaussian-series: a = {a:g}, b = {b:g} has spectral radius "
                    f"{max(abs(a), abs(b)):g}; wanted less than 1"
                )
            forward = transfer_entropy(a, c, noise_x, noise_y)
            truth = dict.fromkeys(("directed_information", "transfer_entropy"), forward)
            truth["mutual_information_rate"] = forward
            truth["mutual_information"] = same_step(*system)
            truth |= dict.fromkeys(("reverse_information", "instantaneous_information"), 0.0)
            if a == 0:
                truth["conditional_mutual_information"] = forward
            yield Case(
                id=f"system-{number}",
                data=partial(self._draw, system, seed),
                truth=truth,
                facts={"a": a, "b": b, "c": c, "n": self.n},
                stamp="",
            )

    def _draw(self, system: tuple[float, ...], seed: int) -> PairedSequences:
        a, b, c, noise_x, noise_y = system
        early = math.ceil(MEMORIES / (1 - max(abs(a), abs(b))))
        rng = stream(seed, "gaussian-series", *map(repr, system))
        u, v = rng.normal(size=(2, early + self.n)) * np.sqrt([[noise_x], [noise_y]])
        x = _autoregression(a, u)
        v[1:] += c * x[:-1]
        y = _autoregression(b, v)
        return PairedSequences(x[early:, None], y[early:, None], np.array([0, self.n]))


def _autoregression(a: float, noise: Floats) -> Floats:
    """s_t = a s_(t-1) + noise_t ``(n,)``, from s = 0."""
    out, last = np.empty_like(noise), 0.0
    for t, e in enumerate(noise.tolist()):
        out[t] = last = a * last + e
    return out
