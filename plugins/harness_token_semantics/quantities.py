"""What flows through sequences. Plugin `sequences` declares those with truths, too."""

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
GROMOV_WASSERSTEIN = Quantity(
    "gromov_wasserstein",
    "",
    "lower",
    lower=0.0,
    summary="distance of two sets of vectors by their inner distances alone",
)
GENERALIZATION_GAP = Quantity(
    "generalization_gap",
    "nats",
    "none",
    summary="cross-entropy on the test part less that on the training part, per symbol",
)
GENERALIZATION_BOUND = Quantity(
    "generalization_bound",
    "nats",
    "none",
    lower=0.0,
    summary="how much more than on its training tokens a head may lose on others, from its norms",
)
