"""Contrastive predictive coding: A. van den Oord, Y. Li, O. Vinyals, arXiv:1807.03748 (2018).

Of N candidates s_j the one that belongs to the context c is found by the score c' W s. With L the
mean of -ln of the share of the right one, I(c; s) >= ln N - L. The score is linear in W, so that L
is convex and training has one optimum; c and s are powers of coordinates, or indicators of codes.
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, PairedSamples, Split
from harness_token_semantics.settings import Contrast

MOST_CODES = 128


class PredictiveCoding(Contrast):
    """The bound for the context x and the future y, fitted on one part and measured on another."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """ln N - L in nats, at most ln N, on the test part of a split or on a random half.

        No standard error is stated: that given the weights, ``error_given_training`` in the
        diagnostics, knows nothing of other training parts. Raises `Incompatible` for fewer
        pairs than two groups of candidates.
        """
        split = data.split
        if split is None:
            order = rng.permutation(data.n)
            split = Split(order[: data.n // 2], order[data.n // 2 :])
        groups = [len(part) // self.candidates for part in (split.train, split.test)]
        if min(groups) < 1:
            raise Incompatible(
                f"{len(split.train)} pairs to train on and {len(split.test)} to test; wants at "
                f"least {self.candidates} of each (set candidates)"
            )
        scaling = [
            _features(getattr(data, side), getattr(data, f"{side}_kind"), split.train, self.degree)
            for side in "xy"
        ]
        parts = []
        for part, count in zip((split.train, split.test), groups, strict=True):
            rows = part[rng.permutation(len(part))[: count * self.candidates]]
            parts.append([f[rows].reshape(count, self.candidates, -1) for f in scaling])
        weights = self._fit(parts[0][0], parts[0][1])
        right = _log_shares(parts[1][0], parts[1][1], weights)
        found = math.log(self.candidates) + right
        notes = {"ceiling": math.log(self.candidates), "tested": int(found.size)}
        if len(found) > 1:
            error = found.mean(1).std(ddof=1) / math.sqrt(len(found))
            notes["error_given_training"] = float(error)
        return Estimate(found.mean(), diagnostics=notes)

    def _fit(self, context: Floats, future: Floats) -> Floats:
        """The weights with the least loss on groups ``(g, N, features)`` of pairs."""
        from scipy.optimize import minimize

        shape = context.shape[2], future.shape[2]
        count = context.shape[0] * context.shape[1]

        def loss(flat: Floats) -> tuple[float, Floats]:
            weights = flat.reshape(shape)
            scores = context @ weights @ future.transpose(0, 2, 1)
            log_share = scores - np.logaddexp.reduce(scores, axis=2, keepdims=True)
            right = np.trace(log_share, axis1=1, axis2=2).sum()
            error = np.exp(log_share) - np.eye(context.shape[1])
            slope = np.einsum("gic,gij,gjs->cs", context, error, future, optimize=True)
            return (
                float(-right / count + self.penalty * (flat**2).sum() / 2),
                (slope / count).ravel() + self.penalty * flat,
            )

        start = np.zeros(shape[0] * shape[1])
        options = {"maxiter": self.iterations}
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
        return np.asarray(found.x).reshape(shape)


def _log_shares(context: Floats, future: Floats, weights: Floats) -> Floats:
    """ln of the share of the right candidate ``(g, N)``."""
    scores = context @ weights @ future.transpose(0, 2, 1)
    log_share = scores - np.logaddexp.reduce(scores, axis=2, keepdims=True)
    return np.asarray(np.diagonal(log_share, axis1=1, axis2=2))


def _features(values: Floats, kind: str, train: Ints, degree: int) -> Floats:
    """One, and indicators of codes or powers of z-scores ``(n, features)``. Scaled on the training
    part. Raises `Incompatible` for too many codes.
    """
    ones = np.ones((len(values), 1))
    if kind == "discrete":
        codes, ranks = np.unique(values, axis=0, return_inverse=True)
        if len(codes) > MOST_CODES:
            raise Incompatible(f"{len(codes)} different codes; wants at most {MOST_CODES}")
        return np.hstack([ones, np.eye(len(codes))[ranks.ravel()]])
    scale = values[train].std(0)
    scaled = (values - values[train].mean(0)) / np.where(scale > 0, scale, 1.0)
    return np.hstack([ones, *(scaled**power for power in range(1, degree + 1))])
