"""Agreement of clusters with categories: adjusted mutual information and its like."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from harness import Estimate, Floats, Ints, Partitions
from harness_tokens_to_thoughts.partitions import Scatter, at_categories
from harness_tokens_to_thoughts.settings import Agreement


def table(a: Ints, b: Ints) -> Floats:
    """How often each label of ``a`` meets each label of ``b``."""
    (a, na), (b, nb) = (
        (codes, int(codes.max()) + 1)
        for codes in (np.unique(side, return_inverse=True)[1] for side in (a, b))
    )
    return np.bincount(a * nb + b, minlength=na * nb).reshape(na, nb).astype(float)


def entropy(counts: Floats) -> float:
    """In nats, of counts."""
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def information(counts: Floats) -> float:
    """The mutual information in nats of a table of counts."""
    return entropy(counts.sum(0)) + entropy(counts.sum(1)) - entropy(counts)


def expected_information(a: Floats, b: Floats) -> float:
    """The mean mutual information in nats of two labellings with sizes ``a`` and ``b``.

    All orders of the labels are equally likely (N. X. Vinh et al., JMLR 11, 2837 (2010),
    equation 24): a sum over hypergeometric counts of every pair of different sizes.
    """
    n = int(a.sum())
    (ua, ca), (ub, cb) = (
        np.unique(side.astype(np.int64), return_counts=True) for side in (a[a > 0], b[b > 0])
    )
    fact = np.concatenate([[0.0], np.log(np.arange(1, n + 1)).cumsum()])
    i, j = ua[:, None, None], ub[None, :, None]
    m = np.arange(1, min(ua.max(), ub.max()) + 1)[None, None, :]
    fits = (m >= i + j - n) & (m <= np.minimum(i, j))
    rest = np.where(fits, n - i - j + m, 0)
    log_p = (
        fact[i] + fact[j] + fact[n - i] + fact[n - j] - fact[n] - fact[m]
        - fact[np.maximum(i - m, 0)] - fact[np.maximum(j - m, 0)] - fact[rest]
    )  # fmt: skip
    terms = np.where(fits, m / n * np.log(n * m / (i * j)) * np.exp(np.minimum(log_p, 0.0)), 0.0)
    return float(np.einsum("ijm,i,j->", terms, ca.astype(float), cb.astype(float)))


def _ratio(value: float, chance: float, best: float) -> float:
    """1 for the best, 0 for chance; where the two are one, nothing but the best is possible."""
    return (value - chance) / (best - chance) if abs(best - chance) > 1e-12 else 1.0


def ami(counts: Floats) -> float:
    """(MI - E[MI]) / (mean of the entropies - E[MI]): arithmetic mean, as in scikit-learn."""
    a, b = counts.sum(1), counts.sum(0)
    return _ratio(information(counts), expected_information(a, b), (entropy(a) + entropy(b)) / 2)


def nmi(counts: Floats) -> float:
    """MI / mean of the entropies."""
    return _ratio(information(counts), 0.0, (entropy(counts.sum(1)) + entropy(counts.sum(0))) / 2)


def ari(counts: Floats) -> float:
    """(pairs together in both - expected) / (mean of the pairs together in each - expected)."""
    pairs, a, b = (float((c * (c - 1)).sum() / 2) for c in (counts, counts.sum(1), counts.sum(0)))
    n = counts.sum()
    return _ratio(pairs, a * b / (n * (n - 1) / 2), (a + b) / 2)


def best_of(inertia: Floats, values: Floats, starts: int) -> tuple[float, float]:
    """The central 95 % of the value of the best of ``starts`` runs, drawn from those made.

    The best is the one of least inertia. Of R runs in that order, number r is the best of m drawn
    ones with probability C(R - 1 - r, m - 1) / C(R, m).
    """
    r = len(inertia)
    m = min(starts, r)
    p = np.array([math.comb(r - 1 - i, m - 1) for i in range(r)], float) / math.comb(r, m)
    p = p[np.argsort(np.argsort(inertia, kind="stable"), kind="stable")]
    order = np.argsort(values, kind="stable")
    reached = p[order].cumsum()
    low, high = (
        values[order[min(r - 1, int(np.searchsorted(reached, q)))]] for q in (0.025, 0.975)
    )
    return float(low), float(high)


class _Agrees(Agreement):
    """Agreement of the partition of least distortion with the categories.

    Runs that began at the categories are not counted; theirs is the diagnostic ``human_start``.
    ``low`` and ``high`` bound the value that the best of ``starts`` runs has in 95 % of draws, and
    ``p`` is the share of permuted labellings that agree as well, itself among them.
    """

    measure: ClassVar[str]

    def estimate(self, data: Partitions, *, rng: np.random.Generator) -> Estimate:
        """The agreement. Raises `Incompatible` where no partition has as many clusters."""
        agree = {"ami": ami, "nmi": nmi, "ari": ari}[self.measure]
        columns = at_categories(data, informed=False)
        scatter = Scatter(data.x)
        inertia = np.array([scatter.within(data.labels[:, c]) for c in columns])
        values = np.array([agree(table(data.y, data.labels[:, c])) for c in columns])
        chosen = int(inertia.argmin())
        low, high = best_of(inertia, values, self.starts)
        about: dict[str, float | int] = {"clusters": data.n_classes, "restarts": len(columns)}
        about |= {"low": low, "high": high}
        helped = [c for c in at_categories(data, informed=True) if data.informed[c]]
        if helped:
            about["human_start"] = agree(table(data.y, data.labels[:, helped[0]]))
        if self.permutations:
            about |= self._null(data.y, data.labels[:, columns[chosen]], rng)
        return Estimate(float(values[chosen]), None, None, about)

    def _null(self, y: Ints, labels: Ints, rng: np.random.Generator) -> dict[str, float]:
        """p and the 95 % quantile of permuted labellings.

        Sizes do not change, so the mutual information alone decides between labellings.
        """
        raw = information if self.measure != "ari" else ari
        found = raw(table(y, labels))
        null = np.array([raw(table(y, rng.permutation(labels))) for _ in range(self.permutations)])
        p = (1 + int((null >= found - 1e-12).sum())) / (1 + self.permutations)
        return {"p": p, "permutations": self.permutations}


class AMI(_Agrees):
    """Adjusted mutual information."""

    measure: ClassVar[str] = "ami"


class NMI(_Agrees):
    """Normalized mutual information."""

    measure: ClassVar[str] = "nmi"


class ARI(_Agrees):
    """Adjusted Rand index."""

    measure: ClassVar[str] = "ari"
