"""Data of this plugin alone: what reward models say of comparisons."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from harness import DataError, Floats, Ints, Kind, array, strings

LEAST = -700.0
"""Logarithms of probabilities are finite: what is impossible is given about 1e-304."""


class RewardPredictions(Kind):
    """What a reward model says of n comparisons that it was not trained on.

    Attributes
    ----------
    y (n,)            1 where the first response is preferred, 0 where the second
    mean (n,)         predicted difference of rewards, first less second
    log_p (n,)        log-probability that the first is preferred, in nats
    true (n,)         the difference of rewards, where it is known
    var (n,)          predicted variance of the difference, where the model has one
    groups (n)        a slice per comparison, where known
    response_mean (m,), response_true (m,)
                      predicted and true reward of responses, where known
    response_group (m,)
                      the prompt of each response; only differences within a prompt mean anything
    """

    whole: ClassVar[tuple[str, ...]] = ("m",)
    judged: ClassVar[tuple[str, ...]] = ("y", "true", "response_true")

    y: Ints = array("n", np.int64)
    mean: Floats = array("n")
    log_p: Floats = array("n")
    true: Floats | None = array("n", default=None)
    var: Floats | None = array("n", default=None)
    groups: tuple[str, ...] | None = strings("n", default=None)
    response_mean: Floats | None = array("m", default=None)
    response_true: Floats | None = array("m", default=None)
    response_group: Ints | None = array("m", np.int64, default=None)

    @property
    def both(self) -> Floats:
        """Log-probabilities (n, 2) that the second is preferred, and the first; finite."""
        with np.errstate(divide="ignore"):
            second = np.log(-np.expm1(self.log_p))
        found: Floats = np.maximum(np.column_stack([second, self.log_p]), LEAST)
        return found

    def check(self) -> None:
        """Refuse labels other than 0 and 1, log-probabilities above 0, negative variances."""
        for name, wrong, wanted in (
            ("y", (self.y != 0) & (self.y != 1), "1 for the first response, 0 for the second"),
            ("log_p", self.log_p > 0, "logarithms of probabilities, at most 0"),
            ("var", np.zeros(1, bool) if self.var is None else self.var < 0, "variances from 0 up"),
        ):
            if wrong.any():
                row = int(np.argmax(wrong))
                where = f"RewardPredictions.{name}"
                raise DataError(where, f"{getattr(self, name)[row]:g}", wanted, row)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Predictions that are right up to a normal error, of comparisons and of responses."""
        true = rng.normal(size=n)
        mean = true + 0.5 * rng.normal(size=n)
        y = (true + rng.logistic(size=n) > 0).astype(np.int64)
        log_p = -np.logaddexp(0.0, -mean)
        rewards = rng.normal(size=2 * n)
        found = rewards + 0.1 * rng.normal(size=2 * n)
        var = np.full(n, 0.25)
        return cls(y, mean, log_p, true, var, response_mean=found, response_true=rewards)
