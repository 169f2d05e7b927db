"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param

Component = Literal["u", "r", "f", "p", "s"]
"""Structure, neighbourhoods, features, propagated features without and with the node itself."""

COMPONENTS: tuple[Component, ...] = ("u", "r", "f", "p", "s")


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """How the components are embedded, and how they are compared across a pair of nodes."""

    dim: int = param(128, "largest number of columns of each component", low=1)
    walks: Literal["exact", "sampled"] = param(
        "exact", "walk matrix of component r: its expectation, or counts of sampled walks"
    )
    trials: int = param(200, "number of sampled walks from each node", low=1)
    threshold: int = param(1, "number of sampled visits up to which a count is dropped", low=0)
    adjust: Literal["compatibility", "identity"] = param(
        "compatibility",
        "similarity of a pair: z_i H* z_j with the compatibility matrix H*, or z_i z_j",
    )
    centre: Literal["warm", "zero"] = param(
        "warm", "matrix that H* is damped towards: a ridge regression, or zero"
    )
    damp: float = param(1.0, "weight of the damping of H*", low=0.0)
    tolerance: float = param(0.01, "relative residual at which the solver of H* stops", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Vectors(Embedding):
    """Parameters of the models."""

    pair: Literal["similarity", "products"] = param(
        "similarity",
        "columns of a pair of nodes: one similarity per component, or the products that it sums",
    )


@dataclass(frozen=True, kw_only=True)
class Choice(Embedding):
    """Which components are used."""

    components: tuple[Component, ...] = param(
        COMPONENTS,
        "components that are used: structure u, neighbourhoods r, features f, and features "
        "averaged over two hops without (p) and with (s) the node itself",
    )


@dataclass(frozen=True, kw_only=True)
class Probe(Choice):
    """Parameters of the estimator `nui`."""

    bins: int = param(8, "number of bins of similarities, and of a single column", low=2)
    clusters: int = param(8, "number of clusters per class, for vectors", low=1)
    part: Literal["valid", "test"] = param(
        "valid", "part of the data that is counted; test where there is no validation part"
    )
    correction: Literal["none", "miller-madow"] = param(
        "none", "correction of the entropy for its bias at small counts"
    )
    shuffles: int = param(
        20, "number of shuffles of the labels for the null score in the diagnostics", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Parameters of `label-informativeness` and `adjusted-homophily`."""

    labels: Literal["known", "all"] = param(
        "known", "classes that are read: those outside the test part, or all"
    )


@dataclass(frozen=True, kw_only=True)
class Sparse:
    """How a sparse linear model is fitted."""

    sparsity: tuple[float, ...] = param(
        (1e-4, 1e-5), "penalties of the absolute weights that are tried", low=0.0
    )
    group: tuple[float, ...] = param(
        (1e-3, 1e-4, 1e-5, 1e-6),
        "penalties of the length of each component's weights that are tried",
        low=0.0,
    )
    steps: int = param(
        500, "largest number of steps of the solver, for each pair of penalties", low=1
    )
    patience: int = param(
        5, "number of evaluations of the validation part without improvement that end a fit", low=1
    )
    batch: int = param(
        0, "number of training units in a step; 0 for all of them in every step", low=0
    )
    rate: float = param(0.5, "factor of the step length, where a step has a batch", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Act(Sparse, Choice):
    """Parameters of the estimator `netinfof-act`."""


@dataclass(frozen=True, kw_only=True)
class SlimG(Sparse):
    """Parameters of the estimator `slimg`."""

    dim: int = param(128, "largest number of columns of each component", low=1)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a network is trained."""

    hidden: int = param(
        64, "width of the hidden layer, and of the vectors that links are scored by", low=1
    )
    epochs: int = param(
        300, "largest number of steps of Adam, each on the whole training part", low=1
    )
    patience: int = param(
        100, "number of steps without a better validation value that end the training", low=1
    )
    learning_rate: float = param(0.01, "learning rate of Adam", above=0.0)
    decay: float = param(5e-5, "weight decay of Adam", low=0.0)
    dropout: float = param(
        0.5, "share of the inputs of each layer that training drops", low=0.0, high=0.95
    )


@dataclass(frozen=True, kw_only=True)
class Network(Device, Training):
    """Parameters of the networks."""


@dataclass(frozen=True, kw_only=True)
class GPR(Network):
    """Parameters of the estimator `gpr-gnn`."""

    hops: int = param(10, "number of propagations, the degree of the polynomial", low=1)
    restarts: tuple[float, ...] = param(
        (0.1, 0.5, 0.9),
        "restart probabilities of the PageRank that the weights of the hops begin with; the best "
        "in validation is kept",
        above=0.0,
        high=1.0,
    )
