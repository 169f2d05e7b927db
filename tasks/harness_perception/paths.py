"""Gaussian laws along paths whose Fisher information is known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from harness import Case, Floats, StimulusPath
from harness_perception import settings
from harness_perception.scoring import Scored, area


@dataclass(frozen=True)
class Path:
    """A family of Gaussian laws: its range, laws, information, and length from the first step."""

    name: str
    low: float
    high: float
    mean: Callable[[float], list[float]]
    cov: Callable[[float], list[list[float]]]
    information: Callable[[Floats], Floats]
    length: Callable[[Floats], Floats]


def _turned(s: float) -> list[list[float]]:
    c, d = math.cos(s), math.sin(s)
    return [[4.0 * c * c + d * d, 3.0 * c * d], [3.0 * c * d, 4.0 * d * d + c * c]]


PATHS = (
    Path("mean", 0.0, 3.0, lambda s: [s], lambda s: [[1.0]], np.ones_like, lambda s: s),
    # N(0, s^2): I = 2 / s^2.
    Path(
        "spread", 1.0, 7.0, lambda s: [0.0], lambda s: [[s * s]],
        lambda s: 2.0 / s**2, lambda s: math.sqrt(2.0) * np.log(s),
    ),
    # N(s, s^2): I = 3 / s^2.
    Path(
        "both", 1.0, 7.0, lambda s: [s], lambda s: [[s * s]],
        lambda s: 3.0 / s**2, lambda s: math.sqrt(3.0) * np.log(s),
    ),
    # N(0, e^2s): the same family as `spread` under another parameter: I = 2.
    Path(
        "log-spread", 0.0, math.log(7.0), lambda s: [0.0], lambda s: [[math.exp(2.0 * s)]],
        lambda s: np.full_like(s, 2.0), lambda s: math.sqrt(2.0) * s,
    ),
    # A turning ellipse with axes of variance 4 and 1: I = (4 - 1)^2 / (4 * 1).
    Path(
        "turn", 0.0, 1.0, lambda s: [0.0, 0.0], _turned,
        lambda s: np.full_like(s, 2.25), lambda s: 1.5 * s,
    ),
    # Correlation s: I = (1 + s^2) / (1 - s^2)^2.
    Path(
        "correlation", 0.0, 0.9, lambda s: [0.0, 0.0], lambda s: [[1.0, s], [s, 1.0]],
        lambda s: (1.0 + s**2) / (1.0 - s**2) ** 2,
        lambda s: 2**0.5 * np.arctanh(2**0.5 * s / np.sqrt(1.0 + s**2)) - np.arcsinh(s),
    ),
)  # fmt: skip


class GaussianPaths(settings.Fine, Scored):
    """One case for each family; the reference is the exact scale."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases; ``seed`` is not needed."""
        for path in PATHS:
            s = np.linspace(path.low, path.high, self.steps)
            along = path.length(s) - path.length(s[:1])
            psi, x = along / along[-1], np.linspace(0.0, 1.0, self.steps)
            truth = {
                "fisher_information": float(path.information(s).mean()),
                "fisher_length": float(along[-1]),
                "scale_area": area(x, psi),
            }
            if np.abs(psi - x).max() > 1e-9:
                truth["area_matching"] = 1.0
            data = StimulusPath(
                s,
                np.array([path.mean(v) for v in s]),
                np.array([path.cov(v) for v in s]),
                reference=psi,
            )
            yield Case(path.name, data, truth=truth, facts={"d": len(path.mean(s[0]))}, stamp="")
