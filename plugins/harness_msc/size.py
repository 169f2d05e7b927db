"""How many structures to keep: the share at which entropy times diversity is greatest.

Redundant structures raise D a little and lower H; missing ones lower D. The authors' code searches
the kept share for the greatest H D by Bayesian optimisation, with a selection anew for each trial.
Selections are nested here, so one pass gives the product at every size.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np

from harness import Environments, Estimate, Floats, Ints
from harness_msc import cloud, settings
from harness_msc.approximate import squares
from harness_msc.compiled import Compiled
from harness_msc.cover import MinimumSetCover


class BestSize(settings.Size, Compiled):
    """The share of structures whose selection by `msc` has the greatest H D.

    B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561, and the function of their code that
    chooses a size.
    """

    def estimate(self, data: Environments, *, rng: np.random.Generator | None = None) -> Estimate:
        """The share; the diagnostics hold its number of structures and of environments, its H and
        D in nats, and those of all structures.

        Sizes below ``least`` of the structures are not looked at; of equal products the smallest
        size wins. A split is not used.
        """
        whole = dataclasses.replace(data, split=None, sizes=())
        order = MinimumSetCover(h=self.h).estimate(whole).order
        chosen = whole.take(order)
        rows = cloud.Frame.of(chosen.x, self.h).place(chosen.x)
        entropies, diversities = of_prefixes(rows, chosen.offsets)
        first = max(1, math.ceil(self.least * data.n))
        product = (entropies * diversities)[first - 1 :]
        # Copies change no product but in its last digits.
        size = first + int((product >= product.max() * (1 - 1e-12)).argmax())
        facts: dict[str, float | int | str | bool] = {
            "structures": size,
            "environments": int(chosen.offsets[size]),
            "entropy": float(entropies[size - 1]),
            "diversity": float(diversities[size - 1]),
            "entropy_all": float(entropies[-1]),
            "diversity_all": float(diversities[-1]),
            "h": self.h,
        }
        return Estimate(size / data.n, diagnostics=facts)


def of_prefixes(rows: Floats, cuts: Ints) -> tuple[Floats, Floats]:
    """H and D of the first set, of the first two ..., in nats, both ``(s,)``.

    ``rows (n, d)`` are points in a `cloud.Frame`, set after set, cut by ``cuts (s+1,)``. Each new
    set adds its kernels to the sums of those before: all prefixes together take the time of one
    set of n points, O(n^2 d).
    """
    sums = np.zeros(len(rows))
    entropies, diversities = np.empty(len(cuts) - 1), np.empty(len(cuts) - 1)
    for s, (begin, end) in enumerate(itertools.pairwise(cuts)):
        block = np.exp(-squares(rows[begin:end], rows[:end]))
        block[np.arange(end - begin), np.arange(begin, end)] = 1.0
        sums[:begin] += block[:, :begin].sum(axis=0)
        sums[begin:end] = block.sum(axis=1)
        entropies[s] = max(0.0, -float(np.log(sums[:end] / end).mean()))
        diversities[s] = max(0.0, math.log(float((1.0 / sums[:end]).sum())))
    return entropies, diversities
