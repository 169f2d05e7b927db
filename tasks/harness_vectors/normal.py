"""The 40 distributions of Beyond Normal under their own names, with exact mutual information."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_vectors import gauss, transforms, truths
from harness_vectors.arrays import Pair, Sampler
from harness_vectors.special import normal_cdf
from harness_vectors.transforms import Map

RHO = 0.75
"""Correlation of the tasks in one dimension."""


@dataclass(frozen=True)
class Distribution:
    """A joint distribution: how to draw n pairs from it, and its mutual information in nats."""

    name: str
    dx: int
    dy: int
    information: float
    sample: Sampler

    def mapped(self, prefix: str, map_x: Map, map_y: Map, dx: int = 0) -> Distribution:
        """The same information behind an injective map of each side."""

        def sample(rng: np.random.Generator, n: int) -> Pair:
            x, y = self.sample(rng, n)
            return map_x(x), map_y(y)

        return Distribution(
            f"{prefix}-{self.name}", dx or self.dx, self.dy, self.information, sample
        )


def distributions() -> Iterator[Distribution]:
    """All 40, in the benchmark's order."""
    yield from _one_dimensional()
    yield from (
        _gaussian(f"multinormal-dense-{d}-{d}-0.5", d, _dense(d)) for d in (2, 3, 5, 25, 50)
    )
    yield from (_two_pairs(d) for d in (2, 3, 5, 25))
    yield from (_student(d, dof) for d, dof in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3)))
    bases = [_two_pairs(d) for d in (3, 5, 25)]
    uniforms = [base.mapped("normal_cdf", normal_cdf, normal_cdf) for base in bases]
    spirals = transforms.spiral(0), transforms.spiral(1)
    yield from uniforms
    yield from (
        base.mapped("half_cube", transforms.half_cube, transforms.half_cube) for base in bases
    )
    yield from (base.mapped("spiral", *spirals) for base in bases)
    yield from (base.mapped("spiral", *spirals) for base in uniforms)
    yield from (
        _student(d, dof).mapped("asinh", np.arcsinh, np.arcsinh)
        for d, dof in ((2, 1), (3, 2), (5, 2))
    )


def _one_dimensional() -> Iterator[Distribution]:
    normal = _gaussian(f"1v1-normal-{RHO}", 1, np.array([[1.0, RHO], [RHO, 1.0]]))
    uniform = normal.mapped("normal_cdf", normal_cdf, normal_cdf)
    humps = (
        transforms.chain(normal_cdf, transforms.two_humps((0.3, 0.7), (0.0, 5.0))),
        transforms.chain(normal_cdf, transforms.two_humps((0.5, 0.5), (-1.0, 3.0))),
    )
    student = _student(1, 1)
    yield normal
    yield uniform
    yield from (_additive(epsilon) for epsilon in (0.1, 0.75))
    yield Distribution(
        f"1v1-bimodal-{RHO}", 1, 1, normal.information, normal.mapped("", *humps).sample
    )
    yield normal.mapped("wiggly", transforms.wiggly_x, transforms.wiggly_y)
    yield normal.mapped("half_cube", transforms.half_cube, transforms.half_cube)
    yield student
    yield student.mapped("asinh", np.arcsinh, np.arcsinh)
    yield uniform.mapped("swissroll_x", transforms.swiss_roll, lambda y: y, dx=2)


def _gaussian(name: str, d: int, covariance: Floats) -> Distribution:
    def sample(rng: np.random.Generator, n: int) -> Pair:
        both = gauss.joint(rng, n, covariance)
        return both[:, :d], both[:, d:]

    return Distribution(name, d, d, gauss.mutual_information(covariance, d), sample)


def _dense(d: int) -> Floats:
    """All correlations one half."""
    return 0.5 * (np.eye(2 * d) + 1.0)


def _two_pairs(d: int) -> Distribution:
    """The first two coordinates of each side are paired, through a common cause of strength 2
    against noise 1.

    The correlation of a pair is 2^2 / (2^2 + 1) = 0.8, of all else 0; variances are 1.
    """
    covariance = np.eye(2 * d)
    for i in range(2):
        covariance[i, d + i] = covariance[d + i, i] = 0.8
    return _gaussian(f"multinormal-sparse-{d}-{d}-2-2.0", d, covariance)


def _student(d: int, dof: int) -> Distribution:
    """Independent but for the common scale of a multivariate Student-t."""

    def sample(rng: np.random.Generator, n: int) -> Pair:
        both = rng.normal(size=(n, 2 * d)) * np.sqrt(dof / rng.chisquare(dof, size=(n, 1)))
        return both[:, :d], both[:, d:]

    return Distribution(f"student-identity-{d}-{d}-{dof}", d, d, truths.student(dof, d, d), sample)


def _additive(epsilon: float) -> Distribution:
    def sample(rng: np.random.Generator, n: int) -> Pair:
        x = rng.uniform(size=(n, 1))
        return x, x + rng.uniform(-epsilon, epsilon, size=(n, 1))

    return Distribution(f"1v1-additive-{epsilon}", 1, 1, truths.additive(epsilon), sample)
