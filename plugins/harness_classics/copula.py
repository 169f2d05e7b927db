"""Copulas: dependence that no increasing map of a coordinate changes, in nats.

Each coordinate is replaced by its ranks, and those by quantiles. A Gaussian copula has the
information of the correlations R of the normal scores. A Student copula adds that of a scale which
all coordinates share::

    I = 1/2 ln(det Rx det Ry / det R) + f(v) + f(v + dx + dy) - f(v + dx) - f(v + dy)
    f(a) = ln Gamma(a/2) - (a/2) psi(a/2)

Arellano-Valle, Contreras-Reyes, Genton, Scand. J. Stat. 40 (2013); the copula is that of Demarta,
McNeil, Int. Stat. Rev. 73 (2005), fitted by its likelihood at the ranks (Genest, Ghoudi, Rivest,
Biometrika 82, 1995).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, PairedSamples
from harness_classics import gaussian, prepare, settings, ties
from harness_classics.prepare import Diagnostics
from harness_classics.special import digamma
from harness_classics.uncertainty import measured, with_error

LEAST, MOST = 0.5, 1000.0
"""Degrees of freedom that are looked at; the largest is a Gaussian copula to all purposes."""
ROUNDS = 16
"""Steps of the golden section, which find ln v to 0.004."""
SWEEPS, STILL = 60, 1e-5
"""Greatest number of steps of the fixed point for R, and the change at which it ends."""


@dataclass(frozen=True)
class Ranked:
    """Ranks of the columns that vary: ``x (n, dx)`` and ``y (n, dy)``, as numbers i of which the
    share below is i / 2n; and notes.
    """

    x: Ints
    y: Ints
    notes: Diagnostics

    @classmethod
    def of(cls, pair: PairedSamples) -> Ranked:
        """Values that repeat have the mean of their ranks.

        Raises
        ------
        Incompatible : a variable that is declared to be discrete or mixed, or of which more than
            half of the points repeat; as many dimensions as samples.
        DataError : a constant variable.
        """
        prepare.refuse_codes(pair, "xy", prepare.advice(pair))
        sides, constant = [], 0
        for side in "xy":
            where = f"PairedSamples.{side}"
            scaled, left_out = prepare.standardized(getattr(pair, side), where)
            prepare.refuse_ties(np.zeros(pair.n, bool), ties.repeated(scaled), where)
            sides.append(np.column_stack([_twice_ranks(column) for column in scaled.T]))
            constant += left_out
        d = sides[0].shape[1] + sides[1].shape[1]
        if pair.n <= d + 1:
            raise Incompatible(
                f"PairedSamples: {pair.n} samples of {d} dimensions have singular correlations; "
                f"wants more than {d + 1}"
            )
        return cls(sides[0], sides[1], {"constant_columns": constant} if constant else {})

    def student(self) -> Student:
        """The likeliest Student copula of both. Raises `Incompatible` where it is singular."""
        both = np.hstack([self.x, self.y])
        prepare.require_density(normal_scores(both), "PairedSamples.x and y")
        return Student.of(both)


def _twice_ranks(column: Floats) -> Ints:
    """2 r - 1 for the rank r = 1 .. n, or the mean of the ranks where values repeat."""
    _, place, sizes = np.unique(column, return_inverse=True, return_counts=True)
    return np.asarray((2 * np.cumsum(sizes) - sizes)[place])


@functools.lru_cache(maxsize=16)
def _normal_quantiles(n: int) -> Floats:
    """Quantiles at i / 2n for i = 1 .. 2n - 1."""
    law = NormalDist()
    half = np.array([law.inv_cdf(0.5 * i / n) for i in range(1, n)])
    return np.concatenate([half, [0.0], -half[::-1]])


def normal_scores(ranks: Ints) -> Floats:
    """Standard normal quantiles ``(n, d)`` of `Ranked` columns."""
    return _normal_quantiles(len(ranks))[ranks - 1]


def _student_quantiles(n: int, dof: float) -> Floats:
    """Quantiles at i / 2n for i = 1 .. 2n - 1, to a relative 2e-4 in the farthest tail.

    With t = sinh s the density falls exponentially whatever the degrees of freedom, so that the
    trapezium rule is accurate, and it is summed from the tail, where the shares are small.
    """
    s = np.linspace(-40.0 / min(dof, 4.0) - 4.0, 0.0, 4_001)
    power = 0.5 * (dof + 1.0)
    squares = np.sinh(s) ** 2 / dof
    heights = np.cosh(s) * np.exp(-power * np.log1p(squares))
    below = np.concatenate([[0.0], np.cumsum(0.5 * (heights[1:] + heights[:-1]))])
    below *= 0.5 / below[-1]
    half = np.sinh(np.interp(0.5 * np.arange(1, n) / n, below, s))
    return np.concatenate([half, [0.0], -half[::-1]])


def scale_information(dof: float, dx: int, dy: int) -> float:
    """I of the two parts of a Student vector with identity dispersion."""

    def f(a: float) -> float:
        return math.lgamma(0.5 * a) - 0.5 * a * digamma(0.5 * a)

    return f(dof) + f(dof + dx + dy) - f(dof + dx) - f(dof + dy)


class GaussianCopula(settings.Copula):
    """Mutual information of ``x (n, dx)`` and ``y (n, dy)`` if their copula is Gaussian."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I in nats, with pointwise values and a standard error.

        Raises as `Ranked.of`, and `Incompatible` where the correlations are singular.
        """
        return measured(self.stderr, data.evaluated(), self._information)

    def _information(self, pair: PairedSamples) -> tuple[Floats, Diagnostics]:
        ranked = Ranked.of(pair)
        x, y = normal_scores(ranked.x), normal_scores(ranked.y)
        return gaussian.pointwise(x, y, self.correct), ranked.notes


@dataclass(frozen=True)
class Student:
    """A fitted Student copula: its dispersion ``(d, d)`` with ones on the diagonal, its degrees of
    freedom, and its mean log-likelihood.
    """

    dispersion: Floats
    dof: float
    likelihood: float

    @classmethod
    def of(cls, ranks: Ints) -> Student:
        """The likeliest one for the ranks ``(n, d)``: a golden section over ln v, R at each."""
        golden = 0.5 * (math.sqrt(5.0) - 1.0)
        low, high = math.log(LEAST), math.log(MOST)
        start: Floats = np.asarray(np.corrcoef(normal_scores(ranks), rowvar=False))
        inner = [high - golden * (high - low), low + golden * (high - low)]
        found = [cls._at(ranks, math.exp(at), start) for at in inner]
        for _ in range(ROUNDS):
            if found[0].likelihood > found[1].likelihood:
                high = inner[1]
                inner = [high - golden * (high - low), inner[0]]
                found = [cls._at(ranks, math.exp(inner[0]), found[0].dispersion), found[0]]
            else:
                low = inner[0]
                inner = [inner[1], low + golden * (high - low)]
                found = [found[1], cls._at(ranks, math.exp(inner[1]), found[1].dispersion)]
        return max(found, key=lambda each: each.likelihood)

    @classmethod
    def _at(cls, ranks: Ints, dof: float, start: Floats) -> Student:
        """With these degrees of freedom; R by the fixed point of Maronna's equation."""
        n, d = ranks.shape
        scores = _student_quantiles(n, dof)[ranks - 1]
        dispersion = start
        for _ in range(SWEEPS):
            weights = (dof + d) / (dof + _squares(scores, dispersion))
            moments = (scores * weights[:, None]).T @ scores
            scale = np.sqrt(np.diag(moments))
            before, dispersion = dispersion, moments / np.outer(scale, scale)
            if np.abs(dispersion - before).max() < STILL:
                break
        power = 0.5 * (dof + d)
        joint = -power * np.log1p(_squares(scores, dispersion) / dof).mean()
        joint -= 0.5 * np.linalg.slogdet(dispersion)[1]
        margins = -0.5 * (dof + 1.0) * np.log1p(scores**2 / dof).mean(0).sum()
        level = math.lgamma(power) + (d - 1) * math.lgamma(0.5 * dof)
        level -= d * math.lgamma(0.5 * (dof + 1.0))
        return cls(dispersion, dof, float(level + joint - margins))

    def information(self, dx: int, n: int = 0) -> float:
        """I of the first dx coordinates and the others; with n, less the bias dx dy / 2n of the
        dispersion, which is larger by (v + d + 2) / (v + d) in heavy tails.
        """
        d = len(self.dispersion)
        x, y, both = (np.linalg.slogdet(s)[1] for s in (*self._sides(dx), self.dispersion))
        bias = dx * (d - dx) / (2.0 * n) if n else 0.0
        bias *= (self.dof + d + 2.0) / (self.dof + d)
        return float(0.5 * (x + y - both) - bias) + scale_information(self.dof, dx, d - dx)

    def without_excess(self, dx: int, n: int) -> Student:
        """The copula that has what ``information(dx, n)`` says, or no correlation between the sides
        where that is less than its scale gives.

        A fit to n points finds correlations by chance along all canonical directions, and draws
        from it would show them. So the squares of all canonical correlations are lowered by one
        amount, down to zero, which takes most from those that are nothing else.
        """
        roots = [np.linalg.cholesky(part) for part in self._sides(dx)]
        inner = np.linalg.solve(roots[0], self.dispersion[:dx, dx:])
        inner = np.linalg.solve(roots[1], inner.T).T
        turn_x, found, turn_y = np.linalg.svd(inner, full_matrices=False)
        wanted = self.information(dx, n) - scale_information(
            self.dof, dx, len(self.dispersion) - dx
        )
        low, high = 0.0, float(found[0] ** 2)
        for _ in range(50):
            middle = 0.5 * (low + high)
            kept = np.maximum(found**2 - middle, 0.0)
            above = -0.5 * np.log1p(-kept).sum() > wanted
            low, high = (middle, high) if above else (low, middle)
        kept = np.sqrt(np.maximum(found**2 - high, 0.0))
        between = roots[0] @ (turn_x * kept) @ turn_y @ roots[1].T
        dispersion = self.dispersion.copy()
        dispersion[:dx, dx:], dispersion[dx:, :dx] = between, between.T
        return dataclasses.replace(self, dispersion=dispersion)

    def _sides(self, dx: int) -> tuple[Floats, Floats]:
        return self.dispersion[:dx, :dx], self.dispersion[dx:, dx:]

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """n draws ``(n, d)``; their margins are those of Student's t."""
        d = len(self.dispersion)
        scales = np.sqrt(self.dof / rng.chisquare(self.dof, size=(n, 1)))
        return np.asarray(rng.normal(size=(n, d)) @ np.linalg.cholesky(self.dispersion).T * scales)


def _squares(scores: Floats, dispersion: Floats) -> Floats:
    """z' R^-1 z of each row ``(n,)``."""
    return np.asarray(((scores @ np.linalg.inv(dispersion)) * scores).sum(1))


class StudentCopula(settings.Copula):
    """Mutual information of ``x (n, dx)`` and ``y (n, dy)`` if their copula is Student's."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator | None = None) -> Estimate:
        """I in nats, with a standard error; the diagnostics have the degrees of freedom.

        Raises as `Ranked.of`, and `Incompatible` where the correlations are singular.
        """
        return with_error(self.stderr, data.evaluated(), self._information)

    def _information(self, pair: PairedSamples) -> tuple[float, Diagnostics]:
        ranked = Ranked.of(pair)
        fitted = ranked.student()
        value = fitted.information(ranked.x.shape[1], pair.n if self.correct else 0)
        return value, ranked.notes | {"degrees_of_freedom": fitted.dof}
