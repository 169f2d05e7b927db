"""How large stimuli look: paths of stimuli, choices between differences, perceptual scales."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Literal, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.fields import array, strings

Family = Literal["", "frequency", "bandwidth", "orientation", "spread"]
REACH = 3
"""Steps between two neighbours of a triplet, at most, in the usual design."""


def near_triplets(steps: int, reach: int = REACH) -> Ints:
    """All triplets i < j < k with gaps of 1 to ``reach`` steps ``(n, 3)``, in order."""
    gaps = range(1, reach + 1)
    found = [(i, i + a, i + a + b) for i in range(steps) for a in gaps for b in gaps]
    return np.array([t for t in found if t[2] < steps], np.int64).reshape(-1, 3)


def _check_increasing(s: Floats, where: str) -> None:
    if (np.diff(s) <= 0).any():
        row = int(np.argmax(np.diff(s) <= 0)) + 1
        raise DataError(where, "a value that is not above the one before", "increasing values", row)


def _check_answers(
    kind: str, triplets: Ints | None, chosen: Ints | None, trials: Ints | None, steps: int
) -> None:
    """Refuse choices that cannot be: they are of all three kinds, which hold them alike."""
    given = [values is not None for values in (triplets, chosen, trials)]
    if triplets is None or chosen is None or trials is None:
        if any(given):
            raise DataError(kind, "triplets, chosen, trials in part", "all three, or none of them")
        return
    bad = (np.diff(triplets, axis=1) <= 0).any(1)
    if bad.any():
        row = int(np.argmax(bad))
        found = str(tuple(triplets[row].tolist()))
        raise DataError(f"{kind}.triplets", found, "i < j < k in each triplet", row)
    bad = (triplets < 0).any(1) | (triplets >= steps).any(1)
    if bad.any():
        row = int(np.argmax(bad))
        found = str(tuple(triplets[row].tolist()))
        raise DataError(f"{kind}.triplets", found, f"steps from 0 to {steps - 1}", row)
    bad = (trials < 1) | (chosen < 0) | (chosen > trials)
    if bad.any():
        row = int(np.argmax(bad))
        found = f"{chosen[row]} of {trials[row]} trials"
        raise DataError(f"{kind}.chosen", found, "from 0 to the number of trials, at least 1", row)


class StimulusPath(Kind):
    """A path of n stimuli, each known by the law of what is measured of it.

    Attributes
    ----------
    s (n,)                    physical parameter, increasing
    mean, cov (n, d[, d])     of a Gaussian law of d features
    spectrum (n, rows, cols)  of a Gaussian field on a torus: the variance of each coefficient
                              of the orthonormal discrete Fourier transform
    level (n,)                mean of the field
    ends (2, height, width)   grey pictures at the first and the last step
    family                    which parameter of Gaussian textures ``s`` is: mode of the spatial
                              ``frequency``, its ``bandwidth`` (octaves), ``orientation`` or its
                              ``spread`` (both in radians)
    octaves, radians          bandwidth and spread, where they stay the same along the path
    reference (n,)            the scale that predictions are compared with
    triplets (answers, 3), chosen, trials (answers,)    choices of people, as in `DifferenceScaling`
    """

    min_n: ClassVar[int] = 2
    whole: ClassVar[tuple[str, ...]] = ("answers",)

    s: Floats = array("n")
    mean: Floats | None = array("n d", default=None)
    cov: Floats | None = array("n d d", default=None)
    spectrum: Floats | None = array("n rows columns", default=None)
    level: Floats | None = array("n", default=None)
    ends: Floats | None = array("2 height width", default=None)
    reference: Floats | None = array("n", default=None)
    triplets: Ints | None = array("answers 3", np.int64, default=None)
    chosen: Ints | None = array("answers", np.int64, default=None)
    trials: Ints | None = array("answers", np.int64, default=None)
    family: Family = ""
    octaves: float | None = None
    radians: float | None = None

    def check(self) -> None:
        """Refuse steps that do not increase, covariances and spectra that cannot be."""
        _check_increasing(self.s, "StimulusPath.s")
        if self.cov is not None:
            for row, cov in enumerate(self.cov):
                size = np.abs(cov).max()
                if np.abs(cov - cov.T).max() > 1e-9 * size:
                    raise DataError("StimulusPath.cov", "an asymmetric matrix", "symmetry", row)
                if np.linalg.eigvalsh(cov)[0] < -1e-9 * size:
                    found = "a negative eigenvalue"
                    raise DataError("StimulusPath.cov", found, "a covariance", row)
        if self.spectrum is not None and (self.spectrum < 0).any():
            row = int(np.argwhere(self.spectrum < 0)[0][0])
            raise DataError("StimulusPath.spectrum", "negative power", "power from 0 up", row)
        if self.family in ("frequency", "bandwidth", "spread") and self.s[0] <= 0:
            raise DataError("StimulusPath.s", f"{self.s[0]:g}", f"a {self.family} above 0", 0)
        _check_answers("StimulusPath", self.triplets, self.chosen, self.trials, self.n)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Spatial frequencies, described in every way at once."""
        s = np.linspace(1.0, 4.0, n)
        turn = rng.normal(size=(3, 3))
        cov = s[:, None, None] ** np.array([0.5, 1.0, 1.5]) * np.eye(3) + turn @ turn.T
        rows = np.minimum(np.arange(8), 8 - np.arange(8))
        distance = np.hypot(*np.meshgrid(rows, rows))
        spectrum = 0.1 + np.exp(-0.5 * (distance - s[:, None, None]) ** 2)
        ends = rng.normal(size=(2, 16, 16)) * np.array([1.0, 2.0])[:, None, None]
        x = np.linspace(0.0, 1.0, n)
        return cls(
            s=s, mean=s[:, None] * [1.0, 0.5, 0.0], cov=cov, spectrum=spectrum, level=0.1 * s,
            ends=ends, reference=x**0.7, family="frequency", octaves=1.1, radians=0.09,
        )  # fmt: skip

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Without choices, and with them."""
        plain = cls.example(rng, n)
        yield plain
        x = np.linspace(0.0, 1.0, n)
        triplets, chosen, trials = _answers(rng, x**0.7)
        yield dataclasses.replace(plain, triplets=triplets, chosen=chosen, trials=trials)


class Scale(Kind):
    """A perceptual scale: how large each of n stimuli looks, from 0 (the first) to 1 (the last).

    Attributes
    ----------
    s (n,)           physical parameter, increasing
    psi (n,)         the scale, from 0 to 1, not decreasing
    stderr (n,)      its standard error, where the method gives one
    reference (n,)   the scale that it is compared with: measured, or true
    triplets (answers, 3), chosen, trials (answers,)   choices on the same stimuli
    length           integral of the root of the Fisher information along the path
    noise            standard deviation of the noise on a difference of differences, scale units
    """

    min_n: ClassVar[int] = 2
    whole: ClassVar[tuple[str, ...]] = ("answers",)

    s: Floats = array("n")
    psi: Floats = array("n")
    stderr: Floats | None = array("n", default=None)
    reference: Floats | None = array("n", default=None)
    triplets: Ints | None = array("answers 3", np.int64, default=None)
    chosen: Ints | None = array("answers", np.int64, default=None)
    trials: Ints | None = array("answers", np.int64, default=None)
    length: float | None = None
    noise: float | None = None

    def check(self) -> None:
        """Refuse scales that do not run from 0 to 1, or that decrease."""
        _check_increasing(self.s, "Scale.s")
        if abs(self.psi[0]) > 1e-9 or abs(self.psi[-1] - 1.0) > 1e-9:
            found = f"{self.psi[0]:g} to {self.psi[-1]:g}"
            raise DataError("Scale.psi", found, "a scale normalized to run from 0 to 1")
        falls = np.diff(self.psi) < -1e-9
        if falls.any():
            row = int(np.argmax(falls)) + 1
            raise DataError("Scale.psi", "a scale that decreases", "one that does not", row)
        _check_answers("Scale", self.triplets, self.chosen, self.trials, self.n)

    @property
    def x(self) -> Floats:
        """The physical parameter, moved and scaled to run from 0 to 1 ``(n,)``."""
        x: Floats = (self.s - self.s[0]) / (self.s[-1] - self.s[0])
        return x

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """A root, with choices that were made by one a little different."""
        x = np.linspace(0.0, 1.0, n)
        triplets, chosen, trials = _answers(rng, x**0.7)
        return cls(
            s=1.0 + 4.0 * x, psi=np.sqrt(x), stderr=np.full(n, 0.02), reference=x**0.7,
            triplets=triplets, chosen=chosen, trials=trials, length=5.0, noise=0.1,
        )  # fmt: skip

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """A straight line, with itself as reference."""
        yield "a straight line", dataclasses.replace(self, psi=self.x, reference=self.x)


class DifferenceScaling(Kind):
    """Choices between differences: in triplet (i, j, k), is (j, k) more alike than (i, j)?

    Attributes
    ----------
    triplets (n, 3)      steps i < j < k, from 0 up
    chosen, trials (n,)  how often (j, k) was chosen, of how many times
    steps                number of stimuli
    observers (n,)       who chose, where known
    reference (levels,)  the scale that fits are compared with: the observer's own
    predicted (predictions, levels), predictions (predictions,)   predicted scales and their names
    """

    whole: ClassVar[tuple[str, ...]] = ("levels", "predictions")

    triplets: Ints = array("n 3", np.int64)
    chosen: Ints = array("n", np.int64)
    trials: Ints = array("n", np.int64)
    steps: int
    observers: Ints | None = array("n", np.int64, default=None)
    reference: Floats | None = array("levels", default=None)
    predicted: Floats | None = array("predictions levels", default=None)
    predictions: tuple[str, ...] | None = strings("predictions", default=None)

    def check(self) -> None:
        """Refuse choices that cannot be, and predictions of other lengths or without names."""
        if self.steps < 3:
            raise DataError("DifferenceScaling.steps", f"{self.steps}", "at least 3")
        _check_answers("DifferenceScaling", self.triplets, self.chosen, self.trials, self.steps)
        for name in ("reference", "predicted"):
            values = getattr(self, name)
            if values is not None and values.shape[-1] != self.steps:
                found = f"{values.shape[-1]} steps"
                raise DataError(f"DifferenceScaling.{name}", found, f"{self.steps}, as in steps")
        if (self.predicted is None) != (self.predictions is None):
            found = "predicted scales without names, or names alone"
            raise DataError("DifferenceScaling.predictions", found, "a name for each prediction")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Choices of an observer whose scale is a root, with two predictions."""
        steps = 3
        while len(near_triplets(steps)) < n:
            steps += 1
        x = np.linspace(0.0, 1.0, steps)
        triplets, chosen, trials = _answers(rng, np.sqrt(x))
        rows = np.linspace(0, len(triplets) - 1, n).astype(int)
        return cls(
            triplets[rows], chosen[rows], trials[rows], steps, np.arange(n) % 3, np.sqrt(x),
            np.array([np.sqrt(x), x]), ("root", "straight-line"),
        )  # fmt: skip

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """Everybody always gives the same answer."""
        yield "all answers alike", dataclasses.replace(self, chosen=self.trials)


def _answers(rng: np.random.Generator, psi: Floats) -> tuple[Ints, Ints, Ints]:
    """Choices ``(n, 3)``, ``(n,)``, ``(n,)`` by an observer with a scale, 20 times each."""
    triplets = near_triplets(len(psi))
    first, middle, last = psi[triplets].T
    trials = np.full(len(triplets), 20)
    noise = rng.normal(scale=2.0 / len(psi), size=(len(triplets), 20))
    chosen = ((last - 2.0 * middle + first)[:, None] + noise < 0).sum(1)
    return triplets, chosen.astype(np.int64), trials
