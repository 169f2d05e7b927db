"""What is measured, beyond the quantities that several plugins measure."""

from __future__ import annotations

from harness import Quantity

V_ENTROPY = Quantity(
    "v_entropy",
    "nats",
    "none",
    summary="H_V(Y), the uncertainty that the family leaves without the input",
)
CONDITIONAL_V_ENTROPY = Quantity(
    "conditional_v_entropy",
    "nats",
    "lower",
    summary="H_V(Y|X), the uncertainty that the family leaves with the input, on held-out data",
)
LEAST_SLICE = Quantity(
    "least_slice_v_information", "nats", "higher", summary="V-information of the worst slice"
)
CALIBRATION = Quantity(
    "calibration_error", "", "lower", lower=0.0, upper=1.0, summary="expected calibration error"
)
MISLABELLED = Quantity(
    "mislabelled_auroc",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="area under the ROC curve of a low PVI as a sign of a wrong label",
)
ARTEFACT = Quantity(
    "token_artefact",
    "nats",
    "none",
    summary="largest mean fall of ln p(y|x) when one token is left out",
)
ROUGE = Quantity(
    "rouge_l",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="F-measure of the longest common subsequence of words",
)
