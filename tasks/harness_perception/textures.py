"""Paths of textures: Gaussian ones by formula, and between photographs.

A texture of many grains of random spatial frequency z and orientation theta is a Gaussian field
whose power at the wave vector (z, theta) is p(z) p(theta) / z. Here ln z is normal with variance
tau^2 = (ln 2 / 8) b^2 (b: bandwidth in octaves) and mode z0 of z, and
p(theta) ~ exp(cos 2(theta - theta0) / (4 sigma^2)). The authors' program stores the root of this
power and takes the root again when it filters, so that the power of its pictures is the root of the
one that they name; `vacher` reads those pictures, and the paths here are those of the formula.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Case, Floats, StimulusPath, UsageError, needs, stream
from harness_perception import settings
from harness_perception.humans import STEPS, human_scales
from harness_perception.scoring import Scored, area

MODE, OCTAVES, SPREAD = 2.5, 1.1, math.radians(5.0)
"""Of the grains, where they are not varied: cycles per cm, octaves, radians."""
DENSITY = 65.0
"""Pixels per cm of the authors' screen."""
GREY = 127.0


@dataclass(frozen=True)
class Family:
    """What is varied, from where to where, and in which experiment."""

    experiment: str
    name: Any
    low: float
    high: float


FAMILIES = (
    Family("exp_sf", "frequency", 1.0, 5.0),
    Family("exp_sf_bdw", "bandwidth", 0.25, 3.25),
    Family("exp_ori_bdw", "spread", math.radians(1.5), math.radians(13.5)),
)


def spectrum(
    size: int, contrast: float, mode: float = MODE, octaves: float = OCTAVES, spread: float = SPREAD
) -> Floats:
    """Power of the orthonormal Fourier coefficients ``(size, size)`` of a texture of grains.

    The mean power is the square of ``contrast``. Bins of half the sampling rate and more are empty.
    """
    y = np.fft.fftfreq(size) * size
    radius, angle = np.hypot(y[:, None], y[None, :]), np.arctan2(y[:, None], y[None, :])
    tau2 = math.log(2.0) / 8.0 * octaves**2
    z = np.where(radius > 0, radius, 1.0) * DENSITY / size
    logs = -0.5 * (np.log(z / mode) - tau2) ** 2 / tau2 - 2.0 * np.log(z)
    logs += (np.cos(2.0 * angle) - 1.0) / (4.0 * spread**2)
    inside = (radius > 0) & (radius < size / 2)
    power: Floats = np.where(inside, np.exp(logs - logs[inside].max()), 0.0)
    power *= contrast**2 / power.mean()
    return power


def picture(power: Floats, white: Floats) -> Floats:
    """A field ``(rows, columns)`` with this spectrum, made from white noise."""
    field: Floats = np.fft.ifft2(np.sqrt(power) * np.fft.fft2(white)).real
    return GREY + field


def closed_scale(family: str, s: Floats) -> Floats:
    """The scale of a local feature, from 0 to 1, by antiderivatives and by quadrature."""
    if family == "frequency":
        length = np.log(s)
    elif family == "bandwidth":  # of sqrt(a + 2 / b^2), with a = ln 2 / 2
        a = 0.5 * math.log(2.0)
        length = np.sqrt(a * s**2 + 2.0) - math.sqrt(2.0) * np.arcsinh(math.sqrt(2.0 / a) / s)
    else:
        x, weights = np.polynomial.legendre.leggauss(20)
        points = 0.5 * np.diff(s)[:, None] * (x + 1.0) + s[:-1, None]
        roots = np.sqrt(spread_information(points.ravel())).reshape(points.shape)
        length = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(s) * (roots @ weights))])
    psi: Floats = (length - length[0]) / (length[-1] - length[0])
    return psi


def spread_information(sigma: Floats) -> Floats:
    """(d kappa / d sigma)^2 Var cos 2(theta - theta0), by the rule of trapezoids on a circle."""
    phi = np.linspace(-np.pi, np.pi, 4096, endpoint=False)
    kappa = 0.25 / sigma**2
    weight = np.exp(kappa[:, None] * (np.cos(phi) - 1.0))
    weight /= weight.sum(1, keepdims=True)
    # 1 - cos loses no digits where the law is narrow
    bend = 2.0 * np.sin(0.5 * phi) ** 2
    mean = weight @ bend
    variance = ((bend - mean[:, None]) ** 2 * weight).sum(1)
    information: Floats = variance / (4.0 * sigma**6)
    return information


class GaussianTextures(settings.Textures, Scored):
    """Three paths of Gaussian textures, with the closed form as truth and human scales.

    The human scales are there for paths of 13 steps alone.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each parameter that is varied."""
        x = np.linspace(0.0, 1.0, self.steps)
        for family in FAMILIES:
            s = np.linspace(family.low, family.high, self.steps)
            human = human_scales()[family.experiment][1] if self.steps == STEPS else None
            truth = {"scale_area": area(x, closed_scale(family.name, s))}
            if human is not None:
                truth["area_matching"] = 1.0
            facts: dict[str, str | int | float] = {"varied": family.name, "size": self.size}
            draw = self._draw(family, s, human, seed)
            yield Case(family.name, draw, truth=truth, facts=facts, stamp="")

    def _draw(
        self, family: Family, s: Floats, human: Floats | None, seed: int
    ) -> Callable[[], StimulusPath]:
        def draw() -> StimulusPath:
            key = {"frequency": "mode", "bandwidth": "octaves", "spread": "spread"}[family.name]
            spectra = np.array([spectrum(self.size, self.contrast, **{key: v}) for v in s])
            rng = stream(seed, "gaussian-textures", family.name)
            white = rng.normal(size=(self.size, self.size))
            return StimulusPath(
                s,
                spectrum=spectra,
                level=np.full(self.steps, GREY),
                ends=np.array([picture(spectra[0], white), picture(spectra[-1], white)]),
                reference=human,
                family=family.name,
                octaves=None if family.name == "bandwidth" else OCTAVES,
                radians=None if family.name == "spread" else SPREAD,
            )

        return draw


PHOTOGRAPHS = ("brick", "grass", "gravel")


class TexturePaths(settings.Photographs, Scored):
    """Every ordered pair of the three photographs: there is no human scale, but two directions."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each pair; ``seed`` is not needed.

        Raises `UsageError` for squares larger than the photographs.
        """
        data = needs("skimage.data", "infoharness[perceptual_scales]")
        found = {name: np.asarray(getattr(data, name)(), float) for name in PHOTOGRAPHS}
        side = min(min(p.shape) for p in found.values())
        if self.size > side:
            raise UsageError(f"texture-paths.size: {self.size}; wanted at most {side}")
        for first, last in itertools.permutations(PHOTOGRAPHS, 2):
            ends = np.array([self._cut(found[first]), self._cut(found[last])])
            path = StimulusPath(np.linspace(0.0, 1.0, self.steps), ends=ends)
            facts: dict[str, str | int | float] = {"size": self.size}
            yield Case(f"{first}-{last}", path, facts=facts)

    def _cut(self, photograph: Floats) -> Floats:
        top, left = ((n - self.size) // 2 for n in photograph.shape)
        return photograph[top : top + self.size, left : left + self.size]
