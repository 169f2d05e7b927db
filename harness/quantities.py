"""The quantities that several methods measure, so that they meet in one table.

A plugin measures one of these where the meaning is the same, and declares its own otherwise.
"""

from harness.specs import Quantity

ENTROPY = Quantity(
    "entropy", "nats", "truth", summary="H(X), Shannon entropy; differential where X is continuous"
)
MUTUAL_INFORMATION = Quantity("mutual_information", "nats", "truth", lower=0.0, summary="I(X;Y)")
CONDITIONAL_MUTUAL_INFORMATION = Quantity(
    "conditional_mutual_information", "nats", "truth", lower=0.0, summary="I(X;Y|Z)"
)
V_INFORMATION = Quantity(
    "v_information", "nats", "higher", summary="usable information I_V(X -> Y)"
)
ACCURACY = Quantity(
    "accuracy", "", "higher", lower=0.0, upper=1.0, summary="share of correct predictions"
)
CROSS_ENTROPY = Quantity(
    "cross_entropy",
    "nats",
    "lower",
    lower=0.0,
    summary="of a model, per symbol of the data; at least the entropy rate",
)
EFFECTIVE_FEATURES = Quantity(
    "effective_features",
    "",
    "truth",
    lower=1.0,
    summary="exp of the entropy of the shares that features have in a layer",
)
INTRINSIC_DIMENSION = Quantity(
    "intrinsic_dimension",
    "",
    "none",
    lower=0.0,
    summary="dimension of the set that the data lie on, at the smallest scale",
)
