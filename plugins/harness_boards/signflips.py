"""Tests and intervals over clusters that need no more than symmetry: no variance has to exist.

Where two rows are equally good, the difference of a cluster is as likely to be ``-d`` as ``d``.
So the verdict between them compares the sum of the differences with its values under all patterns
of signs (Fisher's randomization test). The patterns of a few clusters are looked at one by one; of
more, a fixed random sample is. Where fewer than ten of these reach the sum, its tail is the
saddlepoint approximation (Robinson, J. R. Stat. Soc. B 44, 91 (1982)): a sample has a floor that
Holm's correction over hundreds of pairs would never pass.

The same symmetry gives an interval of a mean: the means of all non-empty subsets of clusters cut
the line into pieces that are equally likely to hold the centre (Hartigan's typical values, J. Am.
Stat. Assoc. 64, 1303 (1969)).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness_boards.statistics import FEWEST, LEVEL, Floats, ranked, ratio, special

EXACT = 12
"""Up to so many clusters every pattern of signs, and every subset, is looked at."""
EQUAL = 1e-9
"""Two losses whose relative difference is smaller are equal: a copy of a method ties with it."""
SAMPLE = 2**EXACT - 1
"""Random patterns and subsets that are looked at where there are more clusters."""
SEEN = 10
"""Patterns of a sample that must reach a sum before their share is its p value."""
STEPS = 60
CELLS = 2**24
"""Numbers held at once."""


def equalized(a: Floats, b: Floats) -> Floats:
    """``a - b``, exactly 0 where the two are equal up to rounding or both infinite."""
    with np.errstate(invalid="ignore"):
        difference = a - b
        close = np.isfinite(difference) & (
            np.abs(difference) <= EQUAL * np.maximum(np.abs(a), np.abs(b))
        )
    return np.where(close | ((a == b) & ~np.isnan(a)), 0.0, difference)


def signed_ranks(difference: Floats) -> Floats:
    """Signs times ranks of the absolute values ``(pairs, cases)``, zeros and NaN left out as 0.

    An infinite difference (one of the two failed) has the last rank. Summed over clusters this is
    the signed-rank statistic of Rosner, Glynn & Lee, Biometrics 62, 185 (2006).
    """
    there = np.isfinite(difference) | np.isinf(difference)
    size = np.where(there & (difference != 0.0), np.abs(difference), -1.0)
    left_out = (size < 0).sum(axis=-1, keepdims=True)
    ranks: Floats = np.where(size < 0, 0.0, ranked(size) - left_out)
    return np.asarray(np.sign(np.where(there, difference, 0.0)) * ranks, np.float64)


def p_values(sums: Floats) -> Floats:
    """Two-sided p values ``(pairs,)`` of sums of differences ``(pairs, clusters)``.

    A cluster without a difference adds 0, and takes no part. 1 where nothing differs.
    """
    found = np.ones(len(sums))
    scale = np.abs(sums).max(axis=1, initial=0.0)
    used = scale > 0
    unit = sums[used] / scale[used, None]
    counts = (unit != 0).sum(axis=1)
    part = np.ones(len(unit))
    for count in np.unique(counts):
        mine = counts == count
        # Zeros to the end, so that rows of one count make one array without them.
        first = np.argsort(unit[mine] == 0, axis=1, kind="stable")[:, :count]
        dense = np.take_along_axis(unit[mine], first, axis=1)
        part[mine] = _exact(dense) if count <= EXACT else _sampled(dense)
    found[used] = part
    return found


def _exact(d: Floats) -> Floats:
    """All patterns; the first sign is held, for the other half mirrors it."""
    signs = np.ones((2 ** (d.shape[1] - 1), d.shape[1]))
    signs[:, 1:] = _patterns(d.shape[1] - 1) * 2.0 - 1.0
    return _reaching(d, signs) / len(signs)


def _sampled(d: Floats) -> Floats:
    """A sample of the patterns, and the saddlepoint in the tail."""
    reaching = _reaching(d, subsets(d.shape[1]) * 2.0 - 1.0)
    found: Floats = np.asarray((1 + reaching) / (1 + SAMPLE), np.float64)
    rare = reaching < SEEN
    found[rare] = _saddlepoint(d[rare])
    return found


def _reaching(d: Floats, signs: Floats) -> Floats:
    """How many patterns reach the sum of each row ``(pairs,)``."""
    found = np.empty(len(d))
    step = max(1, CELLS // len(signs))
    for start in range(0, len(d), step):
        part = d[start : start + step]
        reach = np.abs(part.sum(axis=1)) * (1 - 1e-12) - 1e-12
        found[start : start + step] = (np.abs(part @ signs.T) >= reach[:, None]).sum(axis=1)
    return found


def _patterns(bits: int) -> Floats:
    """All ``(2**bits, bits)`` rows of zeros and ones."""
    return ((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1).astype(np.float64)


def _saddlepoint(d: Floats) -> Floats:
    """Lugannani and Rice's tail of a sum of ``±d``: ``K(s) = sum log cosh(s d)``."""
    total, most = np.abs(d.sum(axis=1)), np.abs(d).sum(axis=1)
    least = 0.5 ** (d.shape[1] - 1)
    low, high = np.zeros(len(d)), np.full(len(d), 1e4)
    for _ in range(STEPS):
        middle = (low + high) / 2
        above = (d * np.tanh(middle[:, None] * d)).sum(axis=1) > total
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    s = (low + high) / 2
    sd = s[:, None] * d
    size = np.abs(sd)
    k = (size + np.log1p(np.exp(-2 * size)) - np.log(2.0)).sum(axis=1)
    second = (d * d * (1 - np.tanh(sd) ** 2)).sum(axis=1)
    w = np.sqrt(np.maximum(2 * (s * total - k), 0.0))
    u = s * np.sqrt(second)
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.exp(-w * w / 2) / np.sqrt(2 * np.pi)
        tail = special().ndtr(-w) + density * (1 / u - 1 / w)
    # Near the centre both terms grow without bound and cancel; there the normal law will do.
    plain = special().ndtr(-total / np.sqrt((d * d).sum(axis=1)))
    p = 2 * np.where((w > 1e-3) & (u > 1e-9), tail, plain)
    return np.asarray(np.where(total >= most * (1 - 1e-12), least, np.clip(p, least, 1.0)))


@cache
def subsets(clusters: int) -> Floats:
    """Non-empty subsets ``(subsets, clusters)`` as zeros and ones: all of a few clusters, else
    `SAMPLE` random ones, always the same."""
    if clusters <= EXACT:
        return _patterns(clusters)[1:]
    drawn = np.random.default_rng(clusters).integers(0, 2, size=(SAMPLE, clusters))
    drawn[~drawn.any(axis=1), 0] = 1
    return drawn.astype(np.float64)


def intervals(totals: Floats, counts: Floats, chosen: Floats) -> Floats:
    """95 % intervals ``(rows, 2)`` of means over clusters.

    ``totals`` and ``counts`` ``(rows, clusters)`` are the sum and the number of what each cluster
    holds; ``chosen`` comes from `subsets`. NaN where fewer than six clusters hold something: no
    interval of them has 95 %.
    """
    means = np.sort(ratio(totals @ chosen.T, counts @ chosen.T), axis=1)  # NaN last
    known = np.isfinite(means).sum(axis=1)
    clusters = (counts > 0).sum(axis=1)
    found = np.full((len(totals), 2), np.nan)
    for i, (n, k) in enumerate(zip(clusters, known, strict=True)):
        # Of n clusters 2**n - 1 means make 2**n pieces; subsets that meet none of them are dropped.
        out = int((1 - LEVEL) / 2 * (k + 1))
        if n >= FEWEST and out >= 1:
            found[i] = means[i, out - 1], means[i, k - out]
    return found


def grouped(values: Floats, clusters: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Sums and numbers ``(rows, clusters)`` of what is there of ``values`` ``(rows, cases)``."""
    there = np.isfinite(values)
    member = (clusters[:, None] == np.arange(clusters.max(initial=-1) + 1)).astype(np.float64)
    return np.where(there, values, 0.0) @ member, there.astype(np.float64) @ member
