"""Tasks on perceptual scales: simulated observers, paths of stimuli, scales of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Curve,
    DifferenceScaling,
    PairedSamples,
    Scale,
    StimulusPath,
    TaskSpec,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION
from harness_perception.quantities import (
    AREA,
    AREA_MATCHING,
    ERROR,
    INFORMATION,
    LENGTH,
    MIDDLE,
    NOISE,
)

HARNESS_API = 1

_PAPER = "J. Vacher, P. Mamassian, ICLR 2024, arXiv:2310.11759"
_PATH: dict[str, Any] = {"gives": StimulusPath, "scores": (Curve,), "paper": _PAPER}

_OBSERVERS: dict[str, Any] = {
    "gives": DifferenceScaling,
    "quantities": (ERROR, MIDDLE, NOISE, AREA, AREA_MATCHING),
    "scores": (Curve,),
    "paper": _PAPER,
}

SIMULATED_OBSERVERS = TaskSpec(
    name="simulated-observers",
    summary="choices of observers whose scale and noise are known",
    implementation="harness_perception.observers:SimulatedObservers",
    settings="harness_perception.settings:Observers",
    **_OBSERVERS,
)
STIMULUS_MEASUREMENT = TaskSpec(
    name="stimulus-measurement",
    summary="a stimulus and its noisy internal measurement; exact mutual information",
    implementation="harness_perception.observers:StimulusMeasurement",
    settings="harness_perception.settings:Measurements",
    gives=PairedSamples,
    quantities=(MUTUAL_INFORMATION,),
    paper="N. Brunel, J.-P. Nadal, Neural Comput. 10, 1731 (1998)",
)
GAUSSIAN_PATHS = TaskSpec(
    name="gaussian-paths",
    summary="Gaussian laws along a path, with exact Fisher information, length and area",
    implementation="harness_perception.paths:GaussianPaths",
    settings="harness_perception.settings:Fine",
    quantities=(ERROR, MIDDLE, INFORMATION, LENGTH, AREA, AREA_MATCHING),
    **_PATH,
)
GAUSSIAN_TEXTURES = TaskSpec(
    name="gaussian-textures",
    summary="textures of grains: frequency, its bandwidth, spread of orientation; human scales",
    implementation="harness_perception.textures:GaussianTextures",
    settings="harness_perception.settings:Textures",
    quantities=(ERROR, MIDDLE, AREA, AREA_MATCHING),
    **_PATH,
)
TEXTURE_PATHS = TaskSpec(
    name="texture-paths",
    summary="pairs of scikit-image's photographs of brick, grass and gravel",
    implementation="harness_perception.textures:TexturePaths",
    settings="harness_perception.settings:Photographs",
    requires=("skimage",),
    install="infoharness[perceptual_scales]",
    quantities=(ERROR, MIDDLE),
    **_PATH,
)
HUMAN_SCALES = TaskSpec(
    name="human-scales",
    summary="scales of 15 groups of five people, fitted to the authors' published choices",
    implementation="harness_perception.humans:HumanScales",
    gives=Scale,
    quantities=(ERROR, MIDDLE),
    scores=(Curve,),
    paper=_PAPER,
)
_HUMAN: dict[str, Any] = {"settings": "harness_perception.settings:Repeats", **_OBSERVERS}
HUMAN_PAIRS = TaskSpec(
    name="human-pairs",
    summary="choices drawn from people's scales of 12 pairs of textures; predicted scales",
    implementation="harness_perception.humans:HumanPairs",
    **_HUMAN,
)
HUMAN_TEXTURES = TaskSpec(
    name="human-textures",
    summary="choices drawn from people's scales of 3 Gaussian textures; predicted scales",
    implementation="harness_perception.humans:HumanTextures",
    **_HUMAN,
)
VACHER = TaskSpec(
    name="vacher",
    summary="choices and pictures of the authors' 15 experiments, from a clone of their repository",
    implementation="harness_perception.vacher:Vacher",
    settings="harness_perception.settings:Clone",
    requires=("PIL",),
    install="infoharness[perceptual_scales]",
    quantities=(ERROR, MIDDLE, AREA_MATCHING),
    **_PATH,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (
        *(SIMULATED_OBSERVERS, STIMULUS_MEASUREMENT, GAUSSIAN_PATHS, GAUSSIAN_TEXTURES),
        *(TEXTURE_PATHS, HUMAN_SCALES, HUMAN_PAIRS, HUMAN_TEXTURES, VACHER),
    )
