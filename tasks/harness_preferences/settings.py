"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """What is compared, and how noisily."""

    noises: tuple[float, ...] = param(
        (1e-4, 0.1, 1.0), "variances of the noise of a comparison, one case for each", low=0.0
    )
    budgets: tuple[int, ...] = param(
        (128, 512), "numbers of comparisons that a data set may have, one case for each", low=1
    )
    law: Literal["logistic", "normal"] = param(
        "logistic", "distribution of the noise; logistic makes labels Bradley-Terry"
    )
    sources: int = param(24, "number of responses that test pairs begin with", low=1)
    partners: int = param(20, "number of test pairs that begin with the same response", low=1)


@dataclass(frozen=True, kw_only=True)
class PrefixTrees(Comparing):
    """Parameters of the task `prefix-trees`."""

    structures: tuple[Literal["polynomial", "logarithmic", "sub-logarithmic"], ...] = param(
        ("polynomial", "logarithmic", "sub-logarithmic"),
        "laws of the structural function, one case for each",
    )
    alphas: tuple[float, ...] = param(
        (0.5,), "exponents of the structural function, one case for each", above=0.0
    )
    height: int = param(12, "number of levels below the root", low=2, high=20)
    branching: int = param(2, "number of children of each prefix", low=2)


@dataclass(frozen=True, kw_only=True)
class ResistorGraphs:
    """Parameters of the task `resistor-graphs`."""

    noise: float = param(1.0, "variance of the noise of a comparison", above=0.0)


@dataclass(frozen=True, kw_only=True)
class PydocTrie(Comparing):
    """Parameters of the task `pydoc-trie`."""

    alpha: float = param(0.5, "exponent of the prior variances by depth", above=0.0)
    least: int = param(4, "smallest number of words of a sentence", low=1)
    most: int = param(3000, "largest number of sentences", low=4)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Rows of a file or of a data set on the hub."""

    dataset: str = param(
        "",
        "JSON or JSON lines file, or id on the hub: Anthropic/hh-rlhf, openai/gsm8k, "
        "knkarthick/dialogsum, or any with the columns of TRL",
    )
    config: str = param("", "configuration of the data set on the hub; empty for its own default")
    revision: str = param("main", "revision of the data set on the hub")
    limit: int = param(2000, "largest number of rows, drawn at random; 0 for all", low=0)


@dataclass(frozen=True, kw_only=True)
class PreferenceText(Dataset):
    """Parameters of the task `preference-text`."""

    test_share: float = param(
        0.2,
        "share of rows for testing, by prompts, where the data have no test part",
        above=0.0,
        high=0.9,
    )
    alpha: float = param(0.5, "exponent of the prior variances by depth", above=0.0)
    noise: float = param(
        3.289868133696453, "variance of the noise of a comparison; pi^2 / 3 for beta = 1", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Parameters of the task `known-margins`."""

    n: int = param(2000, "number of comparisons in each case", low=4)
    ratios: tuple[float, ...] = param(
        (0.1, 1.0, 10.0),
        "prior variance of a difference over that of the noise, one case for each",
        above=0.0,
    )
