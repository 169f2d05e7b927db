"""Minimum set cover: the smallest set of structures that keeps the information of all, chosen greedily.

B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561. Start from the structure with the greatest entropy H_s; then take,
again and again, the structure with the greatest ``max_i dH(x_i | selected) + H_s``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Environments, Floats, Incompatible, Ints, Selection, threads_for
from harness_msc import cloud, greedy, kernel
from harness_msc.compiled import Compiled

SHARE = 20_000
"""Environments that a further thread is worth: a pick among fewer takes less than waking it."""


def structure_entropies(data: Environments, h: float) -> Floats:
    """H_s of each structure's environments alone ``(n,)``, in nats."""
    return _entropies(cloud.Frame.of(data.x, h).place(data.x), data.offsets)


def _entropies(rows: Floats, cuts: Ints) -> Floats:
    with threads_for(float((np.diff(cuts) ** 2).sum()), cloud.PAIRS):
        out: Floats = kernel.set_entropies(rows, cuts)
    return out


@dataclass(frozen=True)
class MinimumSetCover(Compiled):
    """Selection of structures by novelty and entropy, in the order of choice.

    Parameters
    ----------
    h : bandwidth, 1/Å for QUESTS descriptors.
    reference_ties : score as plain sums do, which underflow beyond d = 0.579 (h = 0.015): all structures that far are
        tied, and the first in the file wins. For comparison with the authors' code; the result depends on file order.
    conditional : select among the test part of the data's split, with the training part held already.
    """

    h: float = 0.015
    reference_ties: bool = False
    conditional: bool = False

    def estimate(self, data: Environments, *, rng: np.random.Generator | None = None) -> Selection:
        """Select up to the largest of ``data.sizes``, or rank all structures where none is asked for.

        Lazy greedy: the picks are those of evaluating every score anew (see `harness_msc.greedy`).
        """
        frame = cloud.Frame.of(data.x, self.h)
        if not self.conditional:
            picks, scores = self._greedy(frame, data, None)
            return Selection(picks, scores, diagnostics={"h": self.h})
        if data.split is None:
            raise Incompatible(
                "conditional selection needs a split: train is what is held, test the candidates"
            )
        held, candidates = data.part("train"), data.part("test")
        picks, scores = self._greedy(frame, candidates, held)
        return Selection(data.split.test[picks], scores, diagnostics={"h": self.h, "held": held.n})

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
