"""Minimum set cover: few structures that keep the information of all, chosen greedily.

B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561. Start from the structure with the greatest
entropy H_s; then take, repeatedly, the structure with the greatest sum of ``max_i dH(x_i |
selected)`` and H_s.
"""

from __future__ import annotations

import dataclasses
import logging
import math

import numpy as np

from harness import Environments, Floats, Incompatible, Ints, Selection, threads_for
from harness_msc import cloud, greedy, kernel
from harness_msc.compiled import Compiled
from harness_msc.settings import Cover

LOG = logging.getLogger("harness.msc")

SHARE = 20_000
"""Environments that a further thread is worth: a pick among fewer takes less than waking it."""


def structure_entropies(data: Environments, h: float) -> Floats:
    """H_s of each structure's environments alone ``(n,)``, in nats."""
    return _entropies(cloud.Frame.of(data.x, h).place(data.x), data.offsets)


def _entropies(rows: Floats, cuts: Ints) -> Floats:
    with threads_for(float((np.diff(cuts) ** 2).sum()), cloud.PAIRS):
        out: Floats = kernel.set_entropies(rows, cuts)
    return out


class MinimumSetCover(Cover, Compiled):
    """Selection of structures by novelty and entropy, in the order of choice.

    With ``reference_ties``, scores are those of plain sums, which underflow beyond a distance of
    0.579 at h = 0.015: all structures that far tie, and the first in the file wins. It is for
    comparison with the authors' code, and makes the result depend on the order of the file.
    """

    def warm_up(self) -> None:
        """As what chooses among new structures, which calls all that is compiled, and warns not."""
        Compiled.warm_up(dataclasses.replace(self, conditional=True))

    def estimate(self, data: Environments, *, rng: np.random.Generator | None = None) -> Selection:
        """Select up to the largest of ``data.sizes``, or rank all structures without sizes.

        Lazy greedy: the picks are those of evaluating every score anew (see `harness_msc.greedy`).
        Raises `Incompatible` where a segment has fewer than two structures for each one that is
        asked for, and where ``conditional`` finds no split.
        """
        frame = cloud.Frame.of(data.x, self.h)
        if not self.conditional:
            if data.split is not None:
                LOG.warning(
                    "msc chooses among all structures, those of the reference (%d), too; "
                    "--set msc.conditional=true chooses among the new ones only",
                    len(data.split.train),
                )
            picks, scores = self._by_segments(frame, data, None)
            return Selection(picks, scores, diagnostics={"h": self.h})
        if data.split is None:
            raise Incompatible(
                "conditional=True selects from the test part; these data have no train/test split"
            )
        held, candidates = data.part("train"), data.part("test")
        picks, scores = self._by_segments(frame, candidates, held)
        return Selection(data.split.test[picks], scores, diagnostics={"h": self.h, "held": held.n})

    def _by_segments(
        self, frame: cloud.Frame, data: Environments, held: Environments | None
    ) -> tuple[Ints, Floats]:
        """The picks, from the picks of segments in the order of the data, and of theirs again."""
        count = min(max(data.sizes, default=data.n), data.n)
        left = np.arange(data.n)
        if 0 < self.segment < min(data.n, 2 * count):
            raise Incompatible(
                f"segment={self.segment} for a selection of {count}; wanted at least {2 * count}, "
                "or 0 for no segments"
            )
        while 0 < self.segment < len(left):
            parts = np.array_split(left, -(-len(left) // self.segment))
            left = np.concatenate(
                [np.sort(part[self._greedy(frame, data.take(part), held)[0]]) for part in parts]
            )
        # Untouched data are not copied: sums keep their bits.
        final = data if len(left) == data.n else data.take(left)
        picks, scores = self._greedy(frame, final, held)
        return left[picks], scores

    def _greedy(
        self, frame: cloud.Frame, data: Environments, held: Environments | None
    ) -> tuple[Ints, Floats]:
        rows = frame.place(data.x)
        gains = _entropies(rows, data.offsets)
        near, total = np.full(len(rows), np.inf), np.zeros(len(rows))
        first = int(gains.argmax())
        if held is not None:
            near, total = cloud.near_and_total(frame, data.x, held.x)
            first = -1
        lead, starts = rows[:, : kernel.LEAD], data.offsets[:-1]
        low, high = np.minimum.reduceat(lead, starts), np.maximum.reduceat(lead, starts)
        count = min(max(data.sizes, default=data.n), data.n)
        margin = cloud.ROUNDING + math.log(len(rows) + (0 if held is None else len(held.x)))
        with threads_for(len(rows), SHARE):
            picks, scores = greedy.cover(
                rows,
                data.offsets,
                low,
                high,
                gains,
                near,
                total,
                first,
                count,
                margin,
                self.reference_ties,
            )
        return picks, scores
