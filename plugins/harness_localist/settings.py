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
    smoothing: float = param(
        1e-3, "count that is added to every word of every block", above=0.0
    )
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
