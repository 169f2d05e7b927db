"""Directed rate-distortion: what a causal channel needs for a source with memory, in nats per step.

inf (1/n) I(X^n -> Y^n) over kernels Q(y_t | y^(t-1), x_t) with mean distortion D; S. Tatikonda, PhD
thesis, MIT (2000). Alternates, as Blahut does: given the laws nu(y_t | y^(t-1)) of outputs, the
best kernels by dynamic programming backwards; given kernels, the laws of their outputs forwards.
"""

from __future__ import annotations

import numpy as np

from harness import Curve, Floats, Incompatible, RateProblem
from harness_token_semantics.rates import as_curve
from harness_token_semantics.settings import Horizon

MOST_CELLS = 1 << 22
"""Histories of outputs times letters of the last step."""


def totals(
    p: Floats,
    law: Floats,
    d: Floats,
    slope: float,
    horizon: int,
    tolerance: float,
    sweeps: int,
    history: int | None = None,
) -> tuple[float, float, float, int]:
    """Least rate and its distortion, summed over ``horizon`` steps, with the last change of any law
    of outputs, and the number of sweeps.

    Laws of outputs given the last ``history`` of them alone are worse or as good, so that the rate
    is then an upper bound; the best kernels remember as much.
    """
    b = d.shape[1]
    kept = horizon if history is None else history
    nu = [np.full((b ** min(t, kept), b), 1 / b) for t in range(horizon)]
    weight = np.exp(-slope * d)
    change, done = np.inf, 0
    while done < sweeps and change >= tolerance:
        done += 1
        kernels = _backward(nu, weight, law)
        following, rate, distortion = _forward(kernels, p, law, d)
        change = max(float(np.abs(a - b).max()) for a, b in zip(following, nu, strict=True))
        nu = following
    return rate, distortion, change, done


def _backward(nu: list[Floats], weight: Floats, law: Floats) -> list[Floats]:
    """Kernels ``(histories, x, y)`` of each step: Q proportional to nu exp(-cost so on)."""
    b = weight.shape[1]
    kernels: list[Floats] = []
    later = np.zeros((1, len(law)))  # -ln of what is to come, by history and letter
    for outputs in reversed(nu):
        forgotten = outputs.size // len(later)  # what differs in outputs that are not remembered
        expected = np.tile(later @ law.T, (forgotten, 1)).reshape(len(outputs), b, -1)
        joint = outputs[:, None, :] * weight * np.exp(-expected.transpose(0, 2, 1))
        z = joint.sum(2)
        kernels.append(joint / z[:, :, None])
        later = -np.log(z)
    return kernels[::-1]


def _forward(
    kernels: list[Floats], p: Floats, law: Floats, d: Floats
) -> tuple[list[Floats], float, float]:
    """The laws of outputs that the kernels give, the directed information, and the distortion."""
    state = p[None]
    rate = distortion = 0.0
    nu = []
    for kernel in kernels:
        state = state.reshape(-1, len(kernel), len(law)).sum(0)
        joint = state[:, :, None] * kernel
        outputs = joint.sum(1)
        total = outputs.sum(1, keepdims=True)
        seen = np.where(total > 0, outputs / np.where(total > 0, total, 1.0), 1 / d.shape[1])
        ratio = np.where(joint > 0, kernel, 1.0) / np.where(joint > 0, seen[:, None], 1.0)
        rate += float((joint * np.log(ratio)).sum())
        distortion += float((joint * d).sum())
        nu.append(seen)
        state = (joint.transpose(0, 2, 1) @ law).reshape(-1, len(law))
    return nu, rate, distortion


class DirectedRateDistortion(Horizon):
    """The directed curve, from the increments of two steps: what the first steps cost more, because
    they have no past, cancels.
    """

    def estimate(self, data: RateProblem, *, rng: np.random.Generator | None = None) -> Curve:
        """A point per slope: distortion, and rate in nats per step.

        ``change`` in the diagnostics is the last change of any law of outputs.

        Raises `Incompatible` for more histories than can be held.
        """
        a, b = data.d.shape
        steps = self.horizon if self.history is None else min(self.horizon, self.history + 1)
        cells = a * b**steps
        if cells > MOST_CELLS:
            raise Incompatible(
                f"{b} outputs over {steps} steps with {a} letters are {cells:.3g} cells; "
                f"wants at most {MOST_CELLS} (a smaller horizon or history)"
            )
        law = np.tile(data.p, (a, 1)) if data.law is None else data.law
        lowest = data.d.min()  # a constant that all channels pay; without it no weight overflows
        rates, distortions, changes, sweeps = [], [], [], 0
        for slope in np.unique(data.slopes):
            (r2, d2, change, more), (r1, d1, _, _) = (
                totals(
                    data.p,
                    law,
                    data.d - lowest,
                    float(slope),
                    horizon,
                    self.tolerance,
                    self.sweeps,
                    self.history,
                )
                for horizon in (self.horizon, self.horizon - 2)
            )
            rates.append((r2 - r1) / 2)
            distortions.append((d2 - d1) / 2 + lowest)
            changes.append(change)
            sweeps += more
        names = ("distortion", "rate, nats")
        return as_curve(distortions, rates, names, {"change": max(changes), "sweeps": sweeps})
