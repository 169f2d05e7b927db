"""What kernels and states hold. Plugin `markov_categories` declares the same for its estimators."""

from harness import Quantity

INFORMATION_SURPLUS = Quantity(
    "information_surplus",
    "nats",
    "truth",
    lower=0.0,
    summary="I(state; tokens after the next one | next token)",
)
TOTAL_VARIATION = Quantity(
    "entropy_tv",
    "",
    "truth",
    lower=0.0,
    upper=1.0,
    summary="mean of 1 - sum p^2 over the rows of a kernel",
)
HELLINGER = Quantity(
    "entropy_hellinger",
    "",
    "truth",
    lower=0.0,
    upper=2.0,
    summary="mean of 2 - 2 sum p^(3/2) over the rows of a kernel",
)
RENYI = Quantity(
    "entropy_renyi",
    "nats",
    "truth",
    lower=0.0,
    summary="mean Rényi entropy of order 2 - a of the rows of a kernel, here with a = 1/2",
)
CHI_SQUARED = Quantity(
    "entropy_chi2",
    "",
    "truth",
    lower=0.0,
    summary="mean number of possible tokens less one, over the rows of a kernel",
)
JENSEN_SHANNON = Quantity(
    "entropy_js",
    "nats",
    "truth",
    lower=0.0,
    upper=0.6931471805599453,
    summary="mean Jensen-Shannon divergence of copied tokens from independent ones",
)
ENTROPY_GAP = Quantity(
    "entropy_gap",
    "",
    "lower",
    lower=0.0,
    summary="distance of the mean entropy of a model's kernel from that of the data's",
)
CALIBRATION_GAP = Quantity(
    "calibration_gap",
    "nats",
    "truth",
    summary="cross-entropy less the mean entropy of the model's own laws; above 0: too sure",
)
