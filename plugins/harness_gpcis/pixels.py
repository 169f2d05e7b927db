"""Models from sessions to pixels: latent laws, and features with labels for estimators that know
nothing of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness import (
    ClickSessions,
    Floats,
    Incompatible,
    Ints,
    LabelledSamples,
    LatentPixels,
    PairedSamples,
    Split,
)
from harness_gpcis import settings
from harness_gpcis.features import of_pixels
from harness_gpcis.heads import clicked


def counted(data: ClickSessions, i: int) -> Ints:
    """The pixels of picture i that count. Raises `Incompatible` where none does."""
    seen = np.flatnonzero(data.truth(i) >= 0)
    if not seen.size:
        raise Incompatible(f"no pixel of picture {i} counts: its mask is -1 throughout")
    return seen


def drawn(
    data: ClickSessions, count: int, rng: np.random.Generator
) -> tuple[list[Ints], Split | None]:
    """Pixels of each picture that count, in order, and the split of them by picture."""
    chosen, part = [], []
    for i in range(data.n):
        seen = counted(data, i)
        rows = np.sort(rng.choice(seen, min(count, seen.size), replace=False))
        chosen.append(rows)
        part += [i] * rows.size
    if data.split is None:
        return chosen, None
    owner = np.array(part)
    parts = {name: np.flatnonzero(np.isin(owner, own)) for name, own in data.split.parts()}
    return chosen, Split(**parts)


def labels(data: ClickSessions, chosen: list[Ints]) -> Ints:
    """The labels of chosen pixels, 1 and 0."""
    return np.concatenate([data.truth(i)[rows] for i, rows in enumerate(chosen)]).astype(np.int64)


class GpLatent(settings.Latent):
    """The posterior of the Gaussian process after all clicks, at some pixels."""

    def transform(
        self, data: ClickSessions, *, to: Any = LatentPixels, rng: np.random.Generator
    ) -> LatentPixels:
        """Mean and variance. Raises `Incompatible` without pictures and masks."""
        chosen, split = drawn(data, self.per_picture, rng)
        means, variances = [], []
        for i, rows in enumerate(chosen):
            mine = data.clicks(i)
            places, signs = data.place[mine].tolist(), data.sign[mine].tolist()
            head = clicked(data.picture(i), places, signs, self)
            means.append(head.field()[rows])
            variances.append(head.variance()[rows])
        mean = np.concatenate(means).astype(np.float64)
        return LatentPixels(mean, np.concatenate(variances), labels(data, chosen), split=split)


class PixelFeatures(settings.Drawn):
    """Features of some pixels of each picture, with their labels."""

    def transform(
        self, data: ClickSessions, *, to: Any = LabelledSamples, rng: np.random.Generator
    ) -> LabelledSamples:
        """Colour and place, with the labels. Raises `Incompatible` without pictures and masks, and
        where the pixels of one class alone were drawn."""
        chosen, split = drawn(data, self.per_picture, rng)
        y = labels(data, chosen)
        if (y == y[0]).all() or (split and np.ptp(y[split.train]) == 0):
            raise Incompatible("the drawn pixels are of one class; wanted a larger per_picture")
        return LabelledSamples(features(data, chosen, self), y, split=split)


class PixelPairs(settings.Drawn):
    """The same, as two variables."""

    def transform(
        self, data: ClickSessions, *, to: Any = PairedSamples, rng: np.random.Generator
    ) -> PairedSamples:
        """x: colour and place, y: the label, which is discrete. Raises `Incompatible`."""
        chosen, split = drawn(data, self.per_picture, rng)
        y = labels(data, chosen).astype(np.float64)[:, None]
        return PairedSamples(features(data, chosen, self), y, y_kind="discrete", split=split)


def features(data: ClickSessions, chosen: list[Ints], own: settings.Features) -> Floats:
    """Features of chosen pixels, one picture after the other."""
    found = [of_pixels(data.picture(i), own)[rows] for i, rows in enumerate(chosen)]
    return np.concatenate(found).astype(np.float64)
