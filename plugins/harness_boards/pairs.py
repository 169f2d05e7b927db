"""Verdicts between rows: what each pair shares, who is ahead, how surely; and what follows for the
ranks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness_boards import signflips
from harness_boards import statistics as st

Floats = NDArray[np.float64]
CHUNK = 256
"""Pairs of rows at once: bounds the memory of a large board."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs of rows, with Holm's correction."""

    verdicts: tuple[st.Verdict, ...]
    rows: int

    @property
    def ahead(self) -> NDArray[np.int64]:
        """How many rows are ahead of each, however surely."""
        found = np.zeros(self.rows, np.int64)
        for v in self.verdicts:
            if v.sign:
                found[v.second if v.sign < 0 else v.first] += 1
        return found

    @property
    def separated(self) -> NDArray[np.bool_]:
        """``(rows, rows)``: whether the first is better than the second, at the 5 % level."""
        found = np.zeros((self.rows, self.rows), bool)
        for v in self.verdicts:
            if v.holm is not None and v.holm < 1 - st.LEVEL and v.sign:
                better, worse = (v.first, v.second) if v.sign < 0 else (v.second, v.first)
                found[better, worse] = True
        return found

    def ranks(self) -> list[tuple[int, int]]:
        """For each row the ranks that the verdicts leave open; all of them hold at once with 95 %
        (Mogstad et al., Rev. Econ. Stud. 91, 476 (2024))."""
        better = self.separated
        beaten, beats = better.sum(axis=0), better.sum(axis=1)
        return [(1 + int(a), self.rows - int(b)) for a, b in zip(beaten, beats, strict=True)]

    def reordered(self, order: list[int]) -> Pairs:
        """The same of rows in another order."""
        place = {old: new for new, old in enumerate(order)}
        found = []
        for v in self.verdicts:
            a, b = place[v.first], place[v.second]
            found.append(replace(v, first=a, second=b) if a < b else _turned(v, b, a))
        found.sort(key=lambda v: (v.first, v.second))
        return Pairs(tuple(found), self.rows)


def _turned(v: st.Verdict, first: int, second: int) -> st.Verdict:
    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    return replace(
        v,
        first=first,
        second=second,
        sign=-v.sign,
        difference=minus(v.difference),
        low=minus(v.high),
        high=minus(v.low),
    )


def compare(losses: Floats, clusters: NDArray[np.int64], *, ranked: bool) -> Pairs:
    """Compare all rows of ``losses (rows, cases)``; NaN where a row does not suit a case, infinite
    where it failed.

    The difference of a pair is summed over each cluster, and its sign flipped there. With
    ``ranked`` the differences are replaced by their signed ranks, which no scale and no divergence
    moves; then it has no interval.
    """
    first, second = np.triu_indices(len(losses), 1)
    chosen = signflips.subsets(int(clusters.max(initial=0)) + 1)
    found: list[st.Verdict] = []
    for start in range(0, len(first), CHUNK):
        a, b = first[start : start + CHUNK], second[start : start + CHUNK]
        difference = signflips.equalized(losses[a], losses[b])
        scores = signflips.signed_ranks(difference) if ranked else difference
        sums, counts = signflips.grouped(scores, clusters)
        total = sums.sum(axis=1)
        sign = np.where(np.abs(total) > 1e-12 * np.abs(sums).sum(axis=1), np.sign(total), 0)
        cases = (~np.isnan(difference)).sum(axis=1)
        p = signflips.p_values(sums)
        if ranked:
            middle = np.array([st.or_nan(st.median(d)) for d in difference])
            reach = np.full((len(a), 2), np.nan)
        else:
            middle = st.ratio(total, counts.sum(axis=1))
            reach = signflips.intervals(sums, counts, chosen)
        shared = signflips.grouped(np.where(np.isnan(difference), np.nan, 0.0), clusters)[1]
        for k, (i, j) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
            if not cases[k]:
                found.append(st.Verdict(i, j, 0))
                continue
            known = np.isfinite(reach[k]).all()
            found.append(
                st.Verdict(
                    i,
                    j,
                    int(cases[k]),
                    int((shared[k] > 0).sum()),
                    int(sign[k]),
                    float(middle[k]) if np.isfinite(middle[k]) else None,
                    float(reach[k, 0]) if known else None,
                    float(reach[k, 1]) if known else None,
                    float(p[k]),
                )
            )
    adjusted = st.holm(np.array([st.or_nan(v.p) for v in found]))
    verdicts = (
        replace(v, holm=None if v.p is None else float(h))
        for v, h in zip(found, adjusted, strict=True)
    )
    return Pairs(tuple(verdicts), len(losses))


def needed(rows: int) -> int:
    """How many clusters a section of that many rows needs before any pair can be separated."""
    tests = max(1, rows * (rows - 1) // 2)
    clusters = st.FEWEST
    while 0.5 ** (clusters - 1) * tests > 1 - st.LEVEL:
        clusters += 1
    return clusters
