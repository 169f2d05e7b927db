"""What the tasks have truths for."""

from harness import Quantity

POINTER_FIDELITY = Quantity(
    "pointer_fidelity",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="attention on the keys that a rule points to, mean over queries that have such keys",
)
ATTENTION_ENTROPY = Quantity(
    "attention_entropy",
    "nats",
    "none",
    lower=0.0,
    summary="entropy of the rows of attention, mean over queries and heads",
)
FIDELITY_SLACK = Quantity(
    "fidelity_slack",
    "",
    "none",
    summary="pointer fidelity above what the margin of the logits promises",
)
ENTROPY_SLACK = Quantity(
    "entropy_slack",
    "nats",
    "none",
    summary="attention entropy below what the margin of the logits allows",
)
RECRUITED_BLOCKS = Quantity(
    "recruited_blocks", "", "truth", lower=1.0, summary="number of blocks that shorten the code"
)
RECRUITED_EXPERTS = Quantity(
    "recruited_experts", "", "truth", lower=1.0, summary="number of experts that shorten the code"
)
