"""How good a reward model is: right pairs, and the policy that it leads to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, Incompatible
from harness_rlhf_topology import settings
from harness_rlhf_topology.kinds import RewardPredictions


@dataclass(frozen=True)
class PairAccuracy:
    """Share of pairs that are ordered as their true rewards, or as their labels without these.

    A predicted tie counts one half; pairs of equal true reward are left out.
    """

    def estimate(self, data: RewardPredictions, *, rng: np.random.Generator) -> Estimate:
        """Local values are 1, 1/2 or 0; the mean -ln p of the labels is in the diagnostics.

        Raises `Incompatible` where all true rewards are equal.
        """
        wanted = 2.0 * data.y - 1.0 if data.true is None else np.sign(data.true)
        asked = wanted != 0
        if not asked.any():
            raise Incompatible("all pairs have equal true rewards; wanted some that differ")
        right = 0.5 + 0.5 * np.sign(data.mean[asked]) * wanted[asked]
        about: dict[str, float | int | str] = {
            "loss": -float(data.both[np.arange(data.n), data.y].mean()),
            "against": "labels" if data.true is None else "true rewards",
        }
        if data.true is not None:
            about["squared_error"] = float(((data.mean - data.true) ** 2).mean())
        if not asked.all():
            about["ties"] = int((~asked).sum())
            found = Estimate.from_local(right)
            return Estimate(found.value, found.stderr, diagnostics=about)
        return Estimate.from_local(right, about)


class AlignmentDivergence(settings.Decoding):
    """KL(p_H || p_LM) over the responses of each prompt, p proportional to exp(beta reward).

    The error of the autoencoder from the policy of people to that of the model (equations of
    section 3), in nats; to leading order it is beta^2 / 2 times the variance, under p_H, of the
    error of the reward, which is in the diagnostics.
    """

    def estimate(self, data: RewardPredictions, *, rng: np.random.Generator) -> Estimate:
        """The mean over prompts. Raises `Incompatible` where rewards of responses are not known."""
        if data.response_true is None or data.response_mean is None:
            raise Incompatible(
                "true and predicted rewards of responses are not both known; "
                "wanted a task with rewards, and a reward model that gives those of all responses"
            )
        groups = np.zeros(len(data.response_true), np.int64)
        if data.response_group is not None:
            groups = np.unique(data.response_group, return_inverse=True)[1].reshape(-1)
        found = [
            divergence(self.beta * data.response_true[rows], self.beta * data.response_mean[rows])
            for rows in np.split(
                np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1]
            )
        ]
        values, leading = np.array(found).T
        value = Estimate.from_local(values)
        about = {"leading_order": float(leading.mean()), "prompts": len(values)}
        return Estimate(value.value, value.stderr, diagnostics=about)


def divergence(true: Floats, other: Floats) -> tuple[float, float]:
    """KL between the softmax of two vectors (m,), and half the variance of their difference."""
    p = _log_softmax(true)
    q = _log_softmax(other)
    weight = np.exp(p)
    error = other - true
    error = error - weight @ error
    return max(float(weight @ (p - q)), 0.0), 0.5 * float(weight @ error**2)


def _log_softmax(x: Floats) -> Floats:
    x = x - x.max()
    found: Floats = x - np.log(np.exp(x).sum())
    return found
