"""Tasks on pictures: objects to be found by clicks, recorded sessions, latent numbers of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    ClickImages,
    ClickMasks,
    Clicks,
    ClickSessions,
    Curve,
    LatentPixels,
    Prediction,
    TaskSpec,
    hookimpl,
)
from harness_images.quantities import BALD, ENTROPY, SCORED, USABLE, WRONG_CLICKS

HARNESS_API = 1

_PAPER = "M. Zhou et al., CVPR 2023, doi:10.1109/CVPR52729.2023.01867"
_CLICKED: dict[str, Any] = {
    "gives": ClickImages,
    "quantities": SCORED,
    "scores": (Curve, Prediction),
    "answers": (ClickMasks, Clicks),
    "install": "infoharness[images]",
    "paper": _PAPER,
}
_FOLDER: dict[str, Any] = {
    "settings": "harness_images.settings:Folder",
    "requires": ("PIL", "scipy"),
    **_CLICKED,
}

SHAPES = TaskSpec(
    name="shapes",
    summary="drawn discs, rings, crosses and blobs, to be found by clicks",
    implementation="harness_images.shapes:Shapes",
    settings="harness_images.settings:Shapes",
    traits=("split",),
    requires=("scipy",),
    **_CLICKED,
)
SKIMAGE_OBJECTS = TaskSpec(
    name="skimage-objects",
    summary="coins, a motorcycle and a horse of scikit-image, to be found by clicks",
    implementation="harness_images.objects:SkimageObjects",
    settings="harness_images.settings:Photographs",
    requires=("skimage", "scipy"),
    **_CLICKED,
)
GRABCUT = TaskSpec(
    name="grabcut",
    summary="the 50 objects of GrabCut, from a folder",
    implementation="harness_images.folders:GrabCut",
    **_FOLDER,
)
BERKELEY = TaskSpec(
    name="berkeley",
    summary="the 100 objects of Berkeley, from a folder",
    implementation="harness_images.folders:Berkeley",
    **_FOLDER,
)
DAVIS = TaskSpec(
    name="davis",
    summary="the 345 frames of DAVIS, from a folder",
    implementation="harness_images.folders:Davis",
    **_FOLDER,
)
SBD = TaskSpec(
    name="sbd",
    summary="the instances of SBD's validation part, from a folder",
    implementation="harness_images.folders:Sbd",
    **_FOLDER,
)
RECORDED_SESSIONS = TaskSpec(
    name="recorded-sessions",
    summary="sessions on drawn shapes with pictures, masks and the clicks of the simulated user",
    implementation="harness_images.sessions:RecordedSessions",
    settings="harness_images.settings:Shapes",
    traits=("split",),
    requires=("scipy",),
    install="infoharness[images]",
    gives=ClickSessions,
    quantities=(WRONG_CLICKS, USABLE),
    paper=_PAPER,
)
LATENT_LAWS = TaskSpec(
    name="latent-laws",
    summary="pixels with Gaussian log odds; exact predictive entropy and mutual information",
    implementation="harness_images.latent:LatentLaws",
    settings="harness_images.settings:Laws",
    gives=LatentPixels,
    quantities=(ENTROPY, BALD),
    paper="N. Houlsby et al., arXiv:1112.5745 (2011)",
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (
        *(SHAPES, SKIMAGE_OBJECTS, GRABCUT, BERKELEY, DAVIS, SBD),
        *(RECORDED_SESSIONS, LATENT_LAWS),
    )
