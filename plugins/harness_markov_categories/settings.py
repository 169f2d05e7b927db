"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Direction:
    """Divergences that have one."""

    reverse: bool = param(
        False,
        "whether the divergence is that of independent tokens from copied ones, which is infinite "
        "for every row that is not certain",
    )


@dataclass(frozen=True, kw_only=True)
class Order:
    """Rényi divergences."""

    order: float = param(0.5, "order of the Rényi divergence; 1 is that of Kullback", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Gap(Order):
    """Entropies of two kernels."""

    divergence: Literal["kl", "tv", "hellinger", "renyi", "js"] = param(
        "kl", "divergence that the entropies are made of"
    )


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Information from counts."""

    miller_madow: bool = param(
        True, "whether the leading term of the bias is subtracted (Miller and Madow)"
    )


@dataclass(frozen=True, kw_only=True)
class Probe(Device):
    """Networks that foretell tokens from states: one hidden layer, trained with early stopping."""

    hidden: int = param(64, "width of the hidden layer", low=1)
    learning_rate: float = param(3e-3, "learning rate of Adam", above=0.0)
    batch: int = param(128, "number of states in a batch", low=1)
    epochs: int = param(60, "most passes over the training part", low=1)
    patience: int = param(
        5, "number of passes without a better validation part after which training ends", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Similarity of the laws that two contexts predict."""

    operator: Literal["logp", "bc", "hellinger-rbf", "chi2", "linear", "prototype"] = param(
        "logp",
        "operator: products of log-laws, Bhattacharyya coefficients, Gaussian of the Hellinger "
        "distance, chi-squared (canonical correlations), products of laws, or products of the "
        "mean rows of the head",
    )
    beta: float = param(1.0, "sharpness of hellinger-rbf", above=0.0)
    most: int = param(1000, "number of states that are looked at; more are drawn from", low=3)


@dataclass(frozen=True, kw_only=True)
class Alignment(Operator):
    """A representation beside the leading eigenspace of an operator."""

    k: int = param(2, "dimension of the eigenspace; at most the rank of the operator", low=1)


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Similarities of laws that are never negative."""

    operator: Literal["bc", "linear", "hellinger-rbf"] = param(
        "bc",
        "similarity: Bhattacharyya coefficient, product of laws, or Gaussian of the Hellinger "
        "distance",
    )
    beta: float = param(1.0, "sharpness of hellinger-rbf", above=0.0)
    most: int = param(1000, "number of states that are looked at; more are drawn from", low=3)


@dataclass(frozen=True, kw_only=True)
class FiniteHead:
    """A free state for each context and a softmax head, trained on whole kernels."""

    width: int = param(5, "dimension of the states", low=1)
    steps: int = param(3000, "number of steps of Adam", low=1)
    learning_rate: float = param(0.05, "learning rate of Adam, which falls to zero", above=0.0)


@dataclass(frozen=True, kw_only=True)
class Futures:
    """States of a layer and the tokens after them."""

    ahead: int = param(1, "number of tokens after the next one", low=1)
    codes: int = param(
        16, "number of codes that states are put into by k-means; 0 keeps vectors", low=0
    )
    limit: int = param(20_000, "most states, drawn at random", low=10)
