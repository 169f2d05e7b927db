"""Inference distances of a data set of preferences, and the information in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, Preferences
from harness_rlhf_topology.exact import Posterior
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.shortest import path_distances


@dataclass(frozen=True)
class InferenceDistance:
    """Mean posterior variance of the difference of rewards over the test pairs: all paths count.

    Exact for normal increments and noise; for other laws with these variances, it is the error of
    the best linear prediction.
    """

    def estimate(self, data: Preferences, *, rng: np.random.Generator) -> Estimate:
        """Local values are those of the test pairs. Raises as `Posterior`."""
        found = Posterior(data)
        return mean(found.variance, found.test, {"prior": _mean(found.prior), "n": len(found.y)})


@dataclass(frozen=True)
class PathDistance:
    """Mean length of the cheapest single path between the nodes of the test pairs.

    An upper bound of the inference distance, and what the proofs of the paper work with.
    """

    def estimate(self, data: Preferences, *, rng: np.random.Generator) -> Estimate:
        """Local values are those of the test pairs. Raises `Incompatible` without a split."""
        train, test = data.part("train"), data.part("test")
        forest = Forest(data.parent, data.variance)
        found = path_distances(forest, train.pairs, data.noise, test.pairs)
        return mean(found, test.pairs, {"prior": _mean(forest.distance(test.pairs)), "n": train.n})


@dataclass(frozen=True)
class InformationGain:
    """Information of the annotated margins about the rewards, (1/2) ln det(I + A K A^T / v).

    Of margins with normal noise; labels alone tell less.
    """

    def estimate(self, data: Preferences, *, rng: np.random.Generator) -> Estimate:
        """The information of the training part, in nats. Raises as `Posterior` and its ``gain``."""
        found = Posterior(data)
        gain = found.gain()
        about: dict[str, float | str] = {"per_comparison": gain / len(found.y)}
        if np.isinf(gain):
            about = {"note": "comparisons without noise tell infinitely much"}
        return Estimate(gain, diagnostics=about)


@dataclass(frozen=True)
class PairInformation:
    """Information of the annotated margins about each test difference, (1/2) ln(prior / left)."""

    def estimate(self, data: Preferences, *, rng: np.random.Generator) -> Estimate:
        """Local values are those of the test pairs, in nats.

        Raises `Incompatible` where a test difference has no finite prior variance, and as
        `Posterior`.
        """
        found = Posterior(data)
        if np.isinf(found.prior).any() or found.crossing:
            raise Incompatible(
                "pairs of different trees, whose prior variance is infinite; "
                "wanted comparisons within the trees"
            )
        with np.errstate(divide="ignore"):
            local = 0.5 * np.log(found.prior / found.variance)
        return mean(local, found.test, {}, "a test pair that is known without error")


@dataclass(frozen=True)
class AnnotationLength:
    """Mean number of words that an annotator reads for a comparison, after the common beginning.

    Table 4 of the paper, in words of texts between spaces instead of tokens.
    """

    def estimate(self, data: Preferences, *, rng: np.random.Generator) -> Estimate:
        """Over the training part, or all without a split; ``full`` counts the beginning twice.

        Prompts, which are roots, are not counted. Raises `Incompatible` without texts.
        """
        if data.texts is None:
            raise Incompatible("the responses have no texts; wanted a task with texts")
        compared = (data if data.split is None else data.part("train")).pairs
        words = np.array([len(text.split()) for text in data.texts], float)
        words[data.parent < 0] = 0.0
        forest = Forest(data.parent, words)
        full = forest.above[compared].sum(1)
        apart = forest.distance(compared)
        local = np.where(np.isinf(apart), full, apart)
        return Estimate.from_local(local, {"full": float(full.mean())})


def _mean(values: Floats) -> float | str:
    """A mean for diagnostics, which hold no infinity."""
    return float(values.mean()) if np.isfinite(values).all() else "infinite"


def mean(
    local: Floats,
    pairs: Ints,
    about: dict[str, float | int | str],
    why: str = "pairs that nothing connects",
) -> Estimate:
    """The mean of local values; an infinite one says why, and how many are infinite.

    Pairs (t, 2) with the same first node depend on each other: the standard error is that of sums
    over first nodes.
    """
    if wild := int(np.isinf(local).sum()):
        return Estimate(float(local.mean()), None, local, about | {"note": why, "infinite": wild})
    value = float(local.mean())
    group = np.unique(pairs[:, 0], return_inverse=True)[1].reshape(-1)
    sums, groups = np.bincount(group, local - value), int(group.max()) + 1
    error = None
    if groups > 1:
        error = float(np.sqrt(groups / (groups - 1) * (sums @ sums)) / len(local))
    return Estimate(value, error, local, about)
