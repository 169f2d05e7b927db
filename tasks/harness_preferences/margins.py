"""Differences of rewards and what an annotator says of them: known mutual information."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from harness import Case, Floats, PairedSamples, stream
from harness.quantities import MUTUAL_INFORMATION
from harness_preferences import settings

NODES = 400
"""Nodes of the quadrature."""


def label_information(spread: float, beta: float = 1.0) -> float:
    """I(d; label) in nats, d normal with standard deviation ``spread``, labels Bradley-Terry.

    ln 2 less the mean entropy of the label, by the trapezoidal rule over 10 standard deviations.
    """
    z = np.linspace(-10.0, 10.0, 40 * NODES + 1)
    weight = np.exp(-0.5 * z**2)
    margin = beta * spread * z
    p = 1.0 / (1.0 + np.exp(-np.clip(margin, -700, 700)))
    entropy: Floats = np.logaddexp(0.0, -margin) + (1.0 - p) * margin
    return math.log(2) - float((weight * entropy).sum() / weight.sum())


class KnownMargins(settings.Margins):
    """Independent comparisons: the margin with normal noise, and the label of Bradley and Terry."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Two cases for each ratio r: I = ln(1 + r) / 2 for margins; by quadrature for labels.

        The noise has the variance 1, so that labels have beta = pi / sqrt(3).
        """
        beta = math.pi / math.sqrt(3)
        for ratio in self.ratios:
            rng = stream(seed, "known-margins", repr(ratio))
            x = math.sqrt(ratio) * rng.normal(size=(self.n, 1))
            margin = PairedSamples(x, x + rng.normal(size=(self.n, 1)))
            yield self._case("margin", ratio, margin, 0.5 * math.log1p(ratio))
            label = (beta * x + rng.logistic(size=(self.n, 1)) > 0).astype(float)
            labelled = PairedSamples(x, label, y_kind="discrete")
            truth = label_information(math.sqrt(ratio), beta)
            yield self._case("label", ratio, labelled, truth)

    def _case(self, name: str, ratio: float, data: PairedSamples, truth: float) -> Case:
        return Case(
            f"{name}-{ratio:g}",
            data,
            truth={MUTUAL_INFORMATION.name: truth},
            facts={"annotation": name, "ratio": ratio},
            stamp="",
        )
