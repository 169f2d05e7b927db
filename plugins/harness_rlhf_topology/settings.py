"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Responses that are compared again and again."""

    leaves: int = param(
        0, "number of responses that are compared; 0 for as many as there are comparisons", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Responses that are spread over the prefixes."""

    depth: int = param(
        0, "depth of the prefixes that get one response each; 0 for the best depth", low=0
    )
    branching: int = param(
        0, "largest number of continuations of a prefix that are used; 0 for all", low=0
    )
    leaves: int = param(
        0, "largest number of responses, in place of a depth; 0 for the best depth", low=0
    )
    judged_by: Literal["path", "exact"] = param(
        "path", "distance by which the best depth is chosen, on pairs of its own"
    )


@dataclass(frozen=True, kw_only=True)
class Active:
    """Comparisons that are chosen one after another."""

    candidates: int = param(2000, "number of random pairs that are chosen from", low=2)


@dataclass(frozen=True, kw_only=True)
class Structure:
    """How the structural function is fitted."""

    law: Literal["auto", "polynomial", "logarithmic", "sub-logarithmic"] = param(
        "auto", "law of F(M) that is fitted; auto for the one that fits best"
    )
    skip: int = param(
        2, "number of times that the finest partition is halved before it counts in the fit", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How rewards become a distribution over responses."""

    beta: float = param(1.0, "inverse temperature of decoding", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How the posterior mode is found."""

    steps: int = param(100, "largest number of Newton steps", low=1)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Comparisons as pairs of numbers."""

    shown: Literal["margin", "label"] = param(
        "margin", "what the annotator says: the margin, or only which response is preferred"
    )


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Comparisons as vectors."""

    columns: int = param(64, "largest number of prefixes, the shallowest first", low=1)


@dataclass(frozen=True, kw_only=True)
class HubModel(Device):
    """A model of transformers."""

    model: str = param("", "folder of a model, or its id on the Hugging Face hub")
    revision: str = param("main", "revision of the model on the hub")
    max_length: int = param(512, "number of tokens that are read; the beginning is cut off", low=8)
    batch: int = param(8, "number of texts or pairs of texts in a batch", low=1)


@dataclass(frozen=True, kw_only=True)
class RewardModel(HubModel):
    """A sequence classifier with one output, trained on preferences."""

    steps: int = param(200, "number of steps of AdamW; 0 uses the model as it is", low=0)
    learning_rate: float = param(1e-4, "learning rate of AdamW", above=0.0)
    lora_rank: int = param(8, "rank of the low-rank updates; 0 trains all weights", low=0)


@dataclass(frozen=True, kw_only=True)
class Generator(HubModel):
    """Algorithm 1: a tree of responses for each prompt."""

    judge: str = param(
        "", "sequence classifier with one output whose score is the reward; empty for none"
    )
    depth: int = param(3, "depth at which branches end", low=1)
    branching: int = param(2, "number of continuations of an open prefix", low=1)
    nodes: int = param(64, "largest number of nodes of a tree", low=2)
    separator: str = param("", "text that ends a segment; empty for a number of tokens alone")
    segment_tokens: int = param(16, "largest number of tokens of a segment", low=1)
    leaf_tokens: int = param(64, "largest number of tokens that complete a response", low=0)
    hot: float = param(1.4, "temperature of sampling at the root", above=0.0)
    cold: float = param(1.0, "temperature of sampling at the last depth", above=0.0)
    alpha: float = param(0.5, "exponent of the prior variances by depth", above=0.0)
    noise: float = param(0.1, "variance of the noise of a comparison", low=0.0)
    budget: int = param(256, "number of comparisons that a data set may have", low=1)
    tests: int = param(128, "number of test pairs", low=1)
    prompts: int = param(8, "largest number of prompts that are used", low=1)
