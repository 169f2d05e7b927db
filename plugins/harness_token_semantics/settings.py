"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Counts of what follows the last steps."""

    memory: int = param(1, "number of past steps of both sequences that are counted", low=1)
    miller_madow: bool = param(
        True, "whether the leading term of the bias is subtracted (Miller and Madow)"
    )


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Transfer entropy from counts."""

    source_lags: int = param(1, "number of past steps of x", low=1)
    target_lags: int = param(1, "number of past steps of y", low=1)
    driver_lags: int = param(2, "number of past steps of z, where there is one", low=1)
    miller_madow: bool = param(
        True, "whether the leading term of the bias is subtracted (Miller and Madow)"
    )
    surrogates: int = param(
        100, "number of shifted copies of x that the value is compared with", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Depth:
    """Context trees."""

    depth: int = param(3, "longest context of the tree, in steps", low=1)


@dataclass(frozen=True, kw_only=True)
class ContextTree(Depth):
    """Estimates from context trees."""

    form: Literal["E1", "E2", "E3", "E4"] = param(
        "E4",
        "estimate: log-loss, entropies, divergence given x, or divergence of the joint law",
    )
    skipped: float = param(
        0.0,
        "share of the steps that the trees learn from before the mean begins",
        low=0.0,
        high=0.9,
    )


@dataclass(frozen=True, kw_only=True)
class Autoregression:
    """Gaussian series."""

    order: int | None = param(
        None, "number of past steps; none takes the one with the least Bayesian criterion", low=1
    )
    longest: int = param(10, "largest number of past steps that is considered", low=1)
    method: Literal["riccati", "ols"] = param(
        "riccati",
        "past of y alone: exact for the fitted system, or a regression on as many steps",
    )


@dataclass(frozen=True, kw_only=True)
class Sweeps:
    """Alternating minimization."""

    tolerance: float = param(
        1e-10, "distance from the optimum at which a point is taken", above=0.0, unit="nats"
    )
    sweeps: int = param(2_000, "most sweeps at each slope", low=1)


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Where on its curve a problem is looked at."""

    slopes: tuple[float, ...] = param(
        (0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
        "slopes -dR/dD at which the curve is wanted",
        low=0.0,
        unit="nats per distortion",
    )


@dataclass(frozen=True, kw_only=True)
class Reward(Sweeps):
    """Rate against reward."""

    optimize: bool = param(
        False, "whether the reference is optimized even where the problem states one"
    )


@dataclass(frozen=True, kw_only=True)
class Horizon(Sweeps):
    """Rates of sequences."""

    horizon: int = param(8, "number of steps; the rate is that of the last two", low=3)
    history: int | None = param(
        None, "number of past outputs that a channel remembers; none for all of them", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Coupling:
    """Matching two sets of vectors."""

    most: int = param(500, "number of vectors that are matched; more are drawn from", low=2)
    starts: int = param(4, "number of random couplings to start from, besides two others", low=0)


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Contrastive predictive coding."""

    candidates: int = param(64, "number of futures of which one is the right one", low=2)
    degree: Literal[1, 2] = param(2, "highest power of each coordinate among the features")
    penalty: float = param(1e-4, "weight of the squared weights in the loss", above=0.0)
    iterations: int = param(200, "most iterations of L-BFGS", low=1)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Storage of random labels."""

    margin: float = param(
        0.0, "margin with which patterns are stored, in standard deviations", low=0.0
    )
    trials: int = param(100, "number of random orders and labels", low=2)


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """The law of the source that a bound is computed with."""

    temperature: float = param(
        1.0, "temperature of the posterior that is used: at 1 the bound is reached", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Norms:
    """A bound from norms."""

    failure: float = param(
        0.05, "probability with which the bound may not hold", above=0.0, high=0.99
    )
    tokens: int | None = param(
        None, "number of tokens that the head was fitted to; none for as many as there are", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Device):
    """A language model of transformers."""

    model: str = param("", "folder of a checkpoint, or an id of the hub")
    pairs: int = param(64, "most pairs that are read", low=1)
    tokens: int = param(32, "most tokens of a reply that are read", low=1)


@dataclass(frozen=True, kw_only=True)
class MaskedCheckpoint(Checkpoint):
    """A masked language model of transformers."""

    orders: int = param(4, "number of random orders in which a reply is uncovered", low=1)
