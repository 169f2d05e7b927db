"""Recorded sessions: the simulated user on `shapes`, with a head that takes each pixel for what the
nearest click says, by colour and place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness import Case, ClickMasks, Clicks, ClickSessions, Floats, Ints, Singles, Split
from harness_images import settings
from harness_images.clicking import session
from harness_images.shapes import Shapes, pictures

SMOOTH, COLOUR = 1.5, 6.0
"""Standard deviation of the smoothing in pixels, and weight of colour against place."""


class RecordedSessions(settings.Shapes):
    """One case for each distance of the colours, with a training part; all masks come along."""

    def cases(self, *, seed: int) -> Iterator[Case]:
        """The cases."""
        for gap in self.gaps:
            load = Loading(self, seed, gap)
            yield Case(f"gap{gap:g}", load, facts={"gap": gap}, stamp="")


class Loading:
    """Plays the sessions of one distance when they are asked for."""

    def __init__(self, made: settings.Shapes, seed: int, gap: float) -> None:
        self._seed, self._user = seed, Shapes(target=made.target, limit=made.limit)
        self._made = settings.Pictures(
            gaps=(gap,), images=made.images, train=made.train, size=made.size, noise=made.noise
        )

    def __call__(self) -> ClickSessions:
        """The sessions of the training part, then those of the test part."""
        images, hidden = pictures(self._made, self._seed, "recorded-sessions")
        assert images.split is not None
        assert images.mask is not None
        told = int(images.offsets[len(images.split.train)])
        mask = np.concatenate([images.mask[:told], hidden.mask])
        truth = ClickMasks(mask, images.shape, images.offsets)
        fields = [_fields(images.picture(i)) for i in range(images.n)]
        played = _played(truth, fields, self._user)
        return ClickSessions(
            place=played.place, sign=played.sign, iou=played.iou, agrees=played.agrees,
            shape=played.shape, bounds=played.bounds, offsets=played.offsets,
            pixels=images.pixels, mask=mask,
            split=Split(images.split.train, images.split.test),
        )  # fmt: skip


def _fields(picture: Singles) -> Floats:
    """Smoothed colour and place of every pixel ``(pixels, 5)``."""
    from scipy.ndimage import gaussian_filter

    height, width, _ = picture.shape
    smooth = gaussian_filter(picture.astype(np.float64), (SMOOTH, SMOOTH, 0.0))
    place = np.moveaxis(np.mgrid[:height, :width], 0, -1) / max(height, width)
    return np.concatenate([COLOUR * smooth, place], -1).reshape(-1, 5)


def _played(truth: ClickMasks, fields: list[Floats], user: Shapes) -> ClickSessions:
    transcript: list[tuple[ClickMasks, Clicks | None]] = []
    case = Case("", truth, hidden=truth)
    marks, rng = np.zeros_like(truth.mask), np.random.default_rng(0)  # the user draws nothing
    clicks: list[list[tuple[int, int]]] = [[] for _ in fields]
    while True:
        question = ClickMasks(marks.copy(), truth.shape, truth.offsets)
        answer = user.respond(case, transcript, question, rng=rng)
        transcript.append((question, answer))
        if answer is None:
            return session(truth, np.arange(truth.n), transcript)
        for i in np.flatnonzero(answer.sign):
            clicks[i].append((int(answer.place[i]), int(answer.sign[i])))
            marks[truth.offsets[i] : truth.offsets[i + 1]] = _nearest(fields[i], clicks[i])


def _nearest(field: Floats, clicks: list[tuple[int, int]]) -> Ints:
    places, signs = np.array(clicks).T
    apart = [((field - field[place]) ** 2).sum(1) for place in places]
    nearest: Ints = (signs[np.argmin(apart, 0)] > 0).astype(np.int64)
    return nearest
