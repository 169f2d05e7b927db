"""Shapes of dependence beside those of Beyond Normal, in two halves: one to tune on, one to judge.

Truths are closed forms, or the mean of the exact pointwise information over draws (`MEANS`, with
its standard error; made by ``python benchmarks/vectors/truths.py``). The halves share families, in
other sizes and strengths, and each has families of its own.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from harness import Case, Floats, PairedSamples, stream, unknown_name
from harness_vectors import gauss, mixtures, settings, truths
from harness_vectors.arrays import Pair
from harness_vectors.mixtures import Mixture, Scaled
from harness_vectors.normal import Distribution
from harness_vectors.special import digamma
from harness_vectors.transforms import Map

MEANS: dict[str, tuple[float, float]] = {
    "cross-0.9": (0.407914, 0.000333),
    "cross-0.95": (0.662828, 0.000373),
    "inliers-1v1": (0.380083, 0.000405),
    "inliers-2v2": (0.711058, 0.000593),
    "inliers-4v4": (1.341943, 0.000712),
    "labels-3v3": (0.609504, 0.000397),
    "labels-6v6": (0.808736, 0.000494),
    "rare-2v2": (0.132191, 0.000407),
    "scaled-2v2": (0.202763, 0.001041),
    "scaled-6v4": (0.300053, 0.001243),
    "wave-12": (0.580424, 0.000336),
    "wave-7": (0.391290, 0.000358),
}
"""Mutual information and its standard error, in nats, of what has no closed form."""

DENSITIES: dict[str, Mixture | Scaled] = {
    "cross-0.9": mixtures.cross(0.9),
    "cross-0.95": mixtures.cross(0.95),
    "inliers-1v1": mixtures.inliers(0.9, 0.3, 1),
    "inliers-2v2": mixtures.inliers(0.85, 0.25, 2),
    "inliers-4v4": mixtures.inliers(0.8, 0.2, 4),
    "labels-3v3": mixtures.labels(3, 3, 0.1, 3.0),
    "labels-6v6": mixtures.labels(6, 5, 0.2, 4.0),
    "rare-2v2": mixtures.rare(0.05, 0.95, 2),
    "scaled-2v2": Scaled(2, 2, 0.7),
    "scaled-6v4": Scaled(6, 4, 0.5),
    "wave-12": mixtures.wave(12, 1.0, 0.2),
    "wave-7": mixtures.wave(7, 1.5, 0.3),
}


@dataclass(frozen=True)
class Shape:
    """A distribution, what it was made for, and the standard error of its truth in nats."""

    law: Distribution
    half: str
    family: str
    stderr: float = 0.0


class FurtherShapes(settings.Halves):
    """Mixtures, inliers, channels, warped and twisted normals, shared scales: see the page."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per shape of the halves asked for; its facts name the half, the family and the
        standard error of the truth.

        Raises `UsageError` for a pattern in ``only`` that matches none, with the nearest name.
        """
        known = {s.law.name: s for s in shapes() if self.half in ("both", s.half)}
        for glob in self.only:
            if not fnmatch.filter(known, glob):
                raise unknown_name("case in further-shapes.only", glob, known)
        for name, shape in known.items():
            if self.only and not any(fnmatch.fnmatchcase(name, glob) for glob in self.only):
                continue
            law = shape.law
            yield Case(
                id=name,
                data=self._draw(law, seed),
                truth={"mutual_information": law.information},
                facts={
                    "half": shape.half,
                    "family": shape.family,
                    "dx": law.dx,
                    "dy": law.dy,
                    "n": self.n,
                    "truth_stderr": shape.stderr,
                },
                stamp="",
                cluster=shape.family,
            )

    def _draw(self, law: Distribution, seed: int) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            return PairedSamples(*law.sample(stream(seed, "further-shapes", law.name), self.n))

        return draw


def shapes() -> Iterator[Shape]:
    """All shapes, those to tune on first."""
    yield from (Shape(law, "tuning", family) for family, law in _tuning())
    yield from (_known(name, "tuning") for name in TUNING)
    yield Shape(_thrice("cross-0.9"), "tuning", "cross", 3.0 * MEANS["cross-0.9"][1])
    yield from (Shape(law, "judging", family) for family, law in _judging())
    yield from (_known(name, "judging") for name in DENSITIES if name not in TUNING)
    yield Shape(_thrice("cross-0.95"), "judging", "cross", 3.0 * MEANS["cross-0.95"][1])


TUNING = ("cross-0.9", "inliers-1v1", "inliers-4v4", "labels-3v3", "scaled-2v2", "wave-7")


def _tuning() -> Iterator[tuple[str, Distribution]]:
    yield "apart", _apart("apart-4v4", 4, 4)
    yield "rotated", rotated("rotated-4v4", 4, (0.8, 0.3, 0.1, 0.0))
    yield "rotated", rotated("rotated-3v3", 3, (1.2, 0.5, 0.0))
    yield "rotated", rotated("rotated-16v16", 16, (0.5, 0.3, 0.2, 0.1) * 2 + (0.0,) * 8)
    yield "rotated", _warped(rotated("rotated-2v2", 2, (0.9, 0.4)), "warped")
    yield "elliptic", elliptic("elliptic-2v3", 2, 3, 4.0, 0.5)
    yield "elliptic", _warped(elliptic("elliptic-6v6", 6, 6, 3.0, 0.3), "warped")
    yield (
        "twisted",
        rotated("rotated-2v2b", 2, (0.9, 0.5)).mapped("twisted", twist(1.2), twist(0.0)),
    )
    yield (
        "twisted",
        rotated("rotated-4v4b", 4, (0.7, 0.4, 0.0, 0.0)).mapped("twisted", twist(0.8), twist(0.8)),
    )
    yield "sheared", rotated("rotated-3v3b", 3, (0.9, 0.4, 0.1)).mapped("sheared", shear, shear)
    yield "exponential", exponential("log-gamma-exponential-1v1", 1, 1.0)
    yield "ring", ring("ring-2v2", 1, 4.0)


def _judging() -> Iterator[tuple[str, Distribution]]:
    yield "apart", _apart("apart-8v3", 8, 3)
    yield "rotated", rotated("rotated-5v5", 5, (0.6, 0.4, 0.2, 0.1, 0.0))
    yield "rotated", rotated("rotated-30v30", 30, (0.4, 0.3, 0.2) + (0.0,) * 27)
    yield "rotated", _warped(rotated("rotated-8v8", 8, (0.7, 0.2) + (0.0,) * 6), "warped")
    yield "elliptic", elliptic("elliptic-4v4", 4, 4, 1.5, 0.2)
    yield "elliptic", elliptic("elliptic-10v2", 10, 2, 6.0, 0.6)
    yield (
        "twisted",
        rotated("rotated-3v3c", 3, (1.0, 0.6, 0.0)).mapped("twisted", twist(1.0), twist(-0.7)),
    )
    yield (
        "sheared",
        rotated("rotated-5v5c", 5, (0.8, 0.4, 0.2, 0.0, 0.0)).mapped("sheared", shear, shear),
    )
    yield "exponential", exponential("log-gamma-exponential-3v3", 3, 0.7)
    yield "ring", ring("ring-4v4", 2, 3.0)
    yield "helix", coiled()


def _known(name: str, half: str) -> Shape:
    density, (value, error) = DENSITIES[name], MEANS[name]
    x, y = density.sample(np.random.default_rng(0), 1)
    law = Distribution(name, x.shape[1], y.shape[1], value, density.sample)
    return Shape(law, half, name.partition("-")[0], error)


def _thrice(name: str) -> Distribution:
    part = DENSITIES[name]
    assert isinstance(part, Mixture)
    sample = mixtures.Stacked((part,) * 3).sample
    return Distribution(f"{name}-3v3", 3, 3, 3.0 * MEANS[name][0], sample)


def _apart(name: str, dx: int, dy: int) -> Distribution:
    """X with heavy tails and a common scale, Y normal, independent."""

    def sample(rng: np.random.Generator, n: int) -> Pair:
        x = rng.normal(size=(n, dx)) * np.sqrt(3.0 / rng.chisquare(3.0, size=(n, 1)))
        return x, rng.normal(size=(n, dy))

    return Distribution(name, dx, dy, 0.0, sample)


def rotated(name: str, d: int, information: tuple[float, ...]) -> Distribution:
    """d normal pairs with these shares of information, each variable rotated at random (by the
    fixed seed d).
    """
    rho = np.sqrt(-np.expm1(-2.0 * np.array(information)))
    turns = np.random.default_rng(d)
    turn_x, turn_y = gauss.rotation(turns, d), gauss.rotation(turns, d)

    def sample(rng: np.random.Generator, n: int) -> Pair:
        x, noise = rng.normal(size=(2, n, d))
        return x @ turn_x, (rho * x + np.sqrt(1.0 - rho**2) * noise) @ turn_y

    return Distribution(name, d, d, float(sum(information)), sample)


def elliptic(name: str, dx: int, dy: int, dof: float, rho: float) -> Distribution:
    """A Student vector with all correlations of its dispersion rho: the information of the
    dispersion and that of the common scale add up.
    """
    d = dx + dy
    dispersion = (1.0 - rho) * np.eye(d) + rho

    def sample(rng: np.random.Generator, n: int) -> Pair:
        both = gauss.joint(rng, n, dispersion) * np.sqrt(dof / rng.chisquare(dof, size=(n, 1)))
        return both[:, :dx], both[:, dx:]

    value = gauss.mutual_information(dispersion, dx) + truths.student(dof, dx, dy)
    return Distribution(name, dx, dy, value, sample)


def _warped(law: Distribution, prefix: str) -> Distribution:
    """Each coordinate behind an increasing map: logistic, cubic or exponential in turn."""

    def warp(x: Floats) -> Floats:
        maps: tuple[Map, ...] = (lambda t: 1.0 / (1.0 + np.exp(-2.0 * t)), lambda t: t**3, np.sinh)
        return np.column_stack([maps[j % 3](column) for j, column in enumerate(x.T)])

    return law.mapped(prefix, warp, warp)


def twist(speed: float) -> Map:
    """Rotation in the plane of the first two coordinates by ``speed`` times their radius: keeps the
    volume, and is undone by the same with ``-speed``.
    """

    def turn(x: Floats) -> Floats:
        angle = speed * np.hypot(x[:, 0], x[:, 1])
        out = x.copy()
        out[:, 0] = np.cos(angle) * x[:, 0] - np.sin(angle) * x[:, 1]
        out[:, 1] = np.sin(angle) * x[:, 0] + np.cos(angle) * x[:, 1]
        return out

    return turn


def shear(x: Floats) -> Floats:
    """Each coordinate moved by a sine of the one before, which stays: injective, volume kept."""
    out = x.copy()
    out[:, 1:] += np.sin(1.5 * x[:, :-1])
    return out


def helix(u: Floats) -> Floats:
    """A number in [0, 1] ``(n, 1)`` on a helix in space ``(n, 3)``."""
    t = 4.0 * math.pi * u[:, 0]
    return np.column_stack([np.cos(t), np.sin(t), 0.2 * t])


def exponential(name: str, d: int, shape: float) -> Distribution:
    """ln of G ~ Gamma(shape) and ln of an exponential variable of rate G, d times, mixed by a
    triangle of ones: psi(shape + 1) - ln shape for each.
    """
    mix = np.tril(np.ones((d, d)))

    def sample(rng: np.random.Generator, n: int) -> Pair:
        rate = rng.gamma(shape, size=(n, d))
        x, y = np.log(rate), np.log(rng.exponential(size=(n, d)) / rate)
        return x @ mix, y @ mix

    return Distribution(name, d, d, d * (digamma(shape + 1.0) - math.log(shape)), sample)


def ring(name: str, rings: int, kappa: float) -> Distribution:
    """Angles of which one is the other with von Mises noise, as points with radii of their own:
    I = ln 2 pi - h = kappa I1(kappa) / I0(kappa) - ln I0(kappa) for each ring.
    """
    # I1 = (1/pi) times the integral of e^(kappa cos t) cos t over half a circle.
    t = (np.arange(400) + 0.5) * math.pi / 400
    first, zeroth = (np.exp(kappa * np.cos(t)) * np.cos(t)).mean(), np.i0(kappa)
    value = float(kappa * first / zeroth - math.log(zeroth))

    def sample(rng: np.random.Generator, n: int) -> Pair:
        at = rng.uniform(-math.pi, math.pi, size=(n, rings))
        sides = []
        for angle in (at, at + rng.vonmises(0.0, kappa, size=(n, rings))):
            radius = np.exp(0.3 * rng.normal(size=(n, rings)))
            sides.append(np.hstack([radius * np.cos(angle), radius * np.sin(angle)]))
        return sides[0], sides[1]

    return Distribution(name, 2 * rings, 2 * rings, rings * value, sample)


def coiled() -> Distribution:
    """A uniform number on a helix, and the number with uniform noise."""

    def sample(rng: np.random.Generator, n: int) -> Pair:
        x = rng.uniform(size=(n, 1))
        return helix(x), x + rng.uniform(-0.2, 0.2, size=(n, 1))

    return Distribution("helix", 3, 1, truths.additive(0.2), sample)
