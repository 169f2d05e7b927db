"""Plugin `perceptual_scales`: scales measured by choices, and predicted by Fisher information."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Curve,
    DifferenceScaling,
    Estimate,
    EstimatorSpec,
    ModelSpec,
    ReportSpec,
    Scale,
    StimulusPath,
)
from harness import hookimpl as _hookimpl
from harness_perceptual_scales.quantities import (
    AREA,
    AREA_MATCHING,
    CHOICES,
    INFORMATION,
    LENGTH,
    MISMATCH,
    NOISE,
    RMSE,
)

HARNESS_API = 1

_PAPER = "J. Vacher, P. Mamassian, ICLR 2024, arXiv:2310.11759"
_MLDS = "L. Maloney, J. Yang, J. Vision 3, 573 (2003)"
_INSTALL = "infoharness[perceptual_scales]"
_SCIPY: dict[str, Any] = {"requires": ("scipy",), "install": _INSTALL}
_MODEL: dict[str, Any] = {"reads": StimulusPath, "gives": Scale, "paper": _PAPER}
_EXACT: dict[str, Any] = {"traits": ("deterministic",), **_MODEL}
_MEASURE: dict[str, Any] = {
    "reads": Scale,
    "gives": Estimate,
    "traits": ("deterministic",),
    "paper": _PAPER,
}

MODELS = (
    ModelSpec(
        name="straight-line",
        summary="a straight line",
        implementation="harness_perceptual_scales.scales:StraightLine",
        **_EXACT,
    ),
    ModelSpec(
        name="closed-form",
        summary="closed forms for a local feature of Gaussian textures",
        implementation="harness_perceptual_scales.scales:ClosedForm",
        **_EXACT,
        **_SCIPY,
    ),
    ModelSpec(
        name="whittle",
        summary="Gaussian fields with a spectrum at every step, seen with white noise",
        implementation="harness_perceptual_scales.scales:Whittle",
        settings="harness_perceptual_scales.settings:Whittle",
        **_EXACT,
    ),
    ModelSpec(
        name="gaussian-path",
        summary="Gaussian laws with a mean and a covariance at every step",
        implementation="harness_perceptual_scales.scales:GaussianPath",
        settings="harness_perceptual_scales.settings:Ridge",
        **_EXACT,
    ),
    ModelSpec(
        name="bures-path",
        summary="optimal transport between the Gaussian laws at both ends",
        implementation="harness_perceptual_scales.scales:BuresPath",
        settings="harness_perceptual_scales.settings:Transport",
        **_EXACT,
    ),
    ModelSpec(
        name="pixel",
        summary="optimal transport between the grey levels of two pictures",
        implementation="harness_perceptual_scales.scales:Pixel",
        settings="harness_perceptual_scales.settings:Transport",
        **_EXACT,
    ),
    ModelSpec(
        name="power-spectrum",
        summary="optimal transport between the power spectra of two pictures",
        implementation="harness_perceptual_scales.scales:PowerSpectrum",
        settings="harness_perceptual_scales.settings:PowerSpectrum",
        **_EXACT,
        **_SCIPY,
    ),
    ModelSpec(
        name="wavelet",
        summary="optimal transport between responses of oriented filters to two pictures",
        implementation="harness_perceptual_scales.scales:Wavelet",
        settings="harness_perceptual_scales.settings:Wavelet",
        **_EXACT,
    ),
    ModelSpec(
        name="vgg19",
        summary="optimal transport between maps of VGG-19 on two pictures",
        implementation="harness_perceptual_scales.scales:Network",
        settings="harness_perceptual_scales.settings:Network",
        requires=("torch",),
        install=_INSTALL,
        **_MODEL,
    ),
    ModelSpec(
        name="mlds",
        summary="difference scaling: the scale that makes choices most likely",
        implementation="harness_perceptual_scales.scaling:Mlds",
        settings="harness_perceptual_scales.settings:Scaling",
        reads=(DifferenceScaling, StimulusPath),
        gives=Scale,
        paper=_MLDS,
        **_SCIPY,
    ),
    ModelSpec(
        name="predicted",
        summary="a predicted scale that came with the choices",
        implementation="harness_perceptual_scales.scaling:Predicted",
        settings="harness_perceptual_scales.settings:Named",
        reads=DifferenceScaling,
        gives=Scale,
        traits=("deterministic",),
    ),
)
ESTIMATORS = (
    EstimatorSpec(
        name="scale-likelihood",
        summary="cross-entropy of choices under a scale, with only the noise fitted",
        implementation="harness_perceptual_scales.measures:ScaleLikelihood",
        quantity=CHOICES,
        **_MEASURE,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="area-matching",
        summary="area matching score against a measured scale",
        implementation="harness_perceptual_scales.measures:AreaMatching",
        quantity=AREA_MATCHING,
        **_MEASURE,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="area-mismatch",
        summary="distance of the area matching score to 1",
        implementation="harness_perceptual_scales.measures:AreaMismatch",
        quantity=MISMATCH,
        **_MEASURE,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="scale-rmse",
        summary="root mean square difference to a measured scale",
        implementation="harness_perceptual_scales.measures:ScaleRmse",
        quantity=RMSE,
        **_MEASURE,
        **_SCIPY,
    ),
    EstimatorSpec(
        name="scale-area",
        summary="signed area between a scale and the diagonal",
        implementation="harness_perceptual_scales.measures:ScaleArea",
        quantity=AREA,
        **_MEASURE,
    ),
    EstimatorSpec(
        name="scale-noise",
        summary="noise of the observer whom a scale was fitted to",
        implementation="harness_perceptual_scales.measures:ScaleNoise",
        quantity=NOISE,
        **_MEASURE,
    ),
    EstimatorSpec(
        name="scale-curve",
        summary="the scale itself, as a curve",
        implementation="harness_perceptual_scales.measures:ScaleCurve",
        **_MEASURE | {"gives": Curve},
    ),
    EstimatorSpec(
        name="fisher-length",
        summary="integral of the root of the Fisher information along the path",
        implementation="harness_perceptual_scales.measures:FisherLength",
        quantity=LENGTH,
        **_MEASURE,
    ),
    EstimatorSpec(
        name="gaussian-fisher",
        summary="Fisher information of Gaussian laws at the steps, by formula",
        implementation="harness_perceptual_scales.information:GaussianFisher",
        settings="harness_perceptual_scales.settings:Laws",
        reads=StimulusPath,
        gives=Estimate,
        quantity=INFORMATION,
        traits=("deterministic", "local-mean"),
        paper=_PAPER,
    ),
    EstimatorSpec(
        name="score-fisher",
        summary="Fisher information from scores of samples at the steps",
        implementation="harness_perceptual_scales.information:ScoreFisher",
        settings="harness_perceptual_scales.settings:Draws",
        reads=StimulusPath,
        gives=Estimate,
        quantity=INFORMATION,
        traits=("local-mean",),
        paper=_PAPER,
    ),
)
SCALES = ReportSpec(
    name="scales",
    summary="measured and predicted scales, a panel for each case, with error bands",
    implementation="harness_perceptual_scales.reports.scales:Scales",
    reads=("perceptual_scales/scale-curve",),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Predictions of scales, and fits to choices."""
    return MODELS


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Figures of scales, and Fisher information."""
    return ESTIMATORS


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The picture of scales."""
    return (SCALES,)
