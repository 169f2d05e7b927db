"""Sequences that may drive one another, rate-distortion problems, and laws of the next token."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, ClassVar, Self, cast

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import as_column, on_grid
from harness.kinds.fields import array, offsets
from harness.kinds.vectors import check_variables

ROUNDING = 1e-6
"""How far the sum of a distribution may stand off one."""
STEPS = 40
"""Steps of an example sequence."""


class PairedSequences(Kind):
    """n pairs of sequences that run side by side: ``x (items, dx)``, ``y (items, dy)``.

    Pair i owns the steps ``offsets[i]:offsets[i + 1]``; within a step x comes before y. ``z
    (items, dz)`` is a third sequence, a known driver of both, where there is one. ``x_kind``,
    ``y_kind`` and ``z_kind`` as in `PairedSamples`.
    """

    coordinates: ClassVar[tuple[str, ...]] = ("x", "y")

    x: Floats = array("items dx")
    y: Floats = array("items dy")
    offsets: Ints = offsets()
    x_kind: str = "continuous"
    y_kind: str = "continuous"
    z: Floats | None = array("items dz", default=None)
    z_kind: str = "continuous"

    def check(self) -> None:
        """Refuse unknown kinds of variable, and what cannot be codes where codes are promised."""
        check_variables(cast(Any, self), "xy" if self.z is None else "xyz")

    @property
    def step(self) -> Ints:
        """The number of each step within its own sequence ``(items,)``, from 0."""
        return np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], np.diff(self.offsets))

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Numbers of which each x moves the next y."""
        x, noise = rng.normal(size=(2, n, STEPS, 1))
        y = 0.6 * noise
        y[:, 1:] += 0.8 * x[:, :-1]
        cuts = STEPS * np.arange(n + 1)
        return cls(on_grid(x.reshape(-1, 1)), on_grid(y.reshape(-1, 1)), cuts)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Numbers; and codes that are copied with errors, a step later."""
        yield cls.example(rng, n)
        yield cls._copies(rng, n, STEPS, 1)

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """Bits copied with errors within the step, and a step later: ln 2 - h(0.1) per step."""
        truth = math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9)
        yield "directed_information", truth, cls._copies(rng, 1, n, 0)
        yield "transfer_entropy", truth, cls._copies(rng, 1, n, 1)

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """Sequences of one step."""
        yield (
            "sequences of one step",
            dataclasses.replace(self, offsets=np.arange(len(self.x) + 1), split=None),
        )

    @classmethod
    def _copies(cls, rng: np.random.Generator, n: int, steps: int, delay: int) -> Self:
        x = rng.integers(2, size=(n, steps))
        y = np.roll(x, delay, axis=1) ^ (rng.random((n, steps)) < 0.1)
        cuts = steps * np.arange(n + 1)
        return cls(as_column(x), as_column(y), cuts, "discrete", "discrete")


class RateProblem(Kind):
    """A source, a distortion, and the slopes at which its rate-distortion curve is wanted.

    Attributes
    ----------
    p (a,) : the law of a letter of the source; with ``law``, of the first one.
    d (a, b) : the distortion of output j for letter i; a reward is a negative distortion.
    slopes (n,) : -dR/dD in nats per unit of distortion, from 0 up.
    law (a, a) : of a Markov source, the law of the next letter given this one.
    reference (b,) : the law of outputs that divergences are measured from, where there is one.
    """

    whole: ClassVar[tuple[str, ...]] = ("a", "b")

    p: Floats = array("a")
    d: Floats = array("a b")
    slopes: Floats = array("n")
    law: Floats | None = array("a a", default=None)
    reference: Floats | None = array("b", default=None)

    def check(self) -> None:
        """Refuse what is no distribution, and slopes that are negative."""
        for name in ("p", "law", "reference"):
            if getattr(self, name) is not None:
                refuse_unnormalized(getattr(self, name), f"RateProblem.{name}")
        if self.slopes.min(initial=0.0) < 0:
            wrong = int(np.argmax(self.slopes < 0))
            raise DataError(
                "RateProblem.slopes", f"the slope {self.slopes[wrong]:g}", "slopes from 0 up", wrong
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """A binary Markov source with Hamming distortion."""
        flip = 0.2
        law = np.array([[1 - flip, flip], [flip, 1 - flip]])
        return cls(np.full(2, 0.5), 1.0 - np.eye(2), 0.5 + np.arange(n) / 16, law)


class TokenLaws(Kind):
    """Laws of every token of n sequences, by a model that knows the source and one that does not.

    Attributes
    ----------
    full (items, v) : ln p(token | tokens before it, source).
    blind (items, v) : ln p(token | tokens before it). What is impossible has `IMPOSSIBLE`.
    ids (items,) : the tokens, from 0 to v - 1.
    source (n,) : the number of the source of each sequence, where sources are few.
    under (n, k) : ln p(sequence | source l) for each of the k sources, where it is known.
    """

    IMPOSSIBLE: ClassVar[float] = -1e300

    full: Floats = array("items v")
    blind: Floats = array("items v")
    ids: Ints = array("items", np.int64)
    offsets: Ints = offsets()
    source: Ints | None = array("n", np.int64, default=None)
    under: Floats | None = array("n k", default=None)

    @classmethod
    def of(cls, full: Any, blind: Any, ids: Any, cuts: Any, **more: Any) -> Self:
        """The same from arrays in which the impossible has minus infinity."""
        one, two = (
            np.where(np.isneginf(given), cls.IMPOSSIBLE, given)
            for given in (np.asarray(full, np.float64), np.asarray(blind, np.float64))
        )
        return cls(one, two, ids, cuts, **more)

    def check(self) -> None:
        """Refuse rows that are no distributions, tokens and sources that do not exist."""
        for name in ("full", "blind"):
            refuse_unnormalized(np.exp(getattr(self, name)), f"TokenLaws.{name}")
        refuse_outside(self.ids, self.full.shape[1], "TokenLaws.ids", "tokens")
        if self.source is not None and self.under is not None:
            refuse_outside(self.source, self.under.shape[1], "TokenLaws.source", "sources")

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Six letters from one of two coins."""
        length, bias = 6, np.array([0.2, 0.9])
        source = np.arange(n) % 2
        ids = (rng.random((n, length)) < bias[source, None]).astype(np.int64)
        ones = np.cumsum(ids, axis=1) - ids
        seen = np.arange(length)[None]
        under = ones[..., None] * np.log(bias) + (seen - ones)[..., None] * np.log(1 - bias)
        weight = np.exp(under - np.logaddexp.reduce(under, axis=2, keepdims=True))
        blind = (weight * bias).sum(2).reshape(-1)
        full = np.repeat(bias[source], length)
        known, guessed = (np.log(np.stack([1 - p, p], axis=1)) for p in (full, blind))
        total = ids.sum(1)[:, None] * np.log(bias) + (length - ids.sum(1))[:, None] * np.log(
            1 - bias
        )
        cuts = length * np.arange(n + 1)
        return cls(known, guessed, ids.ravel(), cuts, source, total)


def refuse_unnormalized(p: Floats, where: str) -> None:
    """Raise `DataError` unless every row (last axis) is a distribution."""
    rows = np.atleast_2d(p)
    if rows.min(initial=0.0) < 0:
        row = int(np.argmax((rows < 0).any(1)))
        raise DataError(where, "a negative probability", "probabilities from 0 up", row)
    off = np.abs(rows.sum(1) - 1) > ROUNDING
    if off.any():
        row = int(np.argmax(off))
        raise DataError(
            where, f"probabilities that sum to {rows[row].sum():.6g}", "a sum of one", row
        )


def refuse_outside(codes: Ints, count: int, where: str, what: str) -> None:
    """Raise `DataError` for numbers that are not from 0 to ``count`` - 1."""
    wrong = (codes < 0) | (codes >= count)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(where, str(codes[row]), f"{what} from 0 to {count - 1}", row)
