"""Parameters: each is declared here once, and inherited by the task that has it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Clouds about prototypes."""

    categories: int = param(8, "number of categories", low=2)
    items: int = param(30, "mean number of items in a category", low=3)
    dim: int = param(64, "number of dimensions of the vectors", low=2)
    separation: tuple[float, ...] = param(
        (0.25, 0.5, 1.0),
        "standard deviations of the coordinates of prototypes, one case for each",
        above=0.0,
    )
    skew: tuple[float, ...] = param(
        (0.0, 1.0),
        "exponents of Zipf's law for the sizes of categories, one case for each",
        low=0.0,
    )
    spread: tuple[float, ...] = param(
        (0.3, 1.5), "least and greatest distance of an item per coordinate", low=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Everyday:
    """Data sets of scikit-learn."""

    only: tuple[str, ...] = param((), "names of data sets (digits, wine, iris); empty for all")
    per_category: int = param(100, "largest number of items of a category, drawn at random", low=2)


@dataclass(frozen=True, kw_only=True)
class Human:
    """Published ratings of words."""

    dataset: str = param(
        "CShani/human-concepts", "CSV file, or id of a data set on the Hugging Face hub"
    )
    revision: str = param("main", "branch, tag or commit of the data set on the hub")
    studies: tuple[str, ...] = param(
        (), "names of studies (Rosch1973, Rosch1975, McCloskey1978), a case for each; empty for all"
    )
    repeats: Literal["keep", "drop"] = param(
        "keep", "treatment of words that stand in more than one category of a study"
    )
    published: bool = param(
        True, "whether the data have to be the published ones: 48, 565 and 492 rows"
    )
