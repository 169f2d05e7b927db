"""Pictures whose objects are found by clicks, what a head says of them, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harness.arrays import Bools, Floats, Ints, Singles
from harness.errors import DataError, Incompatible
from harness.kinds.base import Kind
from harness.kinds.fields import array, offsets

Marks = NDArray[np.int8]
"""A mask: 1 object, 0 ground, -1 what does not count (ignored, or not told)."""


def _check_sizes(kind: str, shape: Ints, cuts: Ints) -> None:
    bad = (shape < 1).any(1) | (shape.prod(1) != np.diff(cuts))
    if bad.any():
        row = int(np.argmax(bad))
        found = f"{shape[row, 0]} x {shape[row, 1]} for {np.diff(cuts)[row]} pixels"
        raise DataError(f"{kind}.shape", found, "height times width of as many pixels", row)


def _check_values(where: str, values: NDArray[np.integer], wanted: dict[int, str]) -> None:
    bad = ~np.isin(values, list(wanted))
    if bad.any():
        row = int(np.argmax(bad))
        words = ", ".join(f"{value} {word}" for value, word in wanted.items())
        raise DataError(where, f"{values[row]}", words, row)


def _check_colours(where: str, pixels: Singles) -> None:
    bad = (pixels < 0).any(1) | (pixels > 1).any(1)
    if bad.any():
        row = int(np.argmax(bad))
        found = f"{tuple(pixels[row].tolist())}"
        raise DataError(where, found, "red, green and blue from 0 to 1", row)


MARKS = {1: "object", 0: "ground", -1: "ignored or not told"}
SIGNS = {1: "object", -1: "ground", 0: "no click"}


class ClickImages(Kind):
    """n pictures of any size: picture i owns ``pixels[offsets[i]:offsets[i + 1]]``, row by row.

    Attributes
    ----------
    pixels (items, 3)   red, green and blue, from 0 to 1
    shape (n, 2)        height and width
    mask (items,)       where the object is, as far as it is told: 1, 0, or -1 for what is ignored
                        or not told. Heads learn from it; pictures that are to be clicked have -1
    """

    pixels: Singles = array("items 3", np.float32)
    shape: Ints = array("n 2", np.int64)
    offsets: Ints = offsets()
    mask: Marks | None = array("items", np.int8, default=None)

    def check(self) -> None:
        """Refuse sizes that do not fit, colours outside 0 to 1, and other values in a mask."""
        _check_sizes("ClickImages", self.shape, self.offsets)
        _check_colours("ClickImages.pixels", self.pixels)
        if self.mask is not None:
            _check_values("ClickImages.mask", self.mask, MARKS)

    def picture(self, i: int) -> Singles:
        """Picture i ``(height, width, 3)``."""
        height, width = self.shape[i]
        return self.pixels[self.offsets[i] : self.offsets[i + 1]].reshape(height, width, 3)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Rectangles brighter than their ground."""
        masks = ClickMasks.example(rng, n)
        grey = 0.3 + 0.4 * masks.mask[:, None] + 0.05 * rng.random((len(masks.mask), 3))
        return cls(grey.astype(np.float32), masks.shape, masks.offsets, masks.mask)


class ClickMasks(Kind):
    """Masks of n pictures: true ones, which a task keeps; or those of a head, which are a question.

    Attributes
    ----------
    mask (items,)   1 object, 0 ground, -1 ignored
    shape (n, 2)    height and width
    logit (items,)  log odds of an object, where a head has them
    """

    mask: Marks = array("items", np.int8)
    shape: Ints = array("n 2", np.int64)
    offsets: Ints = offsets()
    logit: Singles | None = array("items", np.float32, default=None)

    def check(self) -> None:
        """Refuse sizes that do not fit, and other values in a mask."""
        _check_sizes("ClickMasks", self.shape, self.offsets)
        _check_values("ClickMasks.mask", self.mask, MARKS)

    def of(self, i: int) -> Marks:
        """Mask i ``(height, width)``."""
        height, width = self.shape[i]
        return self.mask[self.offsets[i] : self.offsets[i + 1]].reshape(height, width)

    def require_objects(self) -> None:
        """Raise `DataError` for a mask without an object: it has no overlap with anything."""
        for i in range(self.n):
            if not (self.of(i) == 1).any():
                raise DataError("ClickMasks.mask", "no object", "at least one pixel of it", i)

    def overlap(self, i: int, guess: Bools) -> float:
        """Intersection over union of a guess ``(height, width)`` and object i, of what counts."""
        true, seen = self.of(i) == 1, self.of(i) >= 0
        return float((guess & true).sum() / ((guess & seen) | true).sum())

    def click(self, i: int, guess: Bools, clicked: Bools) -> tuple[int, int]:
        """The next click of the simulated user on picture i: its place and its sign.

        It lies inmost in the larger error, missed object or ground taken for it: where the exact
        distance to the rest of the picture, or to its edge, is greatest, at the first such pixel
        row by row that was not clicked yet. It is positive where the missed object lies deeper;
        even depths give a negative one. Sign 0 where nothing is wrong but what was clicked.
        """
        from scipy.ndimage import distance_transform_edt

        true, seen = self.of(i) == 1, self.of(i) >= 0
        depths = [
            distance_transform_edt(np.pad(error, 1))[1:-1, 1:-1] * ~clicked
            for error in (true & ~guess, ~true & guess & seen)
        ]
        missed, wrong = (float(depth.max()) for depth in depths)
        if not missed and not wrong:
            return 0, 0
        sign = 1 if missed > wrong else -1
        return int(depths[0 if sign > 0 else 1].argmax()), sign

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Rectangles of several sizes."""
        shape = rng.integers(6, 10, (n, 2))
        masks = [np.zeros(size, np.int8) for size in shape]
        for mask in masks:
            mask[1 : rng.integers(3, 6), 1 : rng.integers(3, 6)] = 1
        ends = np.concatenate([[0], np.cumsum(shape.prod(1))])
        return cls(np.concatenate([m.ravel() for m in masks]), shape, ends)


class Clicks(Kind):
    """A click on each of n pictures, the answer to `ClickMasks`: the pixel, row by row, and 1 for
    an object, -1 for ground, 0 where a picture is done with."""

    place: Ints = array("n", np.int64)
    sign: Ints = array("n", np.int64)

    def check(self) -> None:
        """Refuse other signs."""
        _check_values("Clicks.sign", self.sign, SIGNS)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Anywhere in the first rows."""
        return cls(rng.integers(36, size=n), rng.choice([-1, 1], n))


class ClickSessions(Kind):
    """The clicks on n pictures, one after the other, and what a head made of them.

    Attributes
    ----------
    place, sign (items,)   the pixel, row by row, and 1 for an object or -1 for ground
    iou (items,)           intersection over union after each click
    agrees (items,)        whether the last mask of the session agrees with the click (1, 0)
    shape (n, 2)           height and width of the pictures, which ``bounds`` cut
    pixels (points, 3)     the pictures, where they come along: red, green and blue, from 0 to 1
    mask (points,)         their true masks: 1 object, 0 ground, -1 ignored
    code (items,)          nats per pixel that the true mask costs after each click
    """

    place: Ints = array("items", np.int64)
    sign: Ints = array("items", np.int64)
    iou: Floats = array("items")
    agrees: Ints = array("items", np.int64)
    shape: Ints = array("n 2", np.int64)
    bounds: Ints = offsets("points")
    offsets: Ints = offsets()
    pixels: Singles | None = array("points 3", np.float32, default=None)
    mask: Marks | None = array("points", np.int8, default=None)
    code: Floats | None = array("items", default=None)

    def check(self) -> None:
        """Refuse clicks outside of their picture, other signs, and overlaps that cannot be."""
        _check_sizes("ClickSessions", self.shape, self.bounds)
        _check_values("ClickSessions.sign", self.sign, {1: "object", -1: "ground"})
        _check_values("ClickSessions.agrees", self.agrees, {1: "it does", 0: "it does not"})
        sizes = np.repeat(self.shape.prod(1), np.diff(self.offsets))
        outside = (self.place < 0) | (self.place >= sizes)
        if outside.any():
            row = int(np.argmax(outside))
            found = f"a click on pixel {self.place[row]}"
            raise DataError("ClickSessions.place", found, f"0 to {sizes[row] - 1}", row)
        bad = (self.iou < 0) | (self.iou > 1)
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError("ClickSessions.iou", f"{self.iou[row]}", "an overlap from 0 to 1", row)
        if self.pixels is not None:
            _check_colours("ClickSessions.pixels", self.pixels)
        if self.mask is not None:
            _check_values("ClickSessions.mask", self.mask, MARKS)

    def picture(self, i: int) -> Singles:
        """Picture i ``(height, width, 3)``. Raises `Incompatible` where there are none."""
        if self.pixels is None:
            raise Incompatible("these sessions come without their pictures")
        height, width = self.shape[i]
        return self.pixels[self.bounds[i] : self.bounds[i + 1]].reshape(height, width, 3)

    def truth(self, i: int) -> Marks:
        """True mask i, row by row. Raises `Incompatible` where there are none."""
        if self.mask is None:
            raise Incompatible("these sessions come without the true masks")
        return self.mask[self.bounds[i] : self.bounds[i + 1]]

    def clicks(self, i: int) -> slice:
        """The clicks of session i among all."""
        return slice(int(self.offsets[i]), int(self.offsets[i + 1]))

    def clicks_to(self, at: float, limit: int) -> tuple[Ints, Bools]:
        """Number of the first click that reaches the overlap ``at``, ``limit`` where none of the
        first ``limit`` does; and whether one does: in time, be it the last ``(n,)`` each."""
        hits = [np.flatnonzero(self.iou[self.clicks(i)][:limit] >= at) for i in range(self.n)]
        reached = np.array([hit.size > 0 for hit in hits])
        first = [int(hit[0]) + 1 if hit.size else limit for hit in hits]
        return np.array(first, np.int64), reached

    def contradicted(self) -> Ints:
        """Number of clicks that the last mask of each session contradicts ``(n,)``."""
        wrong: Ints = np.add.reduceat(1 - self.agrees, self.offsets[:-1])
        return wrong

    def after(self, k: int, values: Floats) -> Floats:
        """Of values by click, those after k clicks ``(n,)``; the last ones of sessions that ended
        before."""
        found: Floats = values[np.minimum(self.offsets[:-1] + k, self.offsets[1:]) - 1]
        return found

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Clicks on rectangles, with overlaps that grow."""
        images = ClickImages.example(rng, n)
        assert images.mask is not None
        cuts = np.concatenate([[0], np.cumsum(rng.integers(2, 6, n))])
        place, sign = np.empty((2, cuts[-1]), np.int64)
        iou = np.empty(cuts[-1])
        for i, count in enumerate(np.diff(cuts)):
            mask, mine = (
                images.mask[images.offsets[i] : images.offsets[i + 1]],
                slice(*cuts[i : i + 2]),
            )
            ground = rng.choice(np.flatnonzero(mask == 0), count - 1, replace=False)
            place[mine] = [rng.choice(np.flatnonzero(mask == 1)), *ground]
            sign[mine] = [1] + [-1] * (count - 1)
            iou[mine] = np.sort(rng.random(count))
        return cls(
            place=place, sign=sign, iou=iou, agrees=np.ones(cuts[-1], np.int64), offsets=cuts,
            shape=images.shape, bounds=images.offsets, pixels=images.pixels, mask=images.mask,
        )  # fmt: skip

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Sessions with pictures and masks, without and with a split."""
        yield cls.example(rng, n)
        yield cls.example(rng, n).divided(rng)


class LatentPixels(Kind):
    """n pixels, or other things with two classes, known by Gaussian laws of a latent number:
    the log odds of class 1 are N(``mean (n,)``, ``var (n,)``). ``label (n,)`` is 1, 0, or -1."""

    mean: Floats = array("n")
    var: Floats = array("n")
    label: Ints | None = array("n", np.int64, default=None)

    def check(self) -> None:
        """Refuse negative variances, and other labels."""
        if (self.var < 0).any():
            row = int(np.argmax(self.var < 0))
            raise DataError("LatentPixels.var", f"{self.var[row]:g}", "a variance from 0 up", row)
        if self.label is not None:
            _check_values("LatentPixels.label", self.label, MARKS)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Laws of many widths, with labels drawn from them."""
        mean, var = 2.0 * rng.normal(size=n), rng.exponential(size=n)
        chance = 1.0 / (1.0 + np.exp(-mean))
        return cls(mean, var, (rng.random(n) < chance).astype(np.int64))

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """Wide laws, and laws without any width."""
        yield "wide laws", type(self)(100.0 * self.mean, 1e4 * self.var, self.label)
        yield "points", type(self)(self.mean, 0.0 * self.var, self.label)
