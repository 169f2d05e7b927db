"""What sessions of clicks are scored by, and the information in latent numbers. Those that
estimators measure are declared in the same words by `gpcis`; the host refuses declarations that
differ."""

from harness import Quantity

CLICKS_90 = Quantity(
    "clicks_90", "clicks", "lower", lower=1.0,
    summary="clicks until an overlap of 0.90, the limit where it is never reached (NoC@90)",
)  # fmt: skip
CLICKS_85 = Quantity(
    "clicks_85", "clicks", "lower", lower=1.0,
    summary="clicks until an overlap of 0.85, the limit where it is never reached (NoC@85)",
)  # fmt: skip
FAILURES = Quantity(
    "failures_90", "", "lower", lower=0.0, upper=1.0,
    summary="share of pictures that never reach an overlap of 0.90 (NoF@90)",
)  # fmt: skip
WRONG_CLICKS = Quantity(
    "wrong_clicks", "clicks", "lower", lower=0.0,
    summary="clicks that the last mask contradicts, per picture (NoIC)",
)  # fmt: skip
OVERLAP_1 = Quantity(
    "overlap_1", "", "higher", lower=0.0, upper=1.0, summary="overlap after the first click"
)
OVERLAP_5 = Quantity(
    "overlap_5", "", "higher", lower=0.0, upper=1.0, summary="overlap after five clicks"
)
OVERLAP_20 = Quantity(
    "overlap_20", "", "higher", lower=0.0, upper=1.0, summary="overlap after twenty clicks"
)
CODE = Quantity(
    "mask_code_length", "nats/pixel", "lower", lower=0.0,
    summary="what the true mask costs after five clicks",
)  # fmt: skip
USABLE = Quantity(
    "usable_information", "nats/pixel", "higher",
    summary="what five clicks spare in the code of the mask, against the share of object pixels",
)  # fmt: skip
FORECAST = Quantity(
    "forecast", "", "none", summary="what foretells the number of clicks, mean over pictures"
)
ENTROPY = Quantity(
    "predictive_entropy", "nats", "truth", lower=0.0,
    summary="entropy of a label, given the law of its latent number",
)  # fmt: skip
BALD = Quantity(
    "bald", "nats", "truth", lower=0.0,
    summary="mutual information of a label and its latent number",
)  # fmt: skip
SCORED = (
    *(CLICKS_90, CLICKS_85, FAILURES, WRONG_CLICKS, OVERLAP_1, OVERLAP_5, OVERLAP_20, CODE, USABLE),
    FORECAST,
)
