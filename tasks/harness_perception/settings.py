"""Parameters: each is declared here once, and inherited by the tasks that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import param

_SIGMA = "standard deviations of the observer's noise, in units of the scale, one case for each"


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The length of a path."""

    steps: int = param(13, "number of stimuli on a path", low=3)


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """How often an observer is asked."""

    repeats: int = param(25, "number of trials of each triplet", low=1)


@dataclass(frozen=True, kw_only=True)
class Observers(Repeats, Steps):
    """Simulated observers."""

    shapes: tuple[Literal["linear", "log", "square", "logistic"], ...] = param(
        ("linear", "log", "square", "logistic"), "shapes of the scale, one case for each"
    )
    sigma: tuple[float, ...] = param((0.1, 0.2, 0.3), _SIGMA, above=0.0)
    reach: int = param(3, "steps between neighbours of a triplet, at most", low=1)


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Measurements of stimuli by simulated observers."""

    n: int = param(2000, "number of stimuli in each case", low=2)
    shapes: tuple[Literal["linear", "log", "square", "logistic"], ...] = param(
        ("linear", "log", "square"), "shapes of the scale, one case for each"
    )
    sigma: tuple[float, ...] = param((0.02, 0.05, 0.1, 0.2), _SIGMA, above=0.0)
    prior: Literal["even", "jeffreys"] = param(
        "jeffreys", "law of the stimuli: even in the parameter, or even on the scale"
    )


@dataclass(frozen=True, kw_only=True)
class Textures(Steps):
    """Gaussian textures."""

    size: int = param(256, "side of the torus that the field lives on", low=16, unit="pixels")
    contrast: float = param(35.0, "standard deviation of the grey levels", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Fine:
    """Paths of laws that are known exactly."""

    steps: int = param(49, "number of steps on a path", low=3)


@dataclass(frozen=True, kw_only=True)
class Photographs(Steps):
    """Pairs of photographs of textures."""

    size: int = param(256, "side of the square cut from the middle", low=32, unit="pixels")


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone of the authors' repository."""

    folder: str = param("", "clone of github.com/JonathanVacher/perceptual_metric")
    only: tuple[str, ...] = param((), "names of experiments, with wildcards; empty for all")
