"""Estimators that train a critic T(x, y) on one part of the data and read a bound off another."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from harness import Estimate, PairedSamples, single_threaded, torch_generator
from harness_neural import objectives, settings
from harness_neural.evaluation import Value, held, infonce
from harness_neural.networks import Concat, Critic, Separable
from harness_neural.prepare import Pair, Parts, prepare
from harness_neural.training import Fit, fit

VALIDATED = 4096
"""Greatest number of samples that a validation uses: their mismatched pairs are many more."""

VALID_PARTNERS = 16
"""Mismatched partners of each of them, where the critic needs a call per pair."""


class _Neural(settings.Critic):
    """What all share: parts, networks, the loop, and the value on held-out pairs."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """Mutual information of x and y in nats, on held-out pairs; see `prepare.prepare` for the
        parts, and `evaluation` for why no standard error is stated.

        Raises
        ------
        Incompatible : too few samples, or scores that are not finite.
        DataError : a variable that is constant.
        UsageError : a device that is absent.
        """
        with single_threaded(self.device) as device:
            parts = prepare(data, self.batch, rng, device)
            draws = torch_generator(rng)
            critic = self._critic(*parts.widths, draws, device)
            done = self._fit(critic, parts, draws)
            found = self._value(critic, parts.test)
        notes = parts.notes | done.notes | {"validation": done.validation}
        notes |= self._notes(len(parts.test[0]))
        return found.estimate(notes)

    def _critic(self, dx: int, dy: int, draws: torch.Generator, device: torch.device) -> Critic:
        if self.critic == "concat":
            return Concat(dx, dy, self.hidden, draws, device)
        return Separable(dx, dy, self.hidden, self.width, draws, device)

    def _fit(self, critic: Critic, parts: Parts, draws: torch.Generator) -> Fit:
        x, y = parts.train
        objective = self._objective()

        def of_batch(positions: Tensor) -> Tensor:
            return objective(*self._scores(critic, x[positions], y[positions], self.negatives))

        def validate() -> float:
            return self._validation(critic, parts.valid)

        return fit(critic.parameters(), of_batch, validate, len(x), self, draws)

    def _scores(self, critic: Critic, x: Tensor, y: Tensor, partners: int) -> tuple[Tensor, Tensor]:
        """Scores of pairs, and of pairs mismatched by shifts: samples are in random order."""
        if isinstance(critic, Concat):
            scores = critic.shifted(x, y, range(min(partners, len(x) - 1) + 1))
            return scores[0], scores[1:]
        matrix = critic.matrix(x, y)
        return torch.diagonal(matrix), objectives.off_diagonal(matrix)

    def _objective(self) -> objectives.Objective:
        raise NotImplementedError

    def _judge(self) -> objectives.Objective:
        """Value on the validation part: the objective, unless that has no meaning as a number."""
        return self._objective()

    def _validation(self, critic: Critic, pair: Pair) -> float:
        x, y = (side[:VALIDATED] for side in pair)
        return float(self._judge()(*self._scores(critic, x, y, VALID_PARTNERS)))

    def _value(self, critic: Critic, pair: Pair) -> Value:
        raise NotImplementedError

    def _notes(self, n: int) -> dict[str, float]:
        return {}


class DV(_Neural):
    """The Donsker-Varadhan bound, trained on itself."""

    def _objective(self) -> objectives.Objective:
        return objectives.dv

    def _value(self, critic: Critic, pair: Pair) -> Value:
        return held(critic, pair).dv()


class MINE(DV, settings.RunningMean):
    """The Donsker-Varadhan bound with the gradient of Belghazi et al., ICML 2018."""

    def _objective(self) -> objectives.Objective:
        return objectives.Mine(self.rate)

    def _judge(self) -> objectives.Objective:
        return objectives.dv


class NWJ(_Neural):
    """The bound of Nguyen, Wainwright and Jordan (f-divergence of Kullback and Leibler)."""

    def _objective(self) -> objectives.Objective:
        return objectives.nwj

    def _value(self, critic: Critic, pair: Pair) -> Value:
        return held(critic, pair).nwj()


class SMILE(_Neural, settings.Clipped):
    """Trained on the Jensen-Shannon objective; the value is that of Donsker-Varadhan with clipped
    scores, which is not a bound.
    """

    def _objective(self) -> objectives.Objective:
        return objectives.js

    def _value(self, critic: Critic, pair: Pair) -> Value:
        return held(critic, pair, self.tau).dv()


class FDIME(_Neural, settings.Discriminator):
    """The mean of the logarithm of the density ratio that a discriminator learns (Letizia, Novello
    and Tonello, NeurIPS 2024); not a bound.

    The paper's discriminator D is T in other words: D = e^T (KL), 1 / (1 + e^T) (GAN) and e^(-T/2)
    (Hellinger), and its estimate, the mean of ln (f*)'(D) over pairs, is the mean of T for all
    three.
    """

    def _objective(self) -> objectives.Objective:
        return {"kl": objectives.kl, "gan": objectives.js, "hellinger": objectives.hellinger}[
            self.divergence
        ]

    def _fit(self, critic: Critic, parts: Parts, draws: torch.Generator) -> Fit:
        if self.sampling == "derangement":
            return super()._fit(critic, parts, draws)
        x, y = parts.train
        objective = self._objective()

        def of_batch(positions: Tensor) -> Tensor:
            orders = [
                positions[torch.randperm(len(positions), generator=draws)]
                for _ in range(self.negatives)
            ]
            apart = torch.stack([critic.own(x[positions], y[order]) for order in orders])
            return objective(critic.own(x[positions], y[positions]), apart)

        def validate() -> float:
            return self._validation(critic, parts.valid)

        return fit(critic.parameters(), of_batch, validate, len(x), self, draws)

    @torch.no_grad()
    def _value(self, critic: Critic, pair: Pair) -> Value:
        scores = critic.own(*pair).double().cpu()
        return Value.of(float(scores.mean()), scores)


class InfoNCE(_Neural, settings.Contrastive):
    """The contrastive bound of van den Oord et al.; never above ln(batch)."""

    def _fit(self, critic: Critic, parts: Parts, draws: torch.Generator) -> Fit:
        x, y = parts.train

        def of_batch(positions: Tensor) -> Tensor:
            return objectives.infonce(critic.matrix(x[positions], y[positions]))

        def validate() -> float:
            return infonce(critic, parts.valid, self.batch).value

        return fit(critic.parameters(), of_batch, validate, len(x), self, draws)

    def _value(self, critic: Critic, pair: Pair) -> Value:
        return infonce(critic, pair, self.batch)

    def _notes(self, n: int) -> dict[str, float]:
        return {"ceiling": math.log(min(self.batch, n))}
