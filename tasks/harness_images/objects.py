"""Objects on photographs that come with scikit-image: real pictures, masks by rule or geometry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness import Bools, Case, ClickImages, ClickMasks, Floats, needs
from harness_images import settings
from harness_images.clicking import Clicked

INSTALL = "infoharness[images]"
SMALL, LARGE = 600, 4000
"""Pixels of a coin, on the full photograph."""
NEAR = 34.0
"""Disparity of the motorcycle, in pixels: more is nearer."""


class SkimageObjects(settings.Photographs, Clicked):
    """Coins (all at once, and one by one), a motorcycle by its disparity, a horse by its outline.

    With features made by hand few of these reach an overlap of 0.9: look at the overlap.
    """

    def cases(self, *, seed: int) -> Iterator[Case]:
        """Four cases; ``seed`` is not needed."""
        every, *each = coins()
        for name, found in (
            ("coins", [every]),
            ("one-coin", each),
            ("motorcycle", [motorcycle()]),
            ("horse", [horse()]),
        ):
            reduced = [self._reduced(*pair) for pair in found]
            images, hidden = assembled(reduced)
            yield Case(name, images, hidden=hidden, facts={"pictures": images.n}, stamp="")

    def _reduced(self, picture: Floats, mask: Bools) -> tuple[Floats, Bools]:
        """Both at the size asked for: averaged, and by majority."""
        resize = needs("skimage.transform", INSTALL).resize
        height, width = mask.shape
        scale = self.size / max(height, width)
        shape = (round(height * scale), round(width * scale))
        small = resize(picture, (*shape, 3), anti_aliasing=True)
        return np.clip(small, 0.0, 1.0), resize(mask.astype(float), shape, order=1) > 0.5


def assembled(found: list[tuple[Any, Any]]) -> tuple[ClickImages, ClickMasks]:
    """Pictures ``(height, width, 3)`` and their true masks, as data and as what is hidden.

    Raises `DataError` for a mask without an object.
    """
    shape = np.array([mask.shape for _, mask in found])
    offsets = np.concatenate([[0], np.cumsum(shape.prod(1))])
    pixels = np.concatenate([p.reshape(-1, 3).astype(np.float32) for p, _ in found])
    hidden = ClickMasks(
        np.concatenate([m.ravel().astype(np.int8) for _, m in found]), shape, offsets
    )
    hidden.require_objects()
    return ClickImages(pixels, shape, offsets), hidden


def coins() -> list[tuple[Floats, Bools]]:
    """The photograph of coins with the mask of all, then with that of each."""
    data, filters, measure, morphology = (
        needs(f"skimage.{name}", INSTALL) for name in ("data", "filters", "measure", "morphology")
    )
    from scipy.ndimage import binary_fill_holes

    grey = np.asarray(data.coins(), float) / 255.0
    raw = grey > filters.threshold_otsu(grey)
    opened = morphology.opening(raw, morphology.disk(3))
    labels = measure.label(binary_fill_holes(opened))
    regions = [r for r in measure.regionprops(labels) if SMALL < r.area < LARGE]
    picture = np.repeat(grey[..., None], 3, axis=2)
    every = np.isin(labels, [r.label for r in regions])
    return [(picture, every), *((picture, labels == r.label) for r in regions)]


def motorcycle() -> tuple[Floats, Bools]:
    """The left photograph of a stereo pair, with what is near."""
    left, _, disparity = needs("skimage.data", INSTALL).stereo_motorcycle()
    return np.asarray(left, float)[..., :3] / 255.0, np.nan_to_num(disparity) > NEAR


def horse() -> tuple[Floats, Bools]:
    """A silhouette in two browns."""
    mask = ~np.asarray(needs("skimage.data", INSTALL).horse(), bool)
    colours = np.array([[0.62, 0.66, 0.52], [0.45, 0.33, 0.25]])
    return colours[mask.astype(int)], mask
