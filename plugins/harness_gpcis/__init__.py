"""Plugin `gpcis`: clicks, Gaussian processes and masks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    ClickImages,
    ClickMasks,
    Clicks,
    ClickSessions,
    Curve,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    LatentPixels,
    ModelSpec,
    PairedSamples,
    Prediction,
    ReportSpec,
)
from harness import hookimpl as _hookimpl
from harness_gpcis.quantities import (
    BALD,
    BOUND,
    CLICKS_TO,
    ENTROPY,
    GAIN,
    MISSED,
    OVERLAP,
    USABLE,
    WRONG_CLICKS,
)

HARNESS_API = 1

_PAPER = "M. Zhou et al., CVPR 2023, doi:10.1109/CVPR52729.2023.01867"
_INSTALL = "infoharness[gpcis]"
_PLAYS: dict[str, Any] = {
    "reads": ClickImages,
    "gives": Curve,
    "asks": (ClickMasks, Clicks),
    "install": _INSTALL,
}
_SESSIONS: dict[str, Any] = {
    "reads": ClickSessions,
    "gives": Estimate,
    "traits": ("deterministic", "permutation-invariant", "local-mean"),
    "paper": _PAPER,
}
_SCIPY: dict[str, Any] = {"requires": ("scipy",), "install": _INSTALL}
_PIXELS: dict[str, Any] = {"reads": ClickSessions, **_SCIPY}
_LAWS: dict[str, Any] = {
    "settings": "harness_gpcis.settings:Quadrature",
    "reads": LatentPixels,
    "gives": Estimate,
    "traits": ("deterministic", "permutation-invariant", "local-mean"),
    "paper": "N. Houlsby et al., arXiv:1112.5745 (2011)",
}

HEADS = (
    EstimatorSpec(
        name="gp-clicks",
        summary="Gaussian process with given values at the clicks, on colour and place",
        implementation="harness_gpcis.heads:GpClicks",
        settings="harness_gpcis.settings:Clicks",
        requires=("scipy",),
        paper=_PAPER,
        **_PLAYS,
    ),
    EstimatorSpec(
        name="pathwise-clicks",
        summary="Gaussian process by double-space samples that are averaged, on colour and place",
        implementation="harness_gpcis.heads:PathwiseClicks",
        settings="harness_gpcis.settings:Paths",
        requires=("scipy",),
        paper=_PAPER,
        **_PLAYS,
    ),
    EstimatorSpec(
        name="gpcis-clicks",
        summary="Gaussian process on trained features, with amortised values and a trained basis",
        implementation="harness_gpcis.network:GpcisClicks",
        settings="harness_gpcis.settings:Deep",
        requires=("scipy", "torch"),
        needs=("split",),
        paper=_PAPER,
        **_PLAYS,
    ),
    EstimatorSpec(
        name="official-clicks",
        summary="the authors' trained network, from its checkpoint",
        implementation="harness_gpcis.official:OfficialClicks",
        settings="harness_gpcis.settings:Official",
        requires=("scipy", "torch"),
        paper=_PAPER,
        **_PLAYS,
    ),
    EstimatorSpec(
        name="rff-clicks",
        summary="Bayesian linear regression on random features: weight space alone",
        implementation="harness_gpcis.heads:RffClicks",
        settings="harness_gpcis.settings:Weights",
        requires=("scipy",),
        paper="A. Rahimi, B. Recht, NIPS 2007",
        **_PLAYS,
    ),
    EstimatorSpec(
        name="nearest-click",
        summary="each pixel is what the nearest click says, by colour and place",
        implementation="harness_gpcis.heads:NearestClick",
        settings="harness_gpcis.settings:Nearest",
        requires=("scipy",),
        **_PLAYS,
    ),
    EstimatorSpec(
        name="random-walker",
        summary="random walks on the picture that end at clicks (scikit-image)",
        implementation="harness_gpcis.heads:RandomWalker",
        settings="harness_gpcis.settings:Walker",
        requires=("scipy", "skimage"),
        paper="L. Grady, IEEE TPAMI 28, 1768 (2006)",
        **_PLAYS,
    ),
    EstimatorSpec(
        name="gpytorch-clicks",
        summary="variational Gaussian process by GPyTorch, fitted at each click",
        implementation="harness_gpcis.fitted:GpytorchClicks",
        settings="harness_gpcis.settings:Fitted",
        requires=("scipy", "torch", "gpytorch"),
        paper="J. Gardner et al., NeurIPS 2018",
        **_PLAYS,
    ),
    EstimatorSpec(
        name="forecast",
        summary="information gain, entropy or mutual information after few clicks, per picture",
        implementation="harness_gpcis.heads:Forecast",
        settings="harness_gpcis.settings:Forecast",
        requires=("scipy",),
        paper=_PAPER,
        **_PLAYS | {"gives": Prediction},
    ),
)
MEASURES = (
    EstimatorSpec(
        name="noc",
        summary="number of clicks until an overlap is reached",
        implementation="harness_gpcis.measures:ClicksTo",
        settings="harness_gpcis.settings:Overlap",
        quantity=CLICKS_TO,
        **_SESSIONS,
    ),
    EstimatorSpec(
        name="nof",
        summary="share of sessions that do not reach an overlap",
        implementation="harness_gpcis.measures:Missed",
        settings="harness_gpcis.settings:Overlap",
        quantity=MISSED,
        **_SESSIONS,
    ),
    EstimatorSpec(
        name="noic",
        summary="number of clicks that the last mask contradicts",
        implementation="harness_gpcis.measures:WrongClicks",
        quantity=WRONG_CLICKS,
        **_SESSIONS,
    ),
    EstimatorSpec(
        name="iou-at",
        summary="overlap after some clicks",
        implementation="harness_gpcis.measures:OverlapAfter",
        settings="harness_gpcis.settings:After",
        quantity=OVERLAP,
        **_SESSIONS,
    ),
    EstimatorSpec(
        name="click-v-information",
        summary="usable information of clicks about the mask, with a Gaussian process",
        implementation="harness_gpcis.measures:UsableInformation",
        settings="harness_gpcis.settings:Usable",
        quantity=USABLE,
        **_SESSIONS,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="click-elbo",
        summary="evidence lower bound of the signs of clicks",
        implementation="harness_gpcis.measures:ClickElbo",
        settings="harness_gpcis.settings:Bound",
        quantity=BOUND,
        **_SESSIONS,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="click-information-gain",
        summary="information gain of clicks about the latent field",
        implementation="harness_gpcis.measures:InformationGain",
        settings="harness_gpcis.settings:Gain",
        quantity=GAIN,
        **_SESSIONS,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="predictive-entropy",
        summary="entropy of labels whose log odds are Gaussian",
        implementation="harness_gpcis.measures:PredictiveEntropy",
        quantity=ENTROPY,
        **_LAWS,
    ),
    EstimatorSpec(
        name="bald",
        summary="mutual information of labels and their Gaussian log odds",
        implementation="harness_gpcis.measures:Bald",
        quantity=BALD,
        **_LAWS,
    ),
)
MODELS = (
    ModelSpec(
        name="gp-latent",
        summary="posterior of the Gaussian process after all clicks, at some pixels",
        implementation="harness_gpcis.pixels:GpLatent",
        settings="harness_gpcis.settings:Latent",
        gives=LatentPixels,
        paper=_PAPER,
        **_PIXELS,
    ),
    ModelSpec(
        name="pixel-features",
        summary="colour and place of some pixels, with their labels",
        implementation="harness_gpcis.pixels:PixelFeatures",
        settings="harness_gpcis.settings:Drawn",
        gives=LabelledSamples,
        **_PIXELS,
    ),
    ModelSpec(
        name="pixel-pairs",
        summary="colour and place of some pixels, and their labels as a discrete variable",
        implementation="harness_gpcis.pixels:PixelPairs",
        settings="harness_gpcis.settings:Drawn",
        gives=PairedSamples,
        **_PIXELS,
    ),
)
SESSION = ReportSpec(
    name="session",
    summary="a session by click: the picture, its clicks, the mask and the posterior variance",
    implementation="harness_gpcis.reports.session:Session",
    reads=("gpcis/gp-clicks", "gpcis/gpcis-clicks"),
)
CLAIMS = ReportSpec(
    name="claims",
    summary="what was claimed of heads, with the seeds in which it holds",
    implementation="harness_gpcis.reports.claims:Claims",
    reads=("gpcis/*-click*", "gpcis/random-walker"),
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Heads that play, and figures of sessions and of latent numbers."""
    return (*HEADS, *MEASURES)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """From sessions to pixels."""
    return MODELS


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The picture of a session, and claims."""
    return (SESSION, CLAIMS)
