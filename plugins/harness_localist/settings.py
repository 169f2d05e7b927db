"""Settings of models and estimators: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How mixtures of blocks are fitted, and what their parameters cost."""

    largest: int = param(12, "largest number of blocks that is tried", low=1, high=12)
    restarts: int = param(5, "number of starts of each number of blocks; the best is kept", low=1)
    steps: int = param(60, "number of steps of expectation and maximization", low=1)
    smoothing: float = param(1e-3, "count that is added to every word of every block", above=0.0)
    units: Literal["documents", "tokens"] = param(
        "documents",
        "exchangeable units N: a parameter costs half of log2 N bits",
    )


@dataclass(frozen=True, kw_only=True)
class BlockMixture(Mixture):
    """Parameters of `mixture`."""

    beyond: int = param(
        2, "number of refused blocks in a row after which no larger mixture is tried", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Experts(Mixture):
    """Parameters of `experts`."""

    most: int = param(8, "largest number of experts that is tried", low=1)
    bits_per_parameter: float = param(
        0.0,
        "bits in which a trainable parameter of an expert is stored; 0 for half of log2 N",
        low=0.0,
        unit="bits",
    )


@dataclass(frozen=True, kw_only=True)
class BlockStep:
    """When a block is recruited."""

    hysteresis: float = param(
        0.01,
        "gain below which nothing is recruited, as a share of what the parameters cost; one bit at "
        "least",
        low=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class ExpertStep(BlockStep):
    """When an expert is recruited."""

    hysteresis: float = param(
        0.1,
        "gain below which nothing is recruited, as a share of what the parameters cost; one bit at "
        "least",
        low=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One bilinear layer of attention: its training, and its use."""

    penalty: Literal["none", "mass", "group", "weights"] = param(
        "mass",
        "what the dial of the data weighs in training: attention outside of the block (mass), "
        "norms of attention to each other block (group), or the group lasso on weights between "
        "blocks (weights)",
    )
    steps: int = param(150, "number of training steps on the whole batch", low=1)
    learning_rate: float = param(0.1, "learning rate of Adam", above=0.0)
    step_size: float = param(
        60.0, "step size of proximal gradient descent, for penalty=weights", above=0.0
    )
    largest_weight: float = param(
        0.0,
        "weight of the group lasso at dial 1; 0 for the largest gradient of a part between blocks "
        "in training without a penalty",
        low=0.0,
    )
    temperature: float = param(1.0, "temperature of the softmax", above=0.0)
    start: float = param(0.01, "standard deviation of the initial weights", above=0.0)
    bias: float = param(
        0.0,
        "dial at use: share of beta that is taken off logits outside of the block",
        low=0.0,
        high=1.0,
    )
    beta: float = param(6.0, "largest bias at use, over the temperature", low=0.0)
    training_seed: int = param(0, "seed of the initial weights", low=0)


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """Which pointer fidelity is measured."""

    form: Literal["mass", "single", "argmax"] = param(
        "mass",
        "attention on all targets (mass); on the target of queries that have one alone (single); "
        "or the share of queries whose largest weight is on a target (argmax)",
    )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that is added to the logits when a network is used."""

    fidelity: float = param(
        0.9, "fidelity that every row is to reach, below 1", above=0.0, high=0.999999
    )
    strength: float = param(
        0.0, "bonus of targets over the temperature; 0 for what the fidelity needs", low=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """Words that stand for a block."""

    per_block: int = param(3, "largest number of anchors of a block", low=1)
    support: int = param(5, "smallest number of documents that an anchor occurs in", low=1)
    margin: float = param(
        0.1,
        "smallest lead of pointwise mutual information over the second-best block",
        low=0.0,
        unit="nats",
    )
    shuffles: int = param(99, "number of permutations of the blocks for the p value", low=0)
