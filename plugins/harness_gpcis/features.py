"""Features of pixels: colour in Lab, smoothed a little, and place."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Singles
from harness_gpcis import settings

TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
UNITS = np.array([50.0, 40.0, 40.0])
SMOOTH = 1.0
"""Standard deviation of the smoothing, in pixels."""


def lab(picture: Singles) -> Floats:
    """CIE Lab (D65, 2 degrees) of sRGB colours from 0 to 1."""
    colours = picture.astype(np.float64)
    linear = np.where(colours > 0.04045, ((colours + 0.055) / 1.055) ** 2.4, colours / 12.92)
    x = linear @ TO_XYZ.T / WHITE
    root = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16.0 / 116.0)
    found: Floats = np.stack(
        [
            116.0 * root[..., 1] - 16.0,
            500.0 * (root[..., 0] - root[..., 1]),
            200.0 * (root[..., 1] - root[..., 2]),
        ],
        -1,
    )
    return found


def of_pixels(picture: Singles, chosen: settings.Features) -> Singles:
    """Features ``(pixels, d)`` of a picture ``(height, width, 3)``: ``lab-xy``, and where a network
    is named its second stage besides, with features of length 1.

    Raises `Incompatible` where no feature has a weight.
    """
    from scipy.ndimage import gaussian_filter

    if not (chosen.colour or chosen.place or chosen.torchvision):
        raise Incompatible("colour and place have weight 0, and no network is named")
    height, width, _ = picture.shape
    colour = gaussian_filter(lab(picture) / UNITS, (SMOOTH, SMOOTH, 0.0)) * chosen.colour
    place = np.moveaxis(np.mgrid[:height, :width], 0, -1) * (chosen.place / max(height, width))
    found = [f for f, weight in ((colour, chosen.colour), (place, chosen.place)) if weight]
    if chosen.torchvision:
        from harness_gpcis.backbones import stage

        found.append(stage(picture, chosen.torchvision, chosen.weights))
    x: Singles = np.concatenate(found, -1).reshape(height * width, -1).astype(np.float32)
    return x
