"""V-information about a number, of linear predictors with Gaussian noise of a fixed variance."""

from __future__ import annotations

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, PairedSamples
from harness_wireless_pvi.estimators import standard_error
from harness_wireless_pvi.settings import Linear

MOST, ENOUGH = 0.5, 10
"""Share of the variance from which on one unit tells it alone, and from how many on that is rare
where a variance exists."""


class GaussianVInformation(Linear):
    """V = {N(W x + b, variance I)}: I_V is the fall of the mean square error / (2 variance).

    With the variance 1/2 it is Var(Y) R^2 in nats (Xu et al. 2020, proposition 1); it depends on
    the unit of y.
    """

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """Fitted on the training part and judged on the test part; cross-fitted without a split.

        No error is stated where one of ten units or more makes over half of its square: squares of
        heavy tails have no variance that a sample shows.

        Raises `Incompatible` where y is discrete, and where a fit would have fewer rows than
        unknowns.
        """
        if data.y_kind == "discrete":
            raise Incompatible(
                "y is discrete; wanted numbers (for classes there are predictors of classes)"
            )
        if data.split is not None:
            rounds = [(data.split.train, data.split.test)]
        else:
            order = np.array_split(rng.permutation(data.n), self.folds)
            rounds = [(np.setdiff1d(np.arange(data.n), part), part) for part in order if part.size]
        parts = [self._gain(data.x, data.y, train, test) for train, test in rounds]
        local = np.concatenate([gain for gain, _ in parts])
        null = np.concatenate([term for _, term in parts])
        h_null = float(null.mean() + 0.5 * data.y.shape[1] * np.log(2 * np.pi * self.variance))
        notes: dict[str, float | int | str] = {"n": len(local), "h_null": h_null}
        error = standard_error(local)
        if error and len(local) >= ENOUGH:
            squares = (local - local.mean()) ** 2
            if (share := float(squares.max() / squares.sum())) > MOST:
                error = None
                notes["stderr_from"] = f"nothing: one unit makes {share:.0%} of the variance"
        return Estimate(local.mean(), error, diagnostics=notes)

    def _gain(self, x: Floats, y: Floats, train: Ints, test: Ints) -> tuple[Floats, Floats]:
        """Pointwise values (m,) of the test rows, and scaled square errors of the null (m,)."""
        if len(train) < x.shape[1] + 2:
            raise Incompatible(
                f"{len(train)} training rows for {x.shape[1]} columns; "
                f"wanted at least {x.shape[1] + 2} rows"
            )
        middle, level = x[train].mean(0), y[train].mean(0)
        centred = x[train] - middle
        gram = centred.T @ centred
        gram[np.diag_indices_from(gram)] += self.ridge * max(
            np.trace(gram) / len(gram), np.finfo(float).tiny
        )
        weights = np.linalg.lstsq(gram, centred.T @ (y[train] - level), rcond=None)[0]
        null = ((y[test] - level) ** 2).sum(1) / (2 * self.variance)
        full = ((y[test] - level - (x[test] - middle) @ weights) ** 2).sum(1) / (2 * self.variance)
        return null - full, null
