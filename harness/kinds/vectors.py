"""Vector-valued samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import as_column, classes_first, on_grid, parts, shuffled_labels
from harness.kinds.fields import added, array, class_codes, exact_integers

VARIABLES = ("continuous", "discrete", "mixed")
CODES, FLIP, CORRELATION, SPREAD = 4, 0.1, 0.9, 10.0
"""Of the draws of known information: codes and error of a symmetric channel, Gaussians."""


class Samples(Kind):
    """n independent draws of one variable: ``x (n, d)``."""

    min_n: ClassVar[int] = 2
    coordinates: ClassVar[tuple[str, ...]] = ("x",)

    x: Floats = array("n d")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Standard normal vectors."""
        return cls(on_grid(rng.normal(size=(n, 2))))

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Normal vectors, and integer codes."""
        yield cls.example(rng, n)
        yield cls(as_column(rng.integers(CODES, size=n)))

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """A Gaussian of standard deviation s, ln(2 pi e s^2) / 2, codes, and two Gaussians."""
        truth = math.log(2 * math.pi * math.e * SPREAD**2) / 2
        yield "entropy", truth, cls(SPREAD * rng.normal(size=(n, 1)))
        yield "entropy", math.log(CODES), cls(as_column(rng.integers(CODES, size=n)))
        yield "entropy", 2 * truth, cls(SPREAD * rng.normal(size=(n, 2)))


class PairedSamples(Kind):
    """n joint draws of two variables: ``x (n, dx)``, ``y (n, dy)``.

    ``x_kind`` and ``y_kind`` say whether a variable is continuous, discrete (integer codes) or
    mixed (a continuous part and atoms). Where y is the output of a channel whose noise is known,
    ``signal (n, dy)`` is what y is without its noise, a function of x, and ``noise`` the standard
    deviation of the Gaussian noise, the same in every coordinate; else None and 0.
    """

    min_n: ClassVar[int] = 2
    coordinates: ClassVar[tuple[str, ...]] = ("x", "y")

    x: Floats = array("n dx")
    y: Floats = array("n dy")
    x_kind: str = "continuous"
    y_kind: str = "continuous"
    signal: Floats | None = array("n dy", default=None, late=True)
    noise: float = added(default=0.0)

    def check(self) -> None:
        """Refuse unknown kinds of variable, what cannot be codes where codes are promised, and a
        signal without noise or the reverse.
        """
        check_variables(self, "xy")
        if (self.signal is not None) != (self.noise > 0) or self.noise < 0:
            there = "no signal" if self.signal is None else "a signal"
            raise DataError(
                "PairedSamples.noise",
                f"{self.noise:g} with {there}",
                "a standard deviation above 0 with a signal, or neither",
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Correlated normal vectors."""
        x = rng.normal(size=(n, 2))
        return cls(on_grid(x), on_grid(0.8 * x + 0.6 * rng.normal(size=(n, 2))))

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Continuous pairs, codes through a noisy channel, vectors about the mean of a code, and
        outputs of a channel with what they are without noise.
        """
        yield cls.example(rng, n)
        x, y = _channel(rng, n, flip=2 * FLIP)
        yield cls(as_column(x), as_column(y), "discrete", "discrete")
        code = as_column(rng.integers(3, size=n))
        yield cls(on_grid(code + rng.normal(size=(n, 1))), code, y_kind="discrete")
        signal = on_grid(rng.normal(size=(n, 2)))
        outputs = on_grid(signal + 0.5 * rng.normal(size=(n, 2)))
        yield cls(signal, outputs, signal=signal, noise=0.5)

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """A Gaussian pair of correlation r, -ln(1 - r^2) / 2, a symmetric channel of codes, two
        Gaussian pairs, and both without dependence."""
        name = "mutual_information"
        yield name, _gaussian_information(), cls(*_correlated(rng, n))
        x, y = map(as_column, _channel(rng, n))
        yield name, _channel_information(), cls(x, y, "discrete", "discrete")
        yield name, 2 * _gaussian_information(), cls(*_correlated(rng, n, 2))
        yield name, 0.0, cls(*rng.normal(size=(2, n, 1)))
        x, y = map(as_column, rng.integers(CODES, size=(2, n)))
        yield name, 0.0, cls(x, y, "discrete", "discrete")


class ConditionedSamples(Kind):
    """n joint draws of two variables and what they are conditioned on.

    ``x (n, dx)``, ``y (n, dy)``, ``z (n, dz)``; ``x_kind``, ``y_kind`` and ``z_kind`` as in
    `PairedSamples`.
    """

    min_n: ClassVar[int] = 2
    coordinates: ClassVar[tuple[str, ...]] = ("x", "y", "z")

    x: Floats = array("n dx")
    y: Floats = array("n dy")
    z: Floats = array("n dz")
    x_kind: str = added(default="continuous")
    y_kind: str = added(default="continuous")
    z_kind: str = added(default="continuous")

    def check(self) -> None:
        """Refuse unknown kinds of variable, and what cannot be codes where codes are promised."""
        check_variables(self, "xyz")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Two correlated numbers, both with a third added."""
        z, x, y = rng.normal(size=(3, n, 1))
        return cls(on_grid(z + x), on_grid(z + 0.8 * x + 0.6 * y), on_grid(z))

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Continuous triples, codes, and a continuous x with codes for the other two."""
        yield cls.example(rng, n)
        x, y, z = _shifted_channel(rng, n, 2 * FLIP)
        yield cls(x, y, z, "discrete", "discrete", "discrete")
        y, z = (as_column(rng.integers(3, size=n)) for _ in range(2))
        x = on_grid(y + z + rng.normal(size=(n, 1)))
        yield cls(x, y, z, y_kind="discrete", z_kind="discrete")

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """The pairs of known information, with something common added, which is conditioned on."""
        name = "conditional_mutual_information"
        (x, y), z = _correlated(rng, n), rng.normal(size=(n, 1))
        yield name, _gaussian_information(), cls(x + z, y + z, z)
        x, y, z = _shifted_channel(rng, n, FLIP)
        codes = cls(x, y, z, "discrete", "discrete", "discrete")
        yield name, _channel_information(), codes
        (x, y), z = _correlated(rng, n, 2), rng.normal(size=(n, 1))
        yield name, 2 * _gaussian_information(), cls(x + z, y + z, z)
        x, y, z = rng.normal(size=(3, n, 1))
        yield name, 0.0, cls(x + z, y + z, z)
        x, y, z = map(as_column, rng.integers(CODES, size=(3, n)))
        yield name, 0.0, cls(x, y, z, "discrete", "discrete", "discrete")


class LabelledSamples(Kind):
    """n vectors with a class each: ``x (n, d)``, ``y (n,)``, whole numbers from 0 up.

    Labels are names: only which of them are equal means anything, and numbers may be left out.
    """

    judged = ("y",)

    min_n: ClassVar[int] = 2
    coordinates: ClassVar[tuple[str, ...]] = ("x",)

    x: Floats = array("n d")
    y: Ints = array("n", np.int64)

    @property
    def classes(self) -> Ints:
        """The labels that occur, ascending."""
        return class_codes(self.y)[0]

    @property
    def codes(self) -> Ints:
        """The class of each unit as a position in `classes`."""
        return class_codes(self.y)[1]

    @property
    def n_classes(self) -> int:
        """Number of classes that occur."""
        return len(self.classes)

    def check(self) -> None:
        """Refuse negative labels, a single class, and a training part that lacks a class."""
        if self.y.min() < 0:
            raise DataError(
                "LabelledSamples.y",
                f"label {self.y.min()}",
                "labels from 0 up",
                int(self.y.argmin()),
            )
        if (self.y == self.y[0]).all():
            raise DataError(
                "LabelledSamples.y", f"the one class {self.y[0]}", "at least two classes"
            )
        if self.split is not None:
            unseen = np.setdiff1d(self.y, self.y[self.split.train])
            if unseen.size:
                raise DataError(
                    "LabelledSamples.split",
                    f"class {unseen[0]} absent from the training part",
                    "every class in it",
                )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Three normal clouds."""
        y = shuffled_labels(rng, n)
        return cls(on_grid(rng.normal(size=(n, 2)) + 2.0 * y[:, None]), y)

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """Uniform numbers on [y, y + 2) with m labels: ln m - (m - 1)/m ln 2; the same beside a
        number that says nothing, and that number alone."""
        y = rng.integers(CODES, size=n)
        truth = math.log(CODES) - (CODES - 1) / CODES * math.log(2)
        x, other = y[:, None] + 2 * rng.random((n, 1)), rng.random((n, 1))
        yield "mutual_information", truth, cls(x, y)
        yield "mutual_information", truth, cls(np.hstack([x, other]), y)
        yield "mutual_information", 0.0, cls(other, y)

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """Labels with gaps between them."""
        yield "labels with gaps", dataclasses.replace(self, y=10 * self.y + 7)

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with every class in the training part."""
        order = classes_first(rng.permutation(self.n), self.y)
        return dataclasses.replace(self, split=parts(order))


def check_variables(data: PairedSamples | ConditionedSamples, sides: str) -> None:
    """Raise `DataError` for unknown kinds of variable, and for discrete ones that hold no codes.

    Codes are whole numbers that a float tells apart.
    """
    name = type(data).__name__
    for side in sides:
        stated, values = getattr(data, f"{side}_kind"), getattr(data, side)
        if stated not in VARIABLES:
            raise DataError(f"{name}.{side}_kind", repr(stated), "one of " + ", ".join(VARIABLES))
        if stated != "discrete":
            continue
        broken = values != np.rint(values)
        if broken.any():
            row = int(np.argwhere(broken)[0][0])
            raise DataError(f"{name}.{side}", "a fraction", "integer codes, as it is discrete", row)
        check_exact(values, f"{name}.{side}")


def check_exact(codes: Floats, where: str) -> None:
    """Raise `DataError` for codes so large that different ones may have become equal."""
    most = exact_integers(codes.dtype)
    wide = np.abs(codes) > most
    if wide.any():
        row = int(np.argwhere(wide)[0][0])
        wanted = (
            f"codes up to {most} in size, which floats tell apart; or their ranks: "
            "np.unique(codes, return_inverse=True)[1]"
        )
        raise DataError(where, f"the code {codes[wide][0]:.17g}", wanted, row)


def _channel(rng: np.random.Generator, n: int, flip: float = FLIP) -> tuple[Ints, Ints]:
    """Uniform codes ``(n,)``, and the same, or with probability ``flip`` one of the others."""
    x = rng.integers(CODES, size=n)
    y = np.where(rng.random(n) < flip, (x + rng.integers(1, CODES, size=n)) % CODES, x)
    return x, y


def _channel_information() -> float:
    noise = -(1 - FLIP) * math.log(1 - FLIP) - FLIP * math.log(FLIP / (CODES - 1))
    return math.log(CODES) - noise


def _shifted_channel(
    rng: np.random.Generator, n: int, flip: float
) -> tuple[Floats, Floats, Floats]:
    """Both ends of a channel shifted by a common code, and that code: columns."""
    (x, y), z = _channel(rng, n, flip), rng.integers(2, size=n)
    return as_column((x + z) % CODES), as_column((y + z) % CODES), as_column(z)


def _correlated(rng: np.random.Generator, n: int, d: int = 1) -> tuple[Floats, Floats]:
    """Standard Gaussian pairs, each a column of both."""
    x, other = rng.normal(size=(2, n, d))
    return x, CORRELATION * x + math.sqrt(1 - CORRELATION**2) * other


def _gaussian_information() -> float:
    return -math.log(1 - CORRELATION**2) / 2
