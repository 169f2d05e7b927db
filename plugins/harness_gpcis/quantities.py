"""The quantities of sessions and of latent numbers. The task package `images` declares those of
them that it scores, or knows the truth of, in the same words; the host refuses declarations that
differ."""

from harness import Quantity

CLICKS_TO = Quantity(
    "clicks_to_target", "clicks", "lower", lower=1.0,
    summary="clicks until an overlap is reached, the limit where it never is (NoC)",
)  # fmt: skip
MISSED = Quantity(
    "missed_targets", "", "lower", lower=0.0, upper=1.0,
    summary="share of sessions that do not reach an overlap in time (NoF)",
)  # fmt: skip
WRONG_CLICKS = Quantity(
    "wrong_clicks", "clicks", "lower", lower=0.0,
    summary="clicks that the last mask contradicts, per picture (NoIC)",
)  # fmt: skip
OVERLAP = Quantity(
    "click_overlap", "", "higher", lower=0.0, upper=1.0, summary="overlap after some clicks (IoU@k)"
)
USABLE = Quantity(
    "usable_information", "nats/pixel", "higher",
    summary="what five clicks spare in the code of the mask, against the share of object pixels",
)  # fmt: skip
BOUND = Quantity(
    "click_evidence_bound", "nats/click", "higher", upper=0.0,
    summary="lower bound of the log probability of the signs of clicks, given their places",
)  # fmt: skip
GAIN = Quantity(
    "click_information", "nats", "none", lower=0.0,
    summary="mutual information of the latent field and noisy observations at the clicks",
)  # fmt: skip
ENTROPY = Quantity(
    "predictive_entropy", "nats", "truth", lower=0.0,
    summary="entropy of a label, given the law of its latent number",
)  # fmt: skip
BALD = Quantity(
    "bald", "nats", "truth", lower=0.0,
    summary="mutual information of a label and its latent number",
)  # fmt: skip
