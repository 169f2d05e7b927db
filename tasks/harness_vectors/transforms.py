"""Maps of one side of a pair that keep its information: all are injective.

Czyz, Grabowski, Vogt, Beerenwinkel, Marx, Beyond Normal, NeurIPS 2023.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from harness import Floats
from harness_vectors.special import normal_cdf

Map: TypeAlias = Callable[[Floats], Floats]


def half_cube(x: Floats) -> Floats:
    """``x sqrt|x|``, element by element: heavier tails."""
    return x * np.sqrt(np.abs(x))


def wiggly_x(x: Floats) -> Floats:
    """An increasing map with ripples."""
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1.0) + 0.03 * np.sin(3.3 * x - 2.5)


def wiggly_y(y: Floats) -> Floats:
    """Another increasing map with ripples."""
    return y - 0.4 * np.sin(0.4 * y) + 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5)


def swiss_roll(u: Floats) -> Floats:
    """A number in [0, 1] ``(n, 1)`` rolled up in the plane ``(n, 2)``."""
    t = 1.5 * math.pi * (1.0 + 2.0 * u[:, 0])
    return np.column_stack([t * np.cos(t), t * np.sin(t)]) / 21.0


def spiral(first: int) -> Map:
    """Rotation in the plane of coordinates ``first`` and ``first + 1`` by the angle |x|^2 / d."""

    def turn(x: Floats) -> Floats:
        angle = (x**2).sum(1) / x.shape[1]
        a, b = x[:, first], x[:, first + 1]
        out = x.copy()
        out[:, first] = np.cos(angle) * a - np.sin(angle) * b
        out[:, first + 1] = np.sin(angle) * a + np.cos(angle) * b
        return out

    return turn


def two_humps(weights: tuple[float, float], centres: tuple[float, float]) -> Map:
    """From a uniform number to a mixture of two unit Gaussians, by the inverse of its distribution
    function.

    By bisection, to 1e-12: there is no closed form, and the function is steep in places and flat in
    others.
    """

    def invert(u: Floats) -> Floats:
        low: Floats = np.full(u.shape, min(centres) - 10.0)
        high: Floats = np.full(u.shape, max(centres) + 10.0)
        for _ in range(45):
            middle = 0.5 * (low + high)
            parts = (w * normal_cdf(middle - c) for w, c in zip(weights, centres, strict=True))
            below = sum(parts) < u
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        found: Floats = 0.5 * (low + high)
        return found

    return invert


def chain(*maps: Map) -> Map:
    """One map after the other."""

    def through(x: Floats) -> Floats:
        for each in maps:
            x = each(x)
        return x

    return through
