"""What flows through sequences. Plugin `token_semantics` declares the same for its estimators."""

from harness import Quantity

DIRECTED_INFORMATION = Quantity(
    "directed_information", "nats", "truth", lower=0.0, summary="I(X^n -> Y^n) per step"
)
REVERSE_INFORMATION = Quantity(
    "reverse_information",
    "nats",
    "truth",
    lower=0.0,
    summary="I(Y^(n-1) -> X^n) per step, from the strict past of Y",
)
INSTANTANEOUS_INFORMATION = Quantity(
    "instantaneous_information",
    "nats",
    "truth",
    lower=0.0,
    summary="I(X_t; Y_t) given both pasts",
)
INFORMATION_RATE = Quantity(
    "mutual_information_rate", "nats", "truth", lower=0.0, summary="I(X^n; Y^n) per step"
)
TRANSFER_ENTROPY = Quantity(
    "transfer_entropy",
    "nats",
    "truth",
    lower=0.0,
    summary="I(Y_t; past of X) given the past of Y, and of a driver where there is one",
)
EVIDENCE_BOUND = Quantity(
    "evidence_bound", "nats", "truth", summary="lower bound on the mean of ln p(sequence)"
)
MEMORY_CAPACITY = Quantity(
    "memory_capacity",
    "",
    "truth",
    lower=0.0,
    summary="patterns per dimension that a linear threshold unit can store",
)
RATE_ERROR = Quantity(
    "rate_error",
    "nats",
    "lower",
    lower=0.0,
    summary="largest distance of a curve from the known one, over its points",
)
