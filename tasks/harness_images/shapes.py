"""Pictures of discs, rings, crosses and blobs, in two colours that are not far apart, with noise
and a shading; the mask is what was drawn."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np

from harness import Bools, Case, ClickImages, ClickMasks, Floats, Ints, Split, stream
from harness_images import settings
from harness_images.clicking import Clicked

FORMS = ("disc", "ring", "cross", "blobs")
SHADING = 0.05
"""Amplitude of the shading, a wave over the picture."""


def drawn(form: str, size: int, rng: np.random.Generator) -> Bools:
    """A mask ``(size, size)`` of a shape at a random place, of random size."""
    y, x = (np.arange(size) + 0.5) / size - rng.uniform(0.4, 0.6, (2, 1))
    y, x = y[:, None], x[None, :]
    radius, reach = np.hypot(y, x), rng.uniform(0.2, 0.35)
    found: Bools
    if form == "disc":
        found = radius < reach
    elif form == "ring":
        found = (radius < reach) & (radius > rng.uniform(0.4, 0.6) * reach)
    elif form == "cross":
        thick = rng.uniform(0.25, 0.4) * reach
        bars = (np.abs(y) < thick) | (np.abs(x) < thick)
        found = bars & (np.abs(y) < reach) & (np.abs(x) < reach)
    else:
        from scipy.ndimage import gaussian_filter

        field = gaussian_filter(rng.normal(size=(size, size)), size / 10.0)
        found = field > np.quantile(field, 0.7)
    return found


def painted(mask: Bools, gap: float, noise: float, rng: np.random.Generator) -> Floats:
    """A picture ``(size, size, 3)`` of a mask: two colours ``gap`` apart, shaded, with noise."""
    size = len(mask)
    direction = rng.normal(size=3)
    ground = rng.uniform(0.35, 0.65, 3)
    step = gap * direction / np.linalg.norm(direction)
    y, x = np.mgrid[:size, :size] / size
    wave = np.sin(2.0 * np.pi * (rng.uniform(-1, 1) * y + rng.uniform(-1, 1) * x + rng.random()))
    colours = ground + mask[..., None] * step + SHADING * wave[..., None]
    picture: Floats = np.clip(colours + noise * rng.normal(size=colours.shape), 0.0, 1.0)
    return picture


@functools.lru_cache(maxsize=2)
def pictures(made: settings.Pictures, seed: int, name: str) -> tuple[ClickImages, ClickMasks]:
    """Pictures with told masks in the training part, and the true masks of those to be clicked.

    Both parts are ordered by shape, then by distance of the colours.
    """
    pixels, masks = [], []
    for part, count in (("train", made.train), ("test", made.images)):
        for form, gap in itertools.product(FORMS, made.gaps):
            rng = stream(seed, name, part, form, repr(gap))
            for _ in range(count):
                mask = drawn(form, made.size, rng)
                picture = painted(mask, gap, made.noise, rng)
                pixels.append(picture.reshape(-1, 3).astype(np.float32))
                masks.append(mask.ravel().astype(np.int8))
    told, total = len(FORMS) * len(made.gaps) * made.train, len(pixels)
    shape = np.full((total, 2), made.size)
    offsets = made.size**2 * np.arange(total + 1)
    known = np.concatenate([*masks[:told], np.full(offsets[total - told], -1, np.int8)])
    split = Split(np.arange(told), np.arange(told, total))
    images = ClickImages(np.concatenate(pixels), shape, offsets, known, split=split)
    hidden = ClickMasks(np.concatenate(masks[told:]), shape[told:], offsets[: total - told + 1])
    return images, hidden


class Shapes(settings.Shapes, Clicked):
    """One case for each shape and distance of the colours; all are clicked together."""

    def cases(self, *, seed: int) -> Iterator[Case]:
        """The cases of one source, so that a head learns once."""
        images, hidden = pictures(self._made, seed, "shapes")
        for form, gap in itertools.product(FORMS, self.gaps):
            facts: dict[str, str | int | float] = {"shape": form, "gap": gap}
            yield Case(
                f"{form}-{gap:g}", images, source="shapes", facts=facts, hidden=hidden, stamp=""
            )

    @property
    def _made(self) -> settings.Pictures:
        return settings.Pictures(
            gaps=self.gaps, images=self.images, train=self.train, size=self.size, noise=self.noise
        )

    def members(self, case: Case) -> Ints:
        """The pictures of a case among all that its source asks for."""
        names = [f"{form}-{gap:g}" for form, gap in itertools.product(FORMS, self.gaps)]
        first = self.images * names.index(case.id)
        return np.arange(first, first + self.images)
