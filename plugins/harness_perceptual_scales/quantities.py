"""The quantities of scales. The task package `perception` declares those of them that it knows the
truth of in the same words; the host refuses declarations that differ."""

from harness import Quantity

CHOICES = Quantity(
    "choice_cross_entropy",
    "nats",
    "lower",
    lower=0.0,
    summary="of choices under a scale of which only the noise is fitted, per trial",
)
AREA_MATCHING = Quantity(
    "area_matching",
    "",
    "truth",
    summary="area between a scale and the diagonal on the side of the reference, as a share of its",
)
MISMATCH = Quantity(
    "area_mismatch", "", "lower", lower=0.0, summary="distance of the area matching score to 1"
)
RMSE = Quantity(
    "scale_rmse", "", "lower", lower=0.0, summary="root mean square difference to the reference"
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
