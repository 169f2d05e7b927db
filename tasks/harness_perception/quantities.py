"""What the tasks know the truth of, or score. Those that estimators of scales measure are declared
in the same words by `perceptual_scales`; the host refuses declarations that differ."""

from harness import Quantity

AREA_MATCHING = Quantity(
    "area_matching",
    "",
    "truth",
    summary="area between a scale and the diagonal on the side of the reference, as a share of its",
)
AREA = Quantity(
    "scale_area",
    "",
    "truth",
    lower=-0.5,
    upper=0.5,
    summary="signed area between a scale and the diagonal",
)
NOISE = Quantity(
    "scale_noise", "", "truth", lower=0.0, summary="noise of an observer, in units of the scale"
)
LENGTH = Quantity(
    "fisher_length",
    "",
    "truth",
    lower=0.0,
    summary="integral of the root of the Fisher information along a path",
)
INFORMATION = Quantity(
    "fisher_information",
    "1/s^2",
    "truth",
    lower=0.0,
    summary="about the parameter of a path, mean over its steps",
)
ERROR = Quantity(
    "scale_error", "", "lower", lower=0.0, summary="largest difference of a scale to the reference"
)
MIDDLE = Quantity("scale_middle", "", "none", summary="the scale at the middle of the path")
