"""Pairs whose joint density is known, so that their mutual information is the mean of a logarithm.

Each has ``sample(rng, n)`` and ``log_ratio(x, y)``, the pointwise ln p(x, y) / p(x) p(y) ``(n,)``
in nats, whose expectation is the mutual information.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness import Floats
from harness_vectors import gauss
from harness_vectors.arrays import Pair


def _log_sum(terms: Floats) -> Floats:
    """ln of the sum of e^terms over the first axis."""
    most = terms.max(0)
    return np.asarray(most + np.log(np.exp(terms - most).sum(0)))


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians of x and y together; the first ``dx`` coordinates are x.

    ``parts`` are (weight, mean, covariance).
    """

    dx: int
    parts: tuple[tuple[float, Floats, Floats], ...]

    def sample(self, rng: np.random.Generator, n: int) -> Pair:
        """``x (n, dx)`` and ``y (n, dy)``."""
        shares = [weight for weight, _, _ in self.parts]
        which = rng.choice(len(shares), size=n, p=shares)
        noise = rng.normal(size=(n, len(self.parts[0][1])))
        both = np.empty_like(noise)
        for i, (_, mean, covariance) in enumerate(self.parts):
            rows = which == i
            both[rows] = mean + noise[rows] @ np.linalg.cholesky(covariance).T
        return both[:, : self.dx], both[:, self.dx :]

    def log_ratio(self, x: Floats, y: Floats) -> Floats:
        """ln p(x, y) / p(x) p(y) ``(n,)``."""
        both, d = np.hstack([x, y]), x.shape[1] + y.shape[1]
        x_axes, y_axes = range(self.dx), range(self.dx, d)
        return (
            self._log_density(both, range(d))
            - self._log_density(x, x_axes)
            - self._log_density(y, y_axes)
        )

    def _log_density(self, points: Floats, axes: range) -> Floats:
        cut = slice(axes.start, axes.stop)
        terms = []
        for weight, mean, covariance in self.parts:
            root = np.linalg.cholesky(covariance[cut, cut])
            apart = np.linalg.solve(root, (points - mean[cut]).T)
            volume = np.log(np.diag(root)).sum() + 0.5 * len(axes) * math.log(2.0 * math.pi)
            terms.append(math.log(weight) - 0.5 * (apart**2).sum(0) - volume)
        return _log_sum(np.array(terms))


def inliers(rho: float, share: float, d: int) -> Mixture:
    """d pairs of correlation rho, of which a share of the draws have none: margins are normal."""
    clean = np.eye(2 * d)
    clean[:d, d:] = clean[d:, :d] = rho * np.eye(d)
    zero = np.zeros(2 * d)
    return Mixture(d, ((1.0 - share, zero, clean), (share, zero, np.eye(2 * d))))


def cross(rho: float) -> Mixture:
    """Correlation rho or -rho, each in one half of the draws: uncorrelated and dependent."""
    zero = np.zeros(2)
    return Mixture(
        1,
        tuple((0.5, zero, np.array([[1.0, sign], [sign, 1.0]])) for sign in (rho, -rho)),
    )


def wave(clusters: int, height: float, sigma: float) -> Mixture:
    """Small clusters along a line in x that go up and down in y."""
    centres = np.linspace(-2.0, 2.0, clusters)
    spread = sigma**2 * np.eye(2)
    return Mixture(
        1,
        tuple((1.0 / clusters, np.array([c, height * np.cos(3.0 * c)]), spread) for c in centres),
    )


def labels(d: int, codes: int, flip: float, apart: float) -> Mixture:
    """Clusters of x and of y, of which a channel couples the labels: with probability ``flip`` the
    label of y is any other one.

    Centres are the corners of a simplex (``codes`` at most d), ``apart`` standard deviations off.
    """
    centres = apart * np.eye(d)[:codes]
    wrong = flip / (codes - 1)
    return Mixture(
        d,
        tuple(
            (
                (1.0 - flip if i == j else wrong) / codes,
                np.concatenate([centres[i], centres[j]]),
                np.eye(2 * d),
            )
            for i in range(codes)
            for j in range(codes)
        ),
    )


def rare(share: float, rho: float, d: int) -> Mixture:
    """Independent but for a rare event, which moves both sides and couples them."""
    event = np.eye(2 * d)
    event[:d, d:] = event[d:, :d] = rho * np.eye(d)
    zero = np.zeros(2 * d)
    return Mixture(d, ((1.0 - share, zero, np.eye(2 * d)), (share, zero + 1.5, event)))


@dataclass(frozen=True)
class Scaled:
    """Normal vectors with one scale e^(tau W) in common, W standard normal.

    The density is an integral over W, by the trapezium rule on ``nodes``, whose error is far below
    1e-12 for smooth integrands that vanish at both ends.
    """

    dx: int
    dy: int
    tau: float
    nodes: Floats = field(default_factory=lambda: np.linspace(-9.0, 9.0, 121), repr=False)

    def sample(self, rng: np.random.Generator, n: int) -> Pair:
        """``x (n, dx)`` and ``y (n, dy)``."""
        both = rng.normal(size=(n, self.dx + self.dy))
        both *= np.exp(self.tau * rng.normal(size=(n, 1)))
        return both[:, : self.dx], both[:, self.dx :]

    def log_ratio(self, x: Floats, y: Floats) -> Floats:
        """ln p(x, y) / p(x) p(y) ``(n,)``."""
        in_x, in_y = (x**2).sum(1), (y**2).sum(1)
        return (
            self._log_density(in_x + in_y, self.dx + self.dy)
            - self._log_density(in_x, self.dx)
            - self._log_density(in_y, self.dy)
        )

    def _log_density(self, squares: Floats, d: int) -> Floats:
        """Without the powers of 2 pi, which cancel."""
        logs = self.tau * self.nodes[:, None]
        weight = -0.5 * self.nodes[:, None] ** 2 - 0.5 * math.log(2.0 * math.pi)
        step = math.log(self.nodes[1] - self.nodes[0])
        return _log_sum(weight - 0.5 * squares * np.exp(-2.0 * logs) - d * logs + step)


@dataclass(frozen=True)
class Stacked:
    """Independent pairs side by side, each variable rotated at random (by a fixed seed)."""

    parts: Sequence[Mixture]

    def sample(self, rng: np.random.Generator, n: int) -> Pair:
        """``x (n, dx)`` and ``y (n, dy)``."""
        sides = zip(*(part.sample(rng, n) for part in self.parts), strict=True)
        x, y = (np.hstack(side) for side in sides)
        turns = np.random.default_rng(0)
        return x @ gauss.rotation(turns, x.shape[1]), y @ gauss.rotation(turns, y.shape[1])
