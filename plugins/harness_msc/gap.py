"""The information gap: how much entropy a dataset would still gain if it went on growing."""

from __future__ import annotations

import math

import numpy as np

from harness import Environments, Estimate, Floats, Incompatible, Samples
from harness_msc import cloud
from harness_msc.bandwidth import choose
from harness_msc.compiled import Compiled
from harness_msc.measures import entropy_of
from harness_msc.settings import Gap

LARGE = 1e12
"""The size that stands for a complete dataset."""


class InformationGap(Gap, Compiled):
    """``H(1e12) - H(n)`` in nats, from a fit of ``H(m) = a - b exp(-c (ln m)^2)``.

    H(m) is the mean over random subsets of m points, at sizes evenly spaced in ln m from 8 to n. A
    rule for the bandwidth is applied once, to all points. Schwalbe-Koda et al., Nat. Commun. 16,
    4014 (2025).
    """

    def estimate(self, data: Environments | Samples, *, rng: np.random.Generator) -> Estimate:
        """The gap, with a, b, c, the fit's root mean square error and H(n) as diagnostics.

        Raises `Incompatible` for fewer than 32 points, and where the entropies show no ceiling to
        fit.
        """
        x = data.x
        if len(x) < 32:
            raise Incompatible(
                f"the fit of H against n needs at least 32 points; there are {len(x)}"
            )
        h = choose(x, self.h, self.bandwidth)
        sizes = np.unique(np.geomspace(8, len(x), self.points).round().astype(np.int64))
        values = []
        for m in sizes:
            draws = 1 if m == len(x) else self.repeats
            subsets = [x[rng.permutation(len(x))[:m]] for _ in range(draws)]
            values.append(np.mean([entropy_of(cloud.self_sums(subset, h)) for subset in subsets]))
        final = float(values[-1])
        a, b, c, error = fit(sizes.astype(np.float64), np.array(values))
        ceiling = a - b * math.exp(-c * math.log(LARGE) ** 2)
        facts = {"a": a, "b": b, "c": c, "fit_rmse": error, "entropy": final, "h": h, "n": len(x)}
        return Estimate(ceiling - final, diagnostics=facts)


def fit(n: Floats, entropy: Floats) -> tuple[float, float, float, float]:
    """Least squares of ``a - b exp(-c (ln n)^2)``: a, b, c and the root mean square error, in nats.

    a and b follow linearly from c, which is searched for on a grid of three decades on either side
    of ``1/(ln n_max)^2`` that is then refined. Raises `Incompatible` where the best c lies at an
    end of the grid: the entropy grows without a sign of a ceiling, or does not depend on n.
    """
    u = np.log(n) ** 2

    def solve(c: float) -> tuple[float, float, float]:
        basis = np.stack([np.ones_like(u), -np.exp(-c * u)], axis=1)
        (a, b), *_ = np.linalg.lstsq(basis, entropy, rcond=None)
        return float(a), float(b), float(np.sqrt(np.mean((basis @ (a, b) - entropy) ** 2)))

    if np.ptp(entropy) < 1e-9:
        raise Incompatible(
            f"the entropy is {entropy[-1]:.6g} nats at every size; there is no growth to fit"
        )
    low, high = 1e-3 / u.max(), 1e3 / u.max()
    for turn in range(12):
        grid = np.geomspace(low, high, 61)
        best = int(np.argmin([solve(c)[2] for c in grid]))
        if turn == 0 and best in (0, len(grid) - 1):
            reason = "grows without a sign of a ceiling" if best == 0 else "does not grow smoothly"
            raise Incompatible(
                f"the fit of H = a - b exp(-c (ln n)^2) does not converge: the entropy {reason}"
            )
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    c = float(grid[best])
    a, b, error = solve(c)
    return a, b, c, error
