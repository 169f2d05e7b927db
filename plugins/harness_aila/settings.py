"""Settings of the sweeps and of the measures: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Radius:
    """How near is near."""

    radius: int = param(
        1, "distance between query and key up to which attention counts as local", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Which predictions count."""

    queries: Literal["all", "pointed"] = param(
        "all", "predictions that count: all, or those for which the rule has a target"
    )


@dataclass(frozen=True, kw_only=True)
class Bins(Queries):
    """How confidence is binned."""

    bins: int = param(15, "number of bins of equal width of confidence", low=1)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Values of the dial, one case for each."""

    dials: tuple[float, ...] = param(
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
        "values of the locality dial, from 0 (distributed) to 1 (localist)",
        low=0.0,
        high=1.0,
    )
    preset: Literal["none", "paper"] = param(
        "none", "paper: the dial from 0 to 1 by 0.1, and networks of two layers"
    )
    training_seed: int = param(
        -1, "seed of the initial weights; -1 for the seed of the run, so that seeds differ", low=-1
    )

    @property
    def values(self) -> tuple[float, ...]:
        """The values of the dial."""
        return tuple(i / 10 for i in range(11)) if self.preset == "paper" else self.dials


@dataclass(frozen=True, kw_only=True)
class Blocks(Sweep):
    """Parameters of `dial-blocks`."""

    forms: tuple[Literal["mass", "group", "bias"], ...] = param(
        ("mass", "group", "bias"),
        "what the dial is: a penalty in training on attention outside of the block (mass) or on "
        "its norm on each other block (group), or a bias at use against other blocks (bias)",
    )
    steps: int = param(150, "number of training steps on the whole batch", low=1)


@dataclass(frozen=True, kw_only=True)
class Transformer(Device, Sweep):
    """A small transformer, trained anew for each weight of a penalty alone."""

    forms: tuple[Literal["mass", "told", "bias", "distance"], ...] = param(
        ("mass", "bias", "distance"),
        "what the dial is: a penalty in training on attention outside of the targets (mass), a "
        "penalty of a network that is told the dial (told), or a bias at use against keys that "
        "are not targets (bias) or that are far away (distance)",
    )
    schedule: float = param(
        0.0, "exponent b of the share ((l + 1) / layers)^b of the dial in layer l", low=0.0
    )
    weight: float = param(1.0, "weight of the penalty in the loss at dial 1", above=0.0)
    layers: int = param(2, "number of transformer blocks", low=1)
    heads: int = param(2, "number of attention heads in a block", low=1)
    width: int = param(64, "width of the hidden states; a multiple of heads", low=1)
    learning_rate: float = param(3e-3, "largest learning rate of AdamW", above=0.0)
    windows: int = param(64, "largest number of windows whose attention is read", low=1)


@dataclass(frozen=True, kw_only=True)
class Induction(Transformer):
    """Parameters of `dial-induction`."""

    rule: Literal["induction", "induction-latest"] = param(
        "induction-latest",
        "targets of a query: the token after every earlier occurrence of its token, or after the "
        "last of them",
    )
    layer: int = param(
        -1, "layer whose attention is penalized, from 0, negative from the last; the first one "
        "has to find the previous token"
    )  # fmt: skip
    length: int = param(48, "number of tokens in a sequence", low=4)
    symbols: int = param(32, "number of different tokens", low=4)
    periods: tuple[int, ...] = param(
        (8, 24),
        "least and largest period, drawn for each sequence; one number fixes it, and lets the "
        "network solve the task by positions alone",
        low=2,
    )
    sequences: int = param(2000, "number of sequences to train on", low=2)
    steps: int = param(400, "number of training steps", low=1)
    batch: int = param(32, "number of sequences in a training step", low=1)


@dataclass(frozen=True, kw_only=True)
class Text(Transformer):
    """Parameters of `dial-text`."""

    dataset: str = param(
        "pydoc",
        "text: pydoc (CPython's manual), a file, or an id on the Hugging Face hub such as "
        "Salesforce/wikitext",
    )
    config: str = param("", "configuration of a Hugging Face data set, such as wikitext-2-raw-v1")
    rule: str = param("word", "rule that gives targets, as of lm/tiny-lm-pointers")
    window: int = param(128, "number of bytes that the network can see", low=2)
    steps: int = param(150, "number of training steps", low=1)
    batch: int = param(16, "number of windows in a training step", low=1)
