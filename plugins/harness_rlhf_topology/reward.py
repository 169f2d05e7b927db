"""Reward models that know the prior: the exact posterior, and Bradley-Terry labels by Laplace."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Bools, Floats, Incompatible, Ints, Kind, Preferences
from harness_rlhf_topology import settings
from harness_rlhf_topology.exact import MOST, Posterior, contrasts, rewards_of
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.kinds import LEAST, RewardPredictions


@dataclass(frozen=True)
class Bayes:
    """The posterior mean from the margins: exact for normal noise, else the best linear one."""

    def transform(
        self, data: Preferences, *, to: type[Kind], rng: np.random.Generator
    ) -> RewardPredictions:
        """Differences of the test pairs, and the rewards of all responses.

        Raises `Incompatible` where only signs are known, where nothing connects a test pair, and as
        `Posterior`.
        """
        if data.signs:
            raise Incompatible("only the signs of the margins are known; wanted bt-map")
        found = Posterior(data)
        variance = found.variance
        _connected(np.isfinite(variance))
        return predicted(data, found.forest, found.rewards(), variance)


class BradleyTerryMap(settings.Fit):
    """The mode of the posterior from labels alone, with the true prior, and its Laplace variance.

    Label probabilities are sigmoid(beta (r_a - r_b)) with beta = pi / sqrt(3 noise).
    """

    def transform(
        self, data: Preferences, *, to: type[Kind], rng: np.random.Generator
    ) -> RewardPredictions:
        """Differences of the test pairs, and the rewards of all responses.

        Raises `Incompatible` without noise, for comparisons across trees, for more than `MOST`
        comparisons, and where nothing connects a test pair.
        """
        train, test = data.part("train"), data.part("test")
        forest = Forest(data.parent, data.variance)
        root = forest.root
        if data.noise == 0:
            raise Incompatible("labels without noise have no Bradley-Terry scale; wanted noise > 0")
        if (root[train.pairs[:, 0]] != root[train.pairs[:, 1]]).any():
            raise Incompatible("comparisons across trees; wanted comparisons within the trees")
        if train.n > MOST:
            raise Incompatible(f"{train.n} comparisons; wanted at most {MOST}")
        own = forest.distance(test.pairs)
        _connected(np.isfinite(own))
        prior, cross = contrasts(forest, train.pairs, test.pairs)
        sign = np.where(train.y > 0, 1.0, -1.0)
        weight, told = laplace(prior, cross, sign, scale(data.noise), self.steps)
        variance = np.maximum(own - told, 0.0)
        rewards = rewards_of(forest, train.pairs, weight)
        return predicted(data, forest, rewards, variance)


def scale(noise: float) -> float:
    """beta: the inverse scale of the logistic distribution with the variance ``noise``."""
    return math.pi / math.sqrt(3 * noise)


def laplace(
    prior: Floats, cross: Floats, sign: Floats, beta: float, steps: int
) -> tuple[Floats, Floats]:
    """Mode of the posterior of differences under labels, and the variance that they explain.

    Newton's method with halved steps where the objective would fall (Rasmussen and Williams,
    Gaussian Processes for Machine Learning, algorithms 3.1 and 3.2).

    Parameters
    ----------
    prior (n, n), cross (n, t) : covariances of the compared differences, and with the others.
    sign (n,) : 1 where the first is preferred, -1 where the second.

    Returns weights (n,), so that the mode is ``prior @ weights``, and (t,) the variance explained.
    """
    from scipy.linalg import cholesky, solve_triangular
    from scipy.special import expit

    def objective(weight: Floats) -> float:
        margin = prior @ weight
        return float(-0.5 * weight @ margin - np.logaddexp(0.0, -beta * sign * margin).sum())

    weight = np.zeros(len(prior))
    value = objective(weight)
    for _ in range(steps):
        margin = prior @ weight
        wrong = expit(-beta * sign * margin)
        curvature = beta**2 * wrong * (1.0 - wrong)
        root = np.sqrt(curvature)
        factor = cholesky(_system(prior, root), lower=True, overwrite_a=True, check_finite=False)
        pull = curvature * margin + beta * sign * wrong
        half = solve_triangular(factor, root * (prior @ pull), lower=True)
        target = pull - root * solve_triangular(factor, half, lower=True, trans=1)
        step = 1.0
        while step > 1e-6 and objective(weight + step * (target - weight)) < value:
            step /= 2
        weight = weight + step * (target - weight)
        gained, value = objective(weight) - value, objective(weight)
        if gained < 1e-10 * max(1.0, abs(value)):
            break
    wrong = expit(-beta * sign * (prior @ weight))
    root = beta * np.sqrt(wrong * (1.0 - wrong))
    factor = cholesky(_system(prior, root), lower=True, overwrite_a=True, check_finite=False)
    told = solve_triangular(factor, root[:, None] * cross, lower=True, check_finite=False)
    return weight, (told**2).sum(0)


def _system(prior: Floats, root: Floats) -> Floats:
    """I + sqrt(W) K sqrt(W)."""
    found: Floats = root[:, None] * prior * root
    found.flat[:: len(found) + 1] += 1.0
    return found


def predicted(
    data: Preferences, forest: Forest, rewards: Floats, variance: Floats
) -> RewardPredictions:
    """Predictions for the test part from the reward of every node (v,)."""
    test = data.part("test")
    mean = rewards[test.pairs[:, 0]] - rewards[test.pairs[:, 1]]
    responses = _responses(data)
    true, known = None, data.reward
    if known is not None:
        true = known[test.pairs[:, 0]] - known[test.pairs[:, 1]]
    return RewardPredictions(
        (test.y > 0).astype(np.int64),
        mean,
        label_log_probability(mean, variance, data.noise, data.law),
        true,
        variance,
        response_mean=rewards[responses],
        response_true=None if known is None else known[responses],
        response_group=forest.root[responses],
    )


def _responses(data: Preferences) -> Ints:
    """The nodes without children, or those that are compared."""
    inner = np.zeros(len(data.parent), bool)
    inner[data.parent[data.parent >= 0]] = True
    return np.union1d(np.flatnonzero(~inner), data.pairs)


def label_log_probability(mean: Floats, variance: Floats, noise: float, law: str) -> Floats:
    """ln P(margin > 0) where the difference is normal, in nats.

    Exact for normal noise. For logistic noise the integral of a sigmoid is approximated by a
    sigmoid (D. MacKay, Neural Comput. 4, 720 (1992)), to about 0.01.
    """
    from scipy.special import log_ndtr

    if law == "normal" or noise == 0:
        spread = np.sqrt(variance + noise)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(spread > 0, mean / spread, np.sign(mean) * np.inf)
        exact: Floats = np.maximum(log_ndtr(np.nan_to_num(ratio, nan=0.0)), LEAST)
        return exact
    beta = scale(noise)
    found: Floats = -np.logaddexp(
        0.0, -beta * mean / np.sqrt(1.0 + math.pi * beta**2 * variance / 8.0)
    )
    return np.maximum(found, LEAST)


def _connected(finite: Bools) -> None:
    if not finite.all():
        raise Incompatible(
            f"{int((~finite).sum())} test pairs are connected by nothing, so their difference is "
            "not known at all; wanted test pairs within the trees"
        )
