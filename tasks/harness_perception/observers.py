"""Observers whose scale and noise are known: their choices, and their measurements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, DifferenceScaling, Floats, Ints, PairedSamples, near_triplets, stream
from harness_perception import settings
from harness_perception.scoring import Scored, area

RATIO = 7.0
"""Of the largest to the smallest stimulus of the logarithmic scale."""
STEEP = 8.0
"""Slope of the logistic scale."""


def scale(shape: str, x: Floats) -> Floats:
    """A scale from 0 to 1 at positions from 0 to 1."""
    if shape == "log":
        return np.log1p((RATIO - 1.0) * x) / math.log(RATIO)
    if shape == "square":
        return x * x
    if shape == "logistic":
        ends = 1.0 / (1.0 + math.exp(0.5 * STEEP))
        return (1.0 / (1.0 + np.exp(-STEEP * (x - 0.5))) - ends) / (1.0 - 2.0 * ends)
    return x.copy()


def inverse(shape: str, psi: Floats) -> Floats:
    """The positions that look as large as ``psi``."""
    if shape == "log":
        return np.expm1(psi * math.log(RATIO)) / (RATIO - 1.0)
    if shape == "square":
        return np.sqrt(psi)
    if shape == "logistic":
        ends = 1.0 / (1.0 + math.exp(0.5 * STEEP))
        p = ends + psi * (1.0 - 2.0 * ends)
        return 0.5 + np.log(p / (1.0 - p)) / STEEP
    return psi.copy()


def answers(
    psi: Floats, sigma: float, triplets: Ints, repeats: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """How often an observer chose the second pair of each triplet, of how many times ``(t,)``."""
    first, middle, last = psi[triplets].T
    noise = rng.normal(scale=sigma, size=(len(triplets), repeats))
    chosen = ((last - 2.0 * middle + first)[:, None] + noise < 0).sum(1)
    return chosen, np.full(len(triplets), repeats)


class SimulatedObservers(settings.Observers, Scored):
    """Choices between differences on triplets of neighbours, with normal noise."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each shape and noise. Area matching has a truth where the scale is bent."""
        x = np.linspace(0.0, 1.0, self.steps)
        for shape, sigma in itertools.product(self.shapes, self.sigma):
            psi = scale(shape, x)
            truth = {"scale_noise": sigma, "scale_area": area(x, psi)}
            if np.abs(psi - x).max() > 1e-9:
                truth["area_matching"] = 1.0
            name = f"{shape}-{sigma:g}"
            facts = {"shape": shape, "sigma": sigma, "repeats": self.repeats}
            draw = self._draw(psi, sigma, seed, name)
            yield Case(name, draw, truth=truth, facts=facts, stamp="")

    def _draw(
        self, psi: Floats, sigma: float, seed: int, name: str
    ) -> Callable[[], DifferenceScaling]:
        def draw() -> DifferenceScaling:
            triplets = near_triplets(self.steps, self.reach)
            rng = stream(seed, "simulated-observers", name)
            chosen, trials = answers(psi, sigma, triplets, self.repeats, rng)
            x = np.linspace(0.0, 1.0, self.steps)
            return DifferenceScaling(
                triplets, chosen, trials, self.steps, reference=psi,
                predicted=np.array([psi, x]), predictions=("truth", "straight-line"),
            )  # fmt: skip

        return draw


def information(edges: Floats, density: Callable[[Floats], Floats], sigma: float) -> float:
    """I(S;M) = h(M) - h(M|S) in nats, of M = psi + sigma N, by quadrature.

    psi has the ``density`` on the interval ``edges``; it may be infinite at its lower end, where
    the substitution psi = u^2 takes the pole away.
    """
    low, high = math.sqrt(edges[0]), math.sqrt(edges[1])
    cuts = np.linspace(low, high, max(10, round(1.0 / sigma)) + 1)
    x, w = np.polynomial.legendre.leggauss(20)
    half = 0.5 * (cuts[1] - cuts[0])
    u, weight = (cuts[:-1, None] + half * (x + 1.0)).ravel(), half * np.tile(w, len(cuts) - 1)
    mass = density(u * u) * 2.0 * u * weight
    width = edges[1] - edges[0] + 18.0 * sigma
    m, step = np.linspace(
        edges[0] - 9.0 * sigma, edges[1] + 9.0 * sigma, round(20.0 * width / sigma), retstep=True
    )
    apart = (m[:, None] - (u * u)[None, :]) / sigma
    p = np.exp(-0.5 * apart**2) @ mass / (sigma * math.sqrt(2.0 * math.pi) * mass.sum())
    logs = np.log(np.where(p > 0, p, 1.0))
    return float(-(p * logs).sum() * step - 0.5 * math.log(2.0 * math.pi * math.e * sigma**2))


class StimulusMeasurement(settings.Measurements):
    """A stimulus s and its measurement m = psi(s) + sigma N.

    With stimuli even on the scale (the prior of Jeffreys) the information comes near
    ln(length / sqrt(2 pi e)) for a long scale, the most that this observer can have; the length of
    the scale is 1 / sigma.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each shape and noise, with its information and the limit of long scales."""
        for shape, sigma in itertools.product(self.shapes, self.sigma):
            density = self._density(shape)
            truth = {"mutual_information": information(np.array([0.0, 1.0]), density, sigma)}
            limit = -math.log(sigma * math.sqrt(2.0 * math.pi * math.e))
            name = f"{shape}-{sigma:g}"
            facts = {"shape": shape, "sigma": sigma, "capacity_of_long_scales": limit}
            draw = self._draw(shape, sigma, seed, name)
            yield Case(name, draw, truth=truth, facts=facts, stamp="")

    def _density(self, shape: str) -> Callable[[Floats], Floats]:
        """Of psi where s is even: the slope of the inverse scale."""
        if self.prior == "jeffreys" or shape == "linear":
            return np.ones_like
        if shape == "log":
            return lambda psi: RATIO**psi * math.log(RATIO) / (RATIO - 1.0)
        if shape == "square":
            return lambda psi: 0.5 / np.sqrt(psi)
        ends = 1.0 / (1.0 + math.exp(0.5 * STEEP))

        def logistic(psi: Floats) -> Floats:
            p = ends + psi * (1.0 - 2.0 * ends)
            slope: Floats = (1.0 - 2.0 * ends) / (STEEP * p * (1.0 - p))
            return slope

        return logistic

    def _draw(self, shape: str, sigma: float, seed: int, name: str) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            rng = stream(seed, "stimulus-measurement", name)
            even = rng.random(self.n)
            s = inverse(shape, even) if self.prior == "jeffreys" else even
            m = scale(shape, s) + rng.normal(scale=sigma, size=self.n)
            return PairedSamples(s[:, None], m[:, None])

        return draw
