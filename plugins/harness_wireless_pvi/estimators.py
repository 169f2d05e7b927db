"""What held-out log-probabilities tell: V-entropies, V-information, and how good the labels are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Bools, Estimate, Floats, Incompatible, LabelLogProbabilities
from harness_wireless_pvi.predictors.held_out import FLOOR, LOG
from harness_wireless_pvi.settings import Bins, Bootstrap, Slices

NODES = 64
"""Nodes of Gauss and Hermite for the chance that a mean is the least."""
CHUNK = 2**22
"""Entries of the index table that the bootstrap draws at once."""


def given(data: LabelLogProbabilities) -> tuple[Floats, Floats]:
    """ln p(y|x) and ln p(y) of every unit's own class, both (n,)."""
    rows = np.arange(data.n)
    return data.log_full[rows, data.y], data.log_null[rows, data.y]


def correct(data: LabelLogProbabilities) -> Bools:
    """Whether the likeliest class is the unit's (n,); of equally likely ones the first counts."""
    return np.asarray(data.log_full.argmax(1) == data.y)


def notes(data: LabelLogProbabilities) -> dict[str, float | int | str | bool]:
    """What a reader needs to trust the number.

    ``null_excess`` is how far the cross-entropy of the null lies above the entropy of the labels
    that were scored: a badly trained null inflates V-information by that much.
    """
    full, null = given(data)
    shares = np.bincount(data.y, minlength=len(data.classes)) / data.n
    entropy = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
    seen = int((~data.held_out).sum())
    if seen:
        text = "%d of %d rows were fitted by the predictor: their usable information is optimistic"
        LOG.warning(text, seen, data.n)
    return {
        "n": data.n,
        "h_null": -float(null.mean()),
        "h_full": -float(full.mean()),
        "null_excess": -float(null.mean()) - entropy,
        "accuracy": float(correct(data).mean()),
        "floored": int((full <= FLOOR).sum()),
        "seen": seen,
    }


def standard_error(values: Floats) -> float | None:
    """Standard error of the mean; None for a single value."""
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None


def error_of_least(means: Floats, errors: Floats) -> float:
    """Standard error of the least of several independent means ``(k,)`` with their own ``(k,)``.

    Which of them is least is chance, too: each error counts with the probability that its mean is
    the least of normal variables about the means found. The error of the one found would be half
    too large among six equal means.
    """
    from scipy.special import ndtr

    spread = np.maximum(errors, 1e-12 * max(float(np.abs(means).max()), 1.0))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    chance = np.empty(len(means))
    for i in range(len(means)):
        above = ndtr((means - (means[i] + spread[i] * nodes)[:, None]) / spread)
        above[:, i] = 1.0
        chance[i] = weights @ above.prod(1)
    chance /= chance.sum()
    return float(np.sqrt(((chance * errors) ** 2).sum()))


@dataclass(frozen=True)
class PVI:
    """Pointwise V-information ln p(y|x) - ln p(y) and its mean.

    Source: Ethayarajh et al. 2022, definition 2.
    """

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """The mean in nats; ``local`` (n,) holds the value of each unit.

        A negative value says that the input misleads the predictor about this unit.
        """
        full, null = given(data)
        local = full - null
        negative = int((local < 0).sum())
        return Estimate.from_local(local, notes(data) | {"negative": negative})


class VInformation(Bootstrap):
    """I_V(X -> Y) = H_V(Y) - H_V(Y|X) with a bootstrap interval over the units.

    Source: Xu et al. 2020, definition 3.
    """

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """The difference in nats; ``low`` and ``high`` in the diagnostics bound the interval.

        The interval is over the units that were scored; it has no part that is due to the choice
        of the training set.
        """
        full, null = given(data)
        low, high = np.quantile(
            bootstrap(full - null, self.resamples, rng),
            [(1 - self.level) / 2, (1 + self.level) / 2],
        )
        bounds = {"low": float(low), "high": float(high), "level": self.level}
        return Estimate(
            full.mean() - null.mean(), standard_error(full - null), diagnostics=notes(data) | bounds
        )


def bootstrap(values: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means (resamples,) of ``values (n,)`` drawn with replacement, in chunks of bounded memory."""
    n, rows = len(values), max(1, CHUNK // len(values))
    parts = [
        values[rng.integers(n, size=(min(rows, resamples - start), n))].mean(1)
        for start in range(0, resamples, rows)
    ]
    return np.concatenate(parts)


@dataclass(frozen=True)
class VEntropy:
    """H_V(Y): the uncertainty about the class that the best constant of the family leaves.

    Source: Xu et al. 2020, definition 2.
    """

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Mean of -ln p(y) in nats; ``local`` (n,) holds the terms."""
        return Estimate.from_local(-given(data)[1], notes(data))


@dataclass(frozen=True)
class ConditionalVEntropy:
    """H_V(Y|X): the uncertainty about the class that the predictor leaves with the input."""

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Mean of -ln p(y|x) in nats; ``local`` (n,) holds the terms."""
        return Estimate.from_local(-given(data)[0], notes(data))


class SliceVInformation(Slices):
    """V-information of every slice, and the least of them."""

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """The least mean PVI of a slice in nats; the diagnostics hold that of each slice.

        Slices of fewer than ``least`` units are left out. The standard error counts that the least
        slice is found from the same units (`error_of_least`). Raises `Incompatible` where none is
        left, and where slices are groups and the data have none.
        """
        if self.by == "group" and data.groups is None:
            raise Incompatible("these data have no groups; wanted by=class")
        labels = data.groups if self.by == "group" else [data.classes[c] for c in data.y]
        names, member = np.unique(np.asarray(labels, object).astype(str), return_inverse=True)
        full, null = given(data)
        local = full - null
        means = {
            str(name): local[member == i]
            for i, name in enumerate(names)
            if (member == i).sum() >= self.least
        }
        if not means:
            raise Incompatible(f"no {self.by} has {self.least} units; wanted a smaller least")
        worst = min(means, key=lambda name: means[name].mean())
        found = {f"{self.by} {name}": float(values.mean()) for name, values in means.items()}
        one = min(map(len, means.values())) == 1
        errors = np.array([standard_error(values) or 0.0 for values in means.values()])
        return Estimate(
            means[worst].mean(),
            None if one else error_of_least(np.array([*found.values()]), errors),
            diagnostics={**found, "least": worst, "n": data.n},
        )


@dataclass(frozen=True)
class Accuracy:
    """Share of units whose likeliest class is right."""

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """The share; ``local`` (n,) is 1 where the class is right."""
        return Estimate.from_local(correct(data), notes(data))


class Calibration(Bins):
    """Expected calibration error over bins of equal width of the likeliest class's probability."""

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Mean gap, over units, between share of right classes and mean probability in a bin."""
        return Estimate(calibration_error(data, self.bins), diagnostics=notes(data))


def calibration_error(data: LabelLogProbabilities, bins: int) -> float:
    """The expected calibration error (Guo et al. 2017, equation 3)."""
    sure = np.exp(data.log_full.max(1))
    members = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gap = np.bincount(members, correct(data) - sure, minlength=bins)
    return float(np.abs(gap).sum() / data.n)


@dataclass(frozen=True)
class Mislabelled:
    """How well a low PVI tells wrong labels from right ones: area under the ROC curve."""

    def estimate(self, data: LabelLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """The share of (wrong, right) pairs in which the wrong label has the lower PVI.

        A tie counts half. The diagnostic ``precision`` is the share of wrong labels among the
        lowest values, as many as there are wrong labels. Raises `Incompatible` where it is not
        known which labels are wrong, and where all or none are.
        """
        if data.wrong is None or data.wrong.all() or not data.wrong.any():
            raise Incompatible(
                "these data do not say which labels are wrong, or all or none are; "
                "wanted some wrong labels and some right ones"
            )
        full, null = given(data)
        local = full - null
        wrong = int(data.wrong.sum())
        lowest = np.argsort(local, kind="stable")[:wrong]
        found = {"wrong": wrong, "precision": float(data.wrong[lowest].mean())}
        return Estimate(auroc(-local, data.wrong), diagnostics=notes(data) | found)


def auroc(score: Floats, positive: Bools) -> float:
    """Chance that a positive unit scores above a negative one, a tie being half (Mann-Whitney)."""
    from scipy.stats import rankdata

    n = int(positive.sum())
    ranks = rankdata(score)[positive].sum()
    return float((ranks - n * (n + 1) / 2.0) / (n * (len(score) - n)))
