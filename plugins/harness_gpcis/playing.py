"""The loop of clicks, as a head sees it: it shows its masks, and is told where to click next."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from harness import ClickImages, ClickMasks, Clicks, Curve, Floats, Ints, Singles
from harness_gpcis import settings

Respond = Callable[[ClickMasks], Clicks | None]
CALIBRATED, PLAYED, TARGET = 8, 10, 0.9
"""Pictures with told masks that log odds are fitted to, clicks on each, overlap that ends them."""


class Head(Protocol):
    """What answers for one picture."""

    def click(self, place: int, sign: int) -> None:
        """Learn that a pixel belongs to the object (1) or to the ground (-1)."""

    def field(self) -> Singles:
        """A number for each pixel, above 0 where the object is; wants a click before."""


Maker = Callable[[Singles], Head]
"""A head for a picture ``(height, width, 3)``."""


def told(data: ClickImages) -> tuple[list[Singles], ClickMasks] | None:
    """The pictures of the training part whose masks have objects, and these masks; None where there
    are none."""
    if data.split is None or data.mask is None:
        return None
    train = data.part("train")
    assert train.mask is not None
    found = np.flatnonzero(np.logical_or.reduceat(train.mask == 1, train.offsets[:-1]))
    if not found.size:
        return None
    train = train.take(found)
    assert train.mask is not None
    masks = ClickMasks(train.mask, train.shape, train.offsets)
    return [train.picture(i) for i in range(train.n)], masks


def fitted_sharpness(make: Maker, data: ClickImages, default: float) -> float:
    """The factor t that makes told masks likeliest, with log odds t times the field.

    A few pictures of the training part are clicked by the simulated user; every state counts.
    """
    known = told(data)
    if known is None:
        return default
    (pictures, truth), agreeing = known, []
    for i in np.unique(np.linspace(0, truth.n - 1, CALIBRATED).astype(int)):
        head, mask = make(pictures[i]), truth.of(i)
        guess, clicked = np.zeros(mask.shape, bool), np.zeros(mask.shape, bool)
        for _ in range(PLAYED):
            place, sign = truth.click(i, guess, clicked)
            if not sign:
                break
            clicked.flat[place] = True
            head.click(place, sign)
            field = head.field().reshape(mask.shape)
            guess = field > 0
            agreeing.append(np.where(mask == 1, field, -field)[mask >= 0].astype(np.float64))
            if truth.overlap(i, guess) >= TARGET:
                break
    return likeliest(np.concatenate(agreeing))


def likeliest(agreeing: Floats) -> float:
    """argmin_t of the mean of ln(1 + exp(-t u)), which is convex, by bisection of its slope."""
    low, high = 1e-3, 1e3
    for _ in range(50):
        t = np.sqrt(low * high)
        slope = -(agreeing * np.exp(-np.logaddexp(0.0, t * agreeing))).mean()
        low, high = (t, high) if slope < 0 else (low, t)
    return float(np.sqrt(low * high))


class Game:
    """Pictures, their heads and the answers so far."""

    def __init__(
        self, pictures: ClickImages, heads: Sequence[Head], sharpness: float = 1.0
    ) -> None:
        self._pictures, self._sharpness = pictures, sharpness
        self.heads = heads
        self._field = np.zeros(len(pictures.pixels), np.float32)
        self.asked: list[Ints] = []
        """For each answer, the signs of its clicks."""

    def round(self, respond: Respond) -> bool:
        """Ask once, and click where the answer says; whether there was one."""
        question = ClickMasks(
            (self._field > 0).astype(np.int8), self._pictures.shape, self._pictures.offsets,
            np.float32(self._sharpness) * self._field,
        )  # fmt: skip
        answer = respond(question)
        if answer is None:
            return False
        self.asked.append(answer.sign)
        for i in np.flatnonzero(answer.sign).tolist():
            self.heads[i].click(int(answer.place[i]), int(answer.sign[i]))
            mine = slice(self._pictures.offsets[i], self._pictures.offsets[i + 1])
            self._field[mine] = self.heads[i].field()
        return True


class Player(settings.Player):
    """An estimator that plays: its curve is the share of pictures that need a k-th click."""

    def estimate(self, data: ClickImages, *, rng: np.random.Generator, respond: Respond) -> Curve:
        """Plays until nothing is asked any more. The sum of the curve is the mean number of clicks
        until the task's target; what the masks are worth is the task's to say."""
        make = self.maker(data, rng)
        sharpness = fitted_sharpness(make, data, self.sharpness)
        pictures = data.evaluated()
        heads = [make(pictures.picture(i)) for i in range(pictures.n)]
        game = Game(pictures, heads, sharpness)
        while game.round(respond):
            pass
        share = np.array([float((sign != 0).mean()) for sign in game.asked])
        clicks = int(sum((sign != 0).sum() for sign in game.asked))
        return Curve(
            np.arange(1.0, len(share) + 1.0),
            share,
            "clicks",
            "share of pictures that need them",
            diagnostics={"clicks": clicks, "pictures": pictures.n, "sharpness": sharpness},
        )

    @abstractmethod
    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """What makes a head for a picture, learned from the training part where it learns."""
