"""Scales of people: our own fits, by maximum likelihood, to the choices that the authors published
(five people in each of 15 experiments, 405 trials each, pooled), rounded to three digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import Case, DifferenceScaling, Floats, Scale, near_triplets, stream
from harness_perception import settings
from harness_perception.observers import answers
from harness_perception.predictions import predicted_scales
from harness_perception.scoring import Scored, area

FITS = """
exp_sf      .116 0 .142 .276 .406 .517 .609 .699 .779 .847 .903 .942 .975 1
exp_sf_bdw  .158 0 .089 .177 .294 .412 .541 .683 .799 .897 .949 .991 1 1
exp_ori_bdw .236 0 .110 .217 .358 .476 .564 .686 .773 .849 .926 .985 1 1
pair_01     .247 0 .002 .099 .253 .382 .498 .608 .710 .774 .869 .935 .960 1
pair_02     .169 0 .207 .318 .427 .558 .667 .777 .858 .908 .957 1 1 1
pair_03     .293 0 .246 .365 .505 .586 .669 .772 .870 .915 .970 1 1 1
pair_04     .188 0 .117 .244 .388 .530 .652 .765 .861 .922 .978 1 1 1
pair_05     .201 0 .006 .105 .203 .308 .420 .528 .640 .747 .839 .931 .987 1
pair_06     .254 0 0 .041 .095 .185 .287 .377 .507 .634 .688 .841 .924 1
pair_07     .183 0 0 0 .024 .062 .128 .176 .241 .331 .428 .554 .735 1
pair_08     .159 0 .002 .047 .113 .179 .275 .401 .505 .622 .723 .826 .920 1
pair_09     .131 0 0 0 .004 .028 .082 .141 .231 .349 .489 .625 .784 1
pair_10     .190 0 0 0 .049 .124 .234 .333 .473 .587 .701 .797 .890 1
pair_11     .225 0 .107 .248 .393 .539 .662 .773 .866 .931 .961 1 1 1
pair_12     .361 0 .133 .261 .413 .534 .635 .702 .777 .852 .907 .963 .984 1
"""
STEPS = 13


def human_scales() -> dict[str, tuple[float, Floats]]:
    """By experiment: the noise and the scale ``(13,)``."""
    rows = [line.split() for line in FITS.strip().splitlines()]
    return {name: (float(noise), np.array(psi, float)) for name, noise, *psi in rows}


@dataclass(frozen=True)
class HumanScales(Scored):
    """One case for each experiment."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases; ``seed`` is not needed."""
        for name, (noise, psi) in human_scales().items():
            data = Scale(np.linspace(0.0, 1.0, STEPS), psi, noise=noise)
            yield Case(name, data, facts={"people": 5, "trials": 2025}, stamp="")


class HumanPairs(settings.Repeats, Scored):
    """Observers with the scales and the noises of people, whose choices are drawn anew.

    The choices that people made belong to the authors, and are read by `vacher` alone. Each case
    brings the scales that were predicted for its pictures: here of twelve pairs of textures.
    """

    experiments: ClassVar[str] = "pair_"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each experiment, which is independent of the others."""
        x = np.linspace(0.0, 1.0, STEPS)
        for name, (sigma, psi) in human_scales().items():
            if not name.startswith(self.experiments):
                continue
            truth = {"scale_noise": sigma, "scale_area": area(x, psi), "area_matching": 1.0}
            facts: dict[str, str | int | float] = {"experiment": name, "repeats": self.repeats}
            draw = self._draw(name, sigma, psi, seed)
            yield Case(name, draw, truth=truth, facts=facts, cluster=name, stamp="")

    def _draw(
        self, name: str, sigma: float, psi: Floats, seed: int
    ) -> Callable[[], DifferenceScaling]:
        def draw() -> DifferenceScaling:
            rng, triplets = stream(seed, "human-observers", name), near_triplets(STEPS)
            chosen, trials = answers(psi, sigma, triplets, self.repeats, rng)
            known = predicted_scales()[name]
            return DifferenceScaling(
                triplets, chosen, trials, STEPS, reference=psi,
                predicted=np.array(list(known.values())), predictions=tuple(known),
            )  # fmt: skip

        return draw


class HumanTextures(HumanPairs):
    """The same of three Gaussian textures, whose closed form is among the predictions."""

    experiments = "exp_"
